"""A person with the runbook and a shell: its own lines are typed, with the places of one platform in them."""

import os
import subprocess
from dataclasses import dataclass
from typing import Any

from tests.demo.platform_rig import Site

OOM = "dmesg | tail -20 | grep -E '(killed|memory|oom)'"
ERRORS = "journalctl -u adaf-backtest-engine --since='1 hour ago' | grep -E '(ERROR|FATAL|killed)'"
MEMORY = """free | awk '/^Mem:/{printf("%.0f", $3/$2*100)}'"""
DISK = """df "$FILES/" | awk 'NR==2 {print $5}' | sed 's/%//'"""
CHANGES = "git -C \"$REPOSITORY\" log --since='24 hours ago' --oneline config/ ops/ infrastructure/"
STRATEGIES = 'git -C "$REPOSITORY" log --oneline -10 src/strategies/ research/strategies/'
TERMINATE = 'pkill -f "backtest.*python" -TERM'
OLD_SCRATCH = 'find "$SCRATCH" -name "backtest_*" -mtime +1 -delete'
OLD_TEMP = 'find "$FILES/temp/" -name "*.tmp" -mmin +60 -delete'
OLD_COMPLETED = 'find "$FILES/completed/" -name "*.pkl" -mtime +30 -delete'
OLD_RESULTS = 'find "$FILES/results/" -name "*" -mtime +30 -delete'
RECOVERY = (
    "sudo systemctl stop adaf-backtest-engine",
    'pkill -f "adaf.*backtest" -KILL || true',
    'rm -rf "$SCRATCH"/backtest_* "$RUN/engine.pid"',
    "sudo systemctl start adaf-backtest-engine",
)
SMALLER = {"reduce_timeframe": True, "limit_symbols": 10, "use_sample_data": False}
"""What the runbook's retry asks for."""


@dataclass(frozen=True)
class Hand:
    """Types at one platform."""

    site: Site

    def sh(self, line: str, code: int = 0) -> str:
        """What the line prints; it ends with `code`."""
        layout = self.site.layout
        places = {
            "FILES": layout.files, "SCRATCH": layout.scratch, "RUN": layout.run, "REPOSITORY": layout.repository,
        }  # fmt: skip
        known = {name: str(place) for name, place in places.items()}
        path = f"{self.site.said['bin']}:{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            env={**os.environ, **known, "PATH": path},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{line}: {done.returncode}, {done.stdout}{done.stderr}"
        return done.stdout

    def psql(self, query: str) -> list[str]:
        """The rows that the runbook's `psql` prints, bare."""
        return self.sh(f'psql -h localhost -U adaf_research -d adaf_historical -At -c "{query}"').splitlines()

    def repair(self, status: int = 202) -> Any:
        """The runbook's repair."""
        body = {"symbols": ["AUTO_DETECT"], "date_range": "last_7d", "repair_gaps": True}
        return self.site.post("data/repair", body, status)

    def deeds(self, *, last: int = 0) -> list[tuple[str, str]]:
        """Action and effect of what was done, or of the last few of it."""
        done = [(deed["what"].split(":")[0], deed["effect"]) for deed in self.site.judge()["done"]]
        return done[-last:]
