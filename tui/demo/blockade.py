"""A session that took a lock, went idle in its transaction, and holds up whatever writes to the same table."""

from collections.abc import Callable

from tui.demo.libpq import Connection
from tui.demo.session import Session

Connector = Callable[[str], Connection]

_LOCK = 'LOCK TABLE market_data."{table}" IN EXCLUSIVE MODE'
_CHANGE = (
    "UPDATE market_data.\"{table}\" SET close = close WHERE symbol = 'SAP.DE' AND bar_time > now() - interval '1 day'"
)
PROBE = "SELECT symbol FROM market_data.minute_bars LIMIT 1 FOR SHARE"
"""What a health check asks: it needs the weakest lock that the blockade does not leave."""
PROBE_PATIENCE = "900ms"


class Blockade:
    """Holds the lock until somebody ends its session, and measures meanwhile what that does to a question."""

    def __init__(self, connect: Connector, job_id: str, table: str) -> None:
        holder = connect(f"backtest-{job_id}")
        for step in ("SET lock_timeout = '5s'", "BEGIN", _LOCK.format(table=table), _CHANGE.format(table=table)):
            holder.execute(step)
        self.job_id = job_id
        self.pid = holder.pid
        """Of the session that holds the lock; a later one of the same job has its name, but not its pid."""
        self._holder: Session | None = Session(holder)
        asking = connect("adaf-health")
        asking.execute(f"SET lock_timeout = '{PROBE_PATIENCE}'")
        self._probe = Session(asking)

    @property
    def stands(self) -> bool:
        """Whether the lock is still held."""
        return self._holder is not None

    @property
    def latency_ms(self) -> float | None:
        """How long the last question to the table took; None once the lock is gone."""
        return self._probe.took_ms if self.stands else None

    def look(self) -> bool:
        """Ask again how long it takes; gives back whether somebody has just ended the session that holds the lock."""
        self._probe.look()
        if not self._probe.busy and self.stands:
            self._probe.ask(PROBE)
        if self._holder is None or self._holder.look() != "lost":
            return False
        self._holder.close()
        self._holder = None
        return True
