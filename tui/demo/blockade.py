"""A session that took a lock, went idle in its transaction, and holds up whatever writes to the same table."""

from collections.abc import Callable

from tui.demo.libpq import Connection, DatabaseError
from tui.demo.session import Session

Connector = Callable[[str], Connection]

_LOCK = 'LOCK TABLE market_data."{table}" IN EXCLUSIVE MODE'
_CHANGE = (
    "UPDATE market_data.\"{table}\" SET close = close WHERE symbol = 'SAP.DE' AND bar_time > now() - interval '1 day'"
)
PATIENCE = "5s"
"""How long it waits for the lock itself."""
PROBE = "SELECT symbol FROM market_data.minute_bars LIMIT 1 FOR SHARE"
"""What a health check asks: it needs the weakest lock that the blockade does not leave."""
PROBE_PATIENCE = "900ms"
HEALTH = "adaf-health"
"""The application that asks."""


class Blockade:
    """Holds the lock until somebody ends its session, and measures meanwhile what that does to a question.

    A server that goes takes the lock along, and no more: whoever took it comes back, and takes it again. So it is when
    a session crashes, for that ends all the others too.
    """

    def __init__(self, connect: Connector, server: Callable[[], int | None], job_id: str, table: str) -> None:
        """`server` tells which run of the server this is, by a number; None while there is none."""
        self._connect = connect
        self._server = server
        self._table = table
        self.job_id = job_id
        self.over = False
        """Whether somebody ended the session."""
        self._probe: Session | None = None
        self._felt: float | None = None
        self._hold()

    def _hold(self) -> None:
        self._on = self._server()
        holder = self._connect(f"backtest-{self.job_id}")
        try:
            for step in (f"SET lock_timeout = '{PATIENCE}'", "BEGIN", _LOCK, _CHANGE):
                holder.execute(step.format(table=self._table))
        except DatabaseError:
            holder.close()
            raise
        self.pid = holder.pid
        """Of the session that holds the lock, or held it last; another one of its job has its name, but not its pid."""
        self._holder: Session | None = Session(holder)

    @property
    def stands(self) -> bool:
        """Whether the lock is held."""
        return self._holder is not None

    @property
    def latency_ms(self) -> float | None:
        """How long the last question to the table took; None while there is no lock."""
        return self._felt if self.stands else None

    def look(self) -> bool:
        """Ask again how long it takes; gives back whether somebody has just ended the session that holds the lock.

        Raises DatabaseError when the server is gone.
        """
        if self.over:
            return False
        if self._holder is not None and self._holder.look() == "lost":
            self._holder.close()
            self._holder = None
            self.over = self._answers() and self._server() == self._on
        if self.over:
            self._rest()
        elif self._server() is not None:
            if self._holder is None:
                self._hold()
            self._feel()
        return self.over

    def _answers(self) -> bool:
        """Whether the server takes connections: one that shuts down or crashes ends its sessions before it is gone."""
        try:
            self._connect(HEALTH).close()
        except DatabaseError:
            return False
        return True

    def _feel(self) -> None:
        if self._probe is not None and self._probe.look() == "lost":
            self._rest()  # how long it was let wait until then says nothing
        if self._probe is None:
            asking = self._connect(HEALTH)
            asking.execute(f"SET lock_timeout = '{PROBE_PATIENCE}'")
            self._probe = Session(asking)
        if not self._probe.busy:
            self._felt = self._probe.took_ms or self._felt
            self._probe.ask(PROBE)

    def _rest(self) -> None:
        if self._probe is not None:
            self._probe.close()
            self._probe = None
