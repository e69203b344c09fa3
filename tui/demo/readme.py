"""The `README` of an instance: where the places that a runbook names are here."""

import shlex

from tui.demo.layout import Layout, replace
from tui.demo.outside import PING_HOST
from tui.demo.tree import QUOTA
from tui.demo.unit.install import UNIT

_TEXT = """\
This is one instance of backtop's embedded platform. To work on it by hand, as its runbook says:

    export PATH={typed_bin}:"$PATH"

Then systemctl, journalctl, dmesg, free, df, psql, pkill, ping, git and sudo are those of this platform, and
reach nothing else. What the runbook calls              is here

    http://localhost:3000                               {api}
    /var/research/backtests                             {files}
    /tmp/backtest_*                                     {scratch}/backtest_*
    {typed_pid_file:<52}{pid_file}
    https://api.marketdata.provider.com/health          {api}/providers/marketdata/health
    src/strategies, config, ops, infrastructure         in the repository {repository}

The unit {unit}, the host {host} and the database have the runbook's own names.
Files may take {quota} MB in all: `df -h {typed_files}` tells how much of that is used (the
host's own df, and du, know of no quota). Of the memory that `free` tells of all belongs to the engine's unit.
The page of a provider that is down takes a question and never answers: `curl -I` needs `-m 5` there to come back.
{api}/judge tells what was done, what of it helped and what harmed.
"""


def write(layout: Layout, api_port: int) -> None:
    """Write it."""
    text = _TEXT.format(
        typed_bin=shlex.quote(str(layout.bin)), typed_files=shlex.quote(str(layout.files)),
        api=f"http://127.0.0.1:{api_port}", files=layout.files, scratch=layout.scratch,
        pid_file=layout.engine_pid, typed_pid_file=f"/var/run/{UNIT}.pid", repository=layout.repository,
        unit=UNIT, host=PING_HOST, quota=QUOTA >> 20,
    )  # fmt: skip
    replace(layout.readme, text)
