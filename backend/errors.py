"""Everything that can go wrong, one class for each answer that the person needs.

::

    BacktopError
    ├── ConfigError            the configuration cannot be used; carries every problem at once
    ├── JournalError           the record of actions cannot be read or written
    │   └── JournalHangs       what was to be written may stand in it all the same, now or later
    └── SourceError            a part of the platform could not be read or acted on
        ├── MissingRoute       the server is there, the route is not: an answer of its own, not a failure
        ├── MissingObject      the route is there, the object is not
        ├── Refused            nobody listens, or the server says no for now
        │   └── CutOff         the connection broke; what was asked may still happen
        ├── TimedOut           no answer within the deadline
        │   └── GivenUp        work on this host that was begun and may still come to its end
        ├── BadAnswer          an answer that makes no sense: HTML, half a JSON, wrong types
        └── NotAllowed         we lack the right, the password or the command

`summary` is the sentence that a pane shows; `detail` is what the far side said, cleaned.
"""

from typing import ClassVar, Literal, Self

from backend.frozen import dataclass

FailureKind = Literal["missing", "missing object", "refused", "timed out", "bad answer", "not allowed"]


class BacktopError(Exception):
    """Base of all errors that backtop raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the configuration: where it stands and a sentence."""

    where: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}"


class ConfigError(BacktopError):
    """The configuration cannot be used. All problems are told at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class JournalError(BacktopError):
    """The journal cannot be read or written; without it nothing is changed on the platform."""


class JournalHangs(JournalError):  # noqa: N818 - named for what the person is told
    """It did not answer in time; what was to be written may stand in it all the same, now or later."""


class SourceError(BacktopError):
    """A part of the platform could not be read or acted on."""

    kind: ClassVar[FailureKind] = "bad answer"

    def __init__(self, summary: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.retry_after = retry_after
        """Seconds that the far side asked us to wait, if it did."""

    def told_as(self, summary: str) -> Self:
        """The same error in other words."""
        return type(self)(summary, self.detail, retry_after=self.retry_after)


class MissingRoute(SourceError):  # noqa: N818 - named for what the person is told
    """The server answers, but has no such route."""

    kind = "missing"


class MissingObject(SourceError):  # noqa: N818
    """The route exists, the object that was asked for does not."""

    kind = "missing object"


class Refused(SourceError):  # noqa: N818
    """Nobody listens there, or the server declines for now."""

    kind = "refused"


class CutOff(Refused):
    """The connection broke before the answer was complete; what was asked may still happen."""


class TimedOut(SourceError):  # noqa: N818
    """No answer within the deadline; what was asked may still happen."""

    kind = "timed out"


class GivenUp(TimedOut):
    """Work on this host did not end within the deadline; it was begun, and may still come to its end."""


class BadAnswer(SourceError):  # noqa: N818
    """An answer that makes no sense."""

    kind = "bad answer"


class NotAllowed(SourceError):  # noqa: N818
    """A right, a password or a command is missing."""

    kind = "not allowed"
