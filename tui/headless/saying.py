"""What headless commands say, to whoever may have stopped listening."""

import os
import sys
from typing import TextIO


def say(text: str) -> None:
    """Write a line to the output."""
    _write(text, sys.stdout)


def complain(text: str) -> None:
    """Write a line beside the output."""
    _write(text, sys.stderr)


def _write(text: str, stream: TextIO | None) -> None:
    """What was never opened, a pipe that was closed or a terminal that is gone costs the words, never the work.

    What the stream's encoding cannot say is spelt out.
    """
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(f"{text.encode(encoding, 'backslashreplace').decode(encoding)}\n")
        stream.flush()
    except OSError:
        _silence(stream)


def say_json(value: object) -> None:
    """Write a value as one line of JSON."""
    import msgspec

    say(msgspec.json.encode(value).decode())


def on_a_terminal() -> bool:
    """Whether somebody sits before it, to type and to read; a dashboard is drawn beside the output."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _silence(stream: TextIO) -> None:
    """From now on what is written there goes nowhere, also what is still held back for the end of the program."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
