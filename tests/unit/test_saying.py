"""Words that nobody hears cost nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from tui.headless.saying import complain, on_a_terminal, say, say_json
say("données …")
complain("gêne")
say_json({"a": 1})
assert not on_a_terminal()
sys.exit(7)
"""


@pytest.mark.parametrize("closed", ["", "<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "| head -c 1"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_whatever_is_closed_the_exit_code_stays(closed: str, encoding: str) -> None:
    line = f'set -o pipefail; "{sys.executable}" -c "$1" {closed}'
    done = subprocess.run(
        ["bash", "-c", line, "bash", PROGRAM], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        env={"PYTHONIOENCODING": encoding, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert b"Traceback" not in done.stderr


def test_what_the_encoding_cannot_say_is_spelt_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        env={"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.stdout == b'donn\\xe9es \\u2026\n{"a":1}\n'
    assert done.stderr == b"g\\xeane\n"
