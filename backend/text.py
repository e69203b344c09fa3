"""What comes from outside is made harmless to show here, once, on the way in; and errors get a signature."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

FEW = 20
"""Items of a list, and of a list in it, that are written out."""
SIGNATURE_LENGTH = 200
CACHED_SIGNATURES = 8192
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
"""What log lines are full of: it goes as a whole. Of all other sequences the introducer is made visible."""

_BLANK = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]")
_SILENT = re.compile("[\ufe00-\ufe0f]")
_HARMFUL = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: what a terminal obeys
    "\xad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb"  # reordering, zero width, fillers: text that reads other than it is
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\ufe00-\ufe0f"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)


def clean(value: object, limit: int = 2000) -> str:
    """One line of harmless text, at most `limit` characters, with `…` where it was cut.

    Controls, reordering and invisible characters, lone surrogates and noncharacters become `�`, line ends and tabs a
    blank, colours vanish. None is the empty text. Never raises; what is clean stays as it is.
    """
    text = _as_text(value)
    # Cleaning only shortens by colours and variation selectors, so that far more than the limit need not be looked at.
    seen = text[: 4 * limit]
    if _HARMFUL.search(seen):
        seen = _HARMFUL.sub("�", _BLANK.sub(" ", _SILENT.sub("", COLOUR.sub("", seen))))
    seen = seen.strip()
    if len(seen) <= limit and len(text) <= 4 * limit:
        return seen
    return seen[: max(0, limit - 1)] + "…"[:limit]


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first few names, which are clean, and how many more there are: `a, b and 3 more`."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 symbol`, `3 symbols`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def percent(value: float | None, digits: int = 0, limit: float = 100.0) -> str:
    """A percentage with its sign; rounded it stands where it stood before, below its limit or not."""
    if value is None:
        return "–"
    told, step = round(value, digits), 10.0**-digits
    if value < limit <= told:
        told -= step
    elif told < limit <= value:
        told += step
    return f"{told:.{digits}f} %"


def first_line(told: str) -> str:
    """What is told without the lines below its sentence, which are to be copied exactly, as of a configuration."""
    return told.partition("\n")[0]


def add(told: str, more: str) -> str:
    """What is told with more behind its sentence; nothing comes behind the lines below it."""
    said, end, lines = told.partition("\n")
    return f"{said}{more}{end}{lines}"


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    try:
        return str(_few(value))
    except (ValueError, RecursionError):  # a number of 5,000 digits, lists in lists in lists
        return f"({type(value).__name__})"


def _few(value: object, depth: int = 3) -> object:
    """The beginning of a list or an object: to write out millions of numbers for one line would take seconds."""
    if depth and isinstance(value, list | tuple):
        return [_few(item, depth - 1) for item in value[:FEW]]
    if depth and isinstance(value, dict):
        return {key: _few(item, depth - 1) for key, item in islice(value.items(), FEW)}
    return "…" if isinstance(value, list | tuple | dict) else value


_EXTENSIONS = "py|pkl|tmp|csv|parquet|json|toml|ya?ml|so|log|db|h5|hdf5|txt|sql|feather|npy|sh|ipynb"
_VARIABLE = re.compile(
    r"""
    (?<![A-Za-z0-9]) (?![A-Za-z][a-z]*(?:[,:;.)]?\s|$)) (?=\S)  # at a word, and no plain one
    (?:
      (?P<date>    \d{4}-\d\d-\d\d (?: [T ]\d\d:\d\d (?: :\d\d (?:[.,]\d+)? )? (?:Z|[+-]\d\d:?\d\d)? )? (?!\d) )
    | (?P<url>     [a-z][a-z0-9+.-]{1,15}://[^\s'"<>]+ )
    | (?P<uuid>    [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b )
    | (?P<path>    (?P<quote>['"]?) (?<![.}/_])
                   (?: ~?/[\w.@+-]+(?:/[^\s:,;'"()\[\]{}]*)*
                     | (?:[\w.@+-]+/)*[\w@+-][\w.@+-]*\.(?:EXTENSIONS)\b )
                   (?P=quote) (?: :\d+(?::\d+)? | ,\ line\ \d+ )? )
    | (?P<text>    (?<!_) (?: '[^'\n]{0,200}' | "[^"\n]{0,200}" | `[^`\n]{0,200}` ) (?!\w) )
    | (?P<time>    \d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?![\d:]) )
    | (?P<ip>      (?<!\.) \d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.])
                 | \[?(?=[0-9a-f:]*::|(?:[0-9a-f]+:){7})[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\]?(?::\d+)?(?!\w) )
    | (?P<hex>     0x[0-9a-fA-F]+\b | (?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,64}\b )
    | (?P<symbol>  (?<![._]) [A-Z0-9]{1,8}\.[A-Z]{1,3}(?![\w.]\w) | (?<![/_])[A-Z]{3}/[A-Z]{3}(?![\w/])
                 | (?: (?<=for\ ) | (?<=symbol\ ) | (?<=ticker\ ) )
                   (?!(?:API|SQL|CPU|GPU|RAM|DB|IO|HTTP|UTC)\b) [A-Z][A-Z0-9]{1,5}\b(?![.=]\w) )
    | (?P<n>       (?! (?: (?<=signal\ ) | (?<=code\ ) | (?<=status\ ) | (?<=HTTP\ ) | (?<=rrno\ ) ) \d{1,3}\b )
                   \d+ (?:[.,]\d+)* (?:e[+-]?\d+)? )
    )
    """.replace("EXTENSIONS", _EXTENSIONS),
    re.VERBOSE,
)
_REPEATED = re.compile(r"(\{\w+\})(?:(?:, ?| and | )\1)+")


@lru_cache(maxsize=CACHED_SIGNATURES)
def signature(error: str) -> str:
    """What is the same in all errors of one kind: `No data for {symbol} in {date}..{date}`.

    Symbols, dates, paths, addresses, quoted words and numbers become their kind; signals and exit, HTTP and error codes
    stay, because they are the kind. Deterministic; at most 200 characters.
    """
    words = " ".join(error[: 3 * SIGNATURE_LENGTH].split())
    named = _REPEATED.sub(r"\1", _VARIABLE.sub(_kind, words))
    return named if len(named) <= SIGNATURE_LENGTH else named[: SIGNATURE_LENGTH - 1] + "…"


def _kind(found: re.Match[str]) -> str:
    return f"{{{found.lastgroup}}}"
