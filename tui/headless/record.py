"""`backtop journal` and `backtop config`: what was done here, and how this program is set."""

from dataclasses import replace

import msgspec

from backend.clock import Clock
from backend.config.example import example
from backend.config.load import settings
from backend.config.model import Config
from backend.incident.entry import VERSION, Entry, verdict_word
from backend.incident.journal import Journal
from backend.locks import whoami
from backend.text import clean
from tui.headless.saying import say, say_json

SHOWN = 50
BROKEN = 1


def journal(config: Config, clock: Clock, *, verify: bool, as_json: bool) -> int:
    """Print the last entries, or whether the chain holds; 1 when it does not."""
    record = Journal(config.journal_path, whoami(), clock)
    if not verify:
        for entry in map(_harmless, record.tail(SHOWN)):
            if as_json:
                say_json({"v": VERSION, **msgspec.to_builtins(entry)})
            else:
                say("\n".join((_line(entry), *_to_copy(entry))))
        return 0
    found = record.verify()
    if as_json:
        say_json(found)
    elif found.ok and not config.journal_path.exists():
        say(f"{config.journal_path}: there is no journal yet; nothing was done here")
    elif found.ok:
        say(f"{config.journal_path}: {found.count} lines, the chain holds")
    else:
        say(f"{config.journal_path}: broken at line {found.line}: {found.why}")
    return 0 if found.ok else BROKEN


def _harmless(entry: Entry) -> Entry:
    """The same to be printed: what is kept raw for comparing may hold what a terminal obeys and JSON cannot say."""
    return replace(entry, id=clean(entry.id), targets=tuple(map(clean, entry.targets)))


def _line(entry: Entry) -> str:
    word = verdict_word(entry) if entry.kind == "verdict" else str(entry.data.get("result") or "")
    text = str(entry.data.get("text", ""))
    what = f"{entry.action} {' '.join(entry.targets)}"
    return f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.kind:<8} {entry.actor}  {what}  {word} {text}".rstrip()


def _to_copy(entry: Entry) -> list[str]:
    """The lines that stand below what was told, each with nothing beside it."""
    lines = entry.data.get("copy")
    return [str(line) for line in lines] if isinstance(lines, list) else []


def show(config: Config) -> int:
    """Print every value and where it came from."""
    rows = [(setting.key, _value(setting.value), setting.origin) for setting in settings(config)]
    widest = max(len(key) for key, _, _ in rows)
    for key, value, origin in rows:
        say(f"{key:<{widest}}  {value}  ({origin})")
    return 0


def _value(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def path(config: Config) -> int:
    """Print which files are used."""
    say(f"config   {config.path or 'none: all defaults'}\nstate    {config.state_dir / config.profile}")
    say(f"journal  {config.journal_path}\nlocks    {config.lock_dir}")
    return 0


def init() -> int:
    """Print a file with every default, to start from."""
    say(example().rstrip())
    return 0
