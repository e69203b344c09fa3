"""Which of the rows that a server sent are the jobs that it was asked for, and which of these share their id."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import msgspec

from backend.clients.decode import Fields, decoded, identity
from backend.clients.decode_jobs import decode_job
from backend.errors import BadAnswer
from backend.model.jobs import Job, JobList, JobState, Priority

SLICE = 200
"""Rows that are decoded before others get their turn: about 5 ms."""
GLANCES = 5000
"""Rows whose ids are looked at before others get their turn: about as long."""
KEPT = 4096
"""Bytes of a row that is worth keeping, for the same one may come again."""


class _Named(msgspec.Struct):
    """The id of a row in the usual spellings: mostly all that is looked at in rows beyond the limit."""

    id: object = None
    job_id: object = None
    job_id_humped: object = msgspec.field(default=None, name="jobId")
    backtest_id: object = None
    backtest_id_humped: object = msgspec.field(default=None, name="backtestId")


_NAMED = msgspec.json.Decoder(_Named)


async def decode_rows(
    rows: Sequence[msgspec.Raw], state: JobState, priority: Priority | None, total: int | None, limit: int
) -> JobList:
    """The jobs of a list in the state (and of the priority) that was asked for, at most `limit`.

    Asked for failed ones, those that timed out count too. Rows of another state, or another priority, are counted in
    `other_state`; `total` is believed only when the server has filtered. Of a server that sends more than it was asked
    for the rest is only counted. Of several with one id, in whatever state and also in that rest, the first that was
    asked for is kept, and nobody acts on it. Long lists give way to others in between. Raises `BadAnswer` when there
    are rows, and none of them is a job.
    """
    reading = _Reading(state, priority)
    for index, raw in enumerate(rows):
        if len(reading.found) == limit:
            total = max(total or 0, len(rows))
            await reading.look_for_twins(rows[index:])
            break
        if index % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        reading.read(raw)
    if rows and reading.bad == len(rows):
        raise BadAnswer(f"none of the {reading.bad} rows of this list is a job with an id")
    others = reading.others
    return JobList(reading.jobs, reading.bad, reading.duplicates, others, None if others else total)


class _Reading:
    """What has been found in a list so far."""

    def __init__(self, state: JobState, priority: Priority | None) -> None:
        self._state = state
        self._priority = priority
        self._first: dict[str, Job] = {}
        self._shared: set[str] = set()
        self.found: dict[str, Job] = {}
        self.bad = self.duplicates = self.others = 0

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What was asked for, in the order of the rows."""
        return tuple(replace(job, ambiguous=True) if job.id in self._shared else job for job in self.found.values())

    def read(self, raw: msgspec.Raw) -> None:
        """Take in one row."""
        job = _job_of(raw, self._state)
        if job is None:
            self.bad += 1
            return
        if self._first.setdefault(job.id, job) != job:
            self._shared.add(job.id)
        if not self._asked_for(job):
            self.others += 1
        elif job.id in self.found:
            self.duplicates += 1
        else:
            self.found[job.id] = job

    async def look_for_twins(self, rest: Sequence[msgspec.Raw]) -> None:
        """See which ids of those that were found come again in rows that are read for nothing else."""
        for index, raw in enumerate(rest):
            if index % GLANCES == GLANCES - 1:
                await asyncio.sleep(0)
            if _id_of(raw) not in self.found:
                continue
            twin = _job_of(raw, self._state)
            if twin is not None and self._first.get(twin.id, twin) != twin:
                self._shared.add(twin.id)

    def _asked_for(self, job: Job) -> bool:
        fits = job.state is self._state or (self._state is JobState.FAILED and job.state.broken)
        return fits and (self._priority is None or job.priority is self._priority)


def _id_of(raw: msgspec.Raw) -> str | None:
    try:
        named = _NAMED.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    told = (named.id, named.job_id, named.job_id_humped, named.backtest_id, named.backtest_id_humped)
    usual = identity(next((id_ for id_ in told if id_ is not None), None))
    return usual or identity(Fields(decoded(raw)).get("id", "job_id", "backtest_id"))


def _job_of(raw: msgspec.Raw, state: JobState) -> Job | None:
    row = bytes(raw)
    return _kept(row, state) if len(row) <= KEPT else decode_job(decoded(row), state)


@lru_cache(maxsize=2048)
def _kept(row: bytes, state: JobState) -> Job | None:
    """The job of one row; most rows are the same as a few seconds ago, and need no second look."""
    return decode_job(decoded(row), state)
