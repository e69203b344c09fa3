"""What headless commands say, to whoever may have stopped listening."""

import os
import sys
from typing import TextIO

import msgspec


def say(text: str, to: TextIO | None = None) -> None:
    """Write a line. A pipe that was closed or a terminal that is gone costs the words, never the work."""
    stream = sys.stdout if to is None else to
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:
        _silence(stream)


def say_json(value: object) -> None:
    """Write a value as one line of JSON."""
    say(msgspec.json.encode(value).decode())


def _silence(stream: TextIO) -> None:
    """From now on what is written there goes nowhere, also what is still held back for the end of the program."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
