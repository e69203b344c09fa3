"""`backtop`, or `python -m tui`."""

import sys

from tui import garbage


def main() -> None:
    """Run the command line and exit with its code."""
    garbage.hold()
    from tui.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
