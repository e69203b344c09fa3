"""A real git repository with the strategies, and some commits of the last days."""

import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from tui.demo.instance import GroundError
from tui.demo.layout import Layout
from tui.demo.processes import Child
from tui.demo.world.scenario import Commit, Scenario, Strategy

_AUTHORS = ("Ines Vogt <ines@adaf.local>", "Tomas Berg <tomas@adaf.local>", "Maya Roth <maya@adaf.local>")
_BODY = '''"""{name}: part of the research tree."""


def signal(prices, lookback={lookback}):
    """The position that `{name}` wants after `prices`."""
    window = prices[-lookback:]
    return (window[-1] - sum(window) / len(window)) / max(window)
'''
_OPERATIONS = {
    "config/engine.toml": '[backtest]\ntimeframe = "1d"\nlimit_minutes = 45\n',
    "ops/engine.lock": "pricing-kernel = 4.1.7\nmatrix = 2.9.1\n",
    "infrastructure/hosts.toml": '[engine]\nhost = "research-01"\n',
}
_CHANGES = (
    (timedelta(days=41), "Add the first strategies"),
    (timedelta(days=12), "Longer lookback after the review"),
    (timedelta(days=3), "Trade fewer symbols at once"),
    (timedelta(hours=20), "Round positions to whole lots"),
)
"""How long ago each commit was made, and what it says."""


async def found(layout: Layout, scenario: Scenario, environment: dict[str, str]) -> None:
    """Make the repository; nothing happens on a host without git. Raises GroundError when git refuses."""
    if (layout.bin / "git").exists():
        layout.repository.mkdir(mode=0o700)
        await _import(layout, _history(scenario), environment, before="init -q -b main .")


async def commit(layout: Layout, commits: Iterable[Commit], environment: dict[str, str]) -> None:
    """Make `commits` on top of what is there, now. Raises GroundError when git refuses."""
    made = tuple(commits)
    if not made or not layout.repository.exists():
        return
    now = datetime.now(UTC)
    stream = (_commit(0, now, made[0].message, parent=True), *(_written(each.path, each.text) for each in made))
    await _import(layout, stream, environment)


async def _import(
    layout: Layout, stream: Iterable[bytes], environment: dict[str, str], before: str = "rev-parse -q HEAD"
) -> None:
    history = layout.run / "history"
    history.write_bytes(b"".join(stream))
    folder, written, program = (shlex.quote(str(path)) for path in (layout.repository, history, layout.bin / "git"))
    steps = (before, f"fast-import --quiet <{written}", "reset -q --hard main")
    script = " && ".join((f"cd {folder}", *(f"{program} {step}" for step in steps)))
    with (layout.log / "repository").open("ab") as output:
        child = Child.start(["/bin/sh", "-c", script], environment=environment, folder=layout.root, output=output)
    code = await child.wait()
    history.unlink()
    if code != 0:
        raise GroundError(f"git cannot write to the repository of the strategies: exit code {code}")


def _history(scenario: Scenario) -> Iterator[bytes]:
    paths = sorted({strategy.path: strategy for strategy in scenario.strategies}.items())
    for number, (age, sentence) in enumerate(_CHANGES):
        changed = paths if number == 0 else paths[number :: len(_CHANGES)]
        yield _commit(number, scenario.now - age, sentence)
        for path, strategy in changed:
            yield _written(path, _file(strategy, 20 + 10 * number))
        if number == 0:
            yield from (_written(path, text) for path, text in _OPERATIONS.items())
    for number, commit in enumerate(sorted(scenario.commits, key=lambda each: -each.age)):
        yield _commit(number, scenario.now - commit.age, commit.message)
        yield _written(commit.path, commit.text)


def _written(path: str, text: str) -> bytes:
    return b"M 100644 inline %s\n" % path.encode() + _data(text)


def _file(strategy: Strategy, lookback: int) -> str:
    return _BODY.format(name=strategy.name, lookback=lookback)


def _commit(number: int, at: datetime, sentence: str, *, parent: bool = False) -> bytes:
    who = f"{_AUTHORS[number % len(_AUTHORS)]} {int(at.timestamp())} +0000"
    head = f"commit refs/heads/main\nauthor {who}\ncommitter {who}\n".encode()
    return head + _data(sentence + "\n") + (b"from refs/heads/main^0\n" if parent else b"")


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s\n" % (len(raw), raw)
