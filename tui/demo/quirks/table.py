"""The table of quirks: how servers, databases and hosts of this kind really behave, each under a name."""

from collections.abc import Mapping
from dataclasses import dataclass

ALL = "all"
SLOW = "slow-first-answer"
HANGING_PROVIDER = "provider-hangs"


@dataclass(frozen=True, slots=True)
class Quirk:
    """One way to behave badly. What `behaviour` has for it the API does; a `ground` one the supervisor does.

    `seconds` is how long something takes there unless it is switched on with another number; 0 where nothing does.
    """

    name: str
    sentence: str
    seconds: float = 0.0
    ground: bool = False


class UnknownQuirkError(Exception):
    """A sentence: which quirks there are, for there is none of that name."""


_TABLE = (
    Quirk(SLOW, "the port is open, and the first answer takes long", 12.0),
    Quirk("rate-limit", "429 with Retry-After to whoever asks often", 5.0),
    Quirk("redirect-308", "an address that ends with a slash is elsewhere"),
    Quirk("missing-routes", "of all routes there is the list of backtests only"),
    Quirk("idle-posts", "whatever would change something says success, and changes nothing"),
    Quirk("empty-405", "only reading is allowed; an empty 405 for the rest"),
    Quirk("unresolvable-ids", "no job is found by the id that the list tells"),
    Quirk("ignored-parameters", "priority, offset and period are ignored"),
    Quirk("filter-after-limit", "rows are counted out first and filtered then; totals know no filter"),
    Quirk("degraded-200", "the health route answers 200 with degraded in it"),
    Quirk("report-400", "the health route answers 400 with a valid report in it"),
    Quirk("duplicate-ids", "jobs of the list share an id"),
    Quirk("null-ids", "jobs of the list have null for an id"),
    Quirk("numeric-ids", "ids are numbers"),
    Quirk("other-names", "name, createdAt, startedAt, finishedAt, errorMessage, durationMs; states queued and done"),
    Quirk("more-names", "lastRunAt and error; states timeout and cancelled"),
    Quirk("json-404", "every 404 is JSON, missing routes included"),
    Quirk("html-404", "every 404 is a page of 20 kB, missing objects included"),
    Quirk("silence", "connections are taken and never answered"),
    Quirk("reset", "connections are reset in the middle of the body"),
    Quirk("truncation", "connections are closed in the middle of the body"),
    Quirk("postgres-restart", "PostgreSQL restarts now and again; who held a lock takes it again", 20.0, ground=True),
    Quirk("postgres-locked", "a session holds a lock that blocks readers and writers", ground=True),
    Quirk("postgres-refuses", "PostgreSQL takes no connection", ground=True),
    Quirk("systemctl-fails", "systemctl cannot reach its manager", ground=True),
    Quirk("start-limit", "the engine is killed until its unit gives up", ground=True),
    Quirk(HANGING_PROVIDER, "provider hosts take questions and never answer", ground=True),
    Quirk("unreadable-folders", "the folders of temporary files and results cannot be read", ground=True),
)

QUIRKS: Mapping[str, Quirk] = {quirk.name: quirk for quirk in _TABLE}


def quirk_of(name: str) -> Quirk:
    """The quirk of a name; UnknownQuirkError lists the known ones."""
    if name not in QUIRKS:
        raise UnknownQuirkError(f"there is no quirk {name!r}; there are: {', '.join(QUIRKS)}, {ALL}")
    return QUIRKS[name]


def chosen(words: str) -> tuple[str, ...]:
    """The names in `NAME[,NAME]`, or all for `all`, each once and in the order of the table. UnknownQuirkError."""
    wanted = {word.strip() for word in words.split(",") if word.strip()}
    if ALL in wanted:
        return tuple(QUIRKS)
    for name in sorted(wanted):
        quirk_of(name)
    return tuple(name for name in QUIRKS if name in wanted)
