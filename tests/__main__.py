"""Everything that a change has to pass: `python -m tests [ARGUMENTS OF PYTEST …]`.

The first check that fails ends the run with its exit code. The tests come last, so their summary ends the output.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1]
BESIDE = Path(sys.executable).parent
"""Where the programs of this environment lie."""
CHECKS = (
    (sys.executable, "-m", "ruff", "check", "."),
    (sys.executable, "-m", "ruff", "format", "--check", "."),
    (sys.executable, "-m", "mypy"),
    (str(BESIDE / "lint-imports"),),
)
TESTS = (sys.executable, "-m", "pytest", "-n", "4", "--dist", "loadfile")
"""A file goes to one worker whole, so what it has started once serves all its tests.

Four workers also on two processors: much of the time they wait for a platform.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the checks, then the tests; returns the first exit code that is not 0."""
    for command in (*CHECKS, (*TESTS, *arguments)):
        sys.stdout.write(f"$ {' '.join(map(os.path.basename, command[:1]))} {' '.join(command[1:])}\n")
        sys.stdout.flush()
        code = subprocess.run(command, cwd=HOUSE, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
