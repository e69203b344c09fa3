"""`backtop`, or `python -m tui`."""

import signal
import sys

from tui import garbage

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code; an interrupt ends it without a word, also before it is ready."""
    heard = signal.signal(signal.SIGINT, signal.SIG_DFL)
    garbage.hold()
    from tui.cli import run

    signal.signal(signal.SIGINT, heard)
    try:
        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
