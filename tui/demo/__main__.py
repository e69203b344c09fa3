"""The embedded platform by itself: `python -m tui.demo [SCENARIO] [--seed N] [--dir DIR] …`.

It prints one line of JSON when everything is up and runs until TERM, INT or HUP, or, tethered, until its standard input
ends; then nothing of it is left. Exit codes: 0 ended as asked, 1 it could not start, 2 wrong usage.
"""

import signal
import sys

INTERRUPTED = 130


def main() -> None:
    """Run, and exit with its code; an interrupt before it can be heard ends it without a word."""
    heard = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tui.demo.program import main as run

    signal.signal(signal.SIGINT, heard)
    try:
        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
