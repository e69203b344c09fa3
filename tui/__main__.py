"""`backtop`, or `python -m tui`."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from tui.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
