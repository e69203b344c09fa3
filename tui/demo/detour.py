"""What one worker does while nobody writes the sums of the bars: it computes them itself, in a second session."""

from collections.abc import Callable

from tui.demo.libpq import Connection
from tui.demo.session import Event, Session
from tui.demo.statements import RANKING


class Detour:
    """A session of the job `job_id` with one query that outlasts it; whoever cancels it, it is asked anew."""

    def __init__(self, connect: Callable[[str], Connection], job_id: str) -> None:
        self.job_id = job_id
        self._session = Session(connect(f"backtest-{job_id}"))

    def look(self) -> Event | None:
        """What happened to the query or its session since, if it was nothing good."""
        event = self._session.look()
        if event != "lost" and not self._session.busy:
            self._session.ask(RANKING)
        return event

    def close(self) -> None:
        """End it, and the query with it."""
        self._session.close()
