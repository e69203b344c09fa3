"""The data side: history with gaps, the feeds it comes from, and the work that repairs it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from tui.demo.world.refusal import NotThereError, UnavailableError, UnreadableError
from tui.demo.world.repair import Range, Step, remainder, steps, within
from tui.demo.world.seed import Gap, Scenario, Source, Symbol
from tui.demo.world.symbols import gaps_of, missing_days, with_gaps

AUTO_DETECT = "AUTO_DETECT"
REFRESH_TAKES = timedelta(seconds=2)
FEED_RETURNS = timedelta(seconds=90)
"""How long after the fail-over a feed that was down is back."""


class DataSide:
    """Symbols, gaps and sources. `steps` are the repairs under way; who works them off says `complete`."""

    def __init__(self, scenario: Scenario) -> None:
        self._symbols = {symbol.name: symbol for symbol in scenario.symbols}
        self.gaps: tuple[Gap, ...] = scenario.gaps
        self.sources: tuple[Source, ...] = scenario.sources
        self.steps: tuple[Step, ...] = ()
        self.useful: set[Step] = set()
        """The steps that brought days which were missing until then."""
        self.validated_at = scenario.now
        self.refreshed_at = scenario.now
        self._refresh_due: datetime | None = None
        self._back: datetime | None = None

    def strike(self, gaps: tuple[Gap, ...], sources: tuple[Source, ...], now: datetime) -> None:
        """From now on days are missing, and sources are as well as these; the one in use stays the same."""
        used = self.active_source().role
        self.gaps = gaps
        self.sources = tuple(replace(source, active=source.role == used) for source in sources)
        self._expect_back(now)
        for name in self.gapped():
            self._symbols[name] = with_gaps(self._symbols[name], gaps)

    def settle(self, now: datetime) -> None:
        """A refresh that is over by `now` is over, and a feed that comes back by then is back."""
        if self._back is not None and self._back <= now:
            self.sources = tuple(replace(source, status="healthy") for source in self.sources)
            self._back = None
        if self._refresh_due is not None and self._refresh_due <= now:
            self.refreshed_at = self.validated_at = self._refresh_due
            self._refresh_due = None

    def closed_by(self, step: Step) -> tuple[Gap, ...]:
        """The parts of gaps that `step` fills."""
        gaps = (gap for gap in self.gaps if gap.symbol == step.symbol)
        return tuple(part for gap in gaps if (part := within(gap, step.days)) is not None)

    def complete(self, step: Step, now: datetime) -> None:
        """The days of `step` are there."""
        if self.closed_by(step):
            self.useful.add(step)
        left: list[Gap] = []
        for gap in self.gaps:
            left.extend(remainder(gap, step.days) if gap.symbol == step.symbol else (gap,))
        self.gaps = tuple(left)
        self._symbols[step.symbol] = with_gaps(self._symbols[step.symbol], self.gaps)
        self.validated_at = now
        self.abandon(step)

    def abandon(self, step: Step) -> None:
        """`step` will not be done."""
        self.steps = tuple(each for each in self.steps if each != step)

    def lack(self, gone: Mapping[str, Collection[date]]) -> None:
        """These days of these symbols, which were there, are missing from now on."""
        for name, days in gone.items():
            self.gaps += tuple(gaps_of(name, days))
            self._symbols[name] = with_gaps(self._symbols[name], self.gaps)

    def regain(self, there: Mapping[str, Collection[date]]) -> None:
        """These days of these symbols, which were missing, are stored again, though no repair did that."""
        for name, days in there.items():
            left = gaps_of(name, missing_days(name, self.gaps).difference(days))
            self.gaps = (*(gap for gap in self.gaps if gap.symbol != name), *left)
            self._symbols[name] = with_gaps(self._symbols[name], self.gaps)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Every symbol as it stands."""
        return tuple(self._symbols.values())

    @property
    def completeness_percent(self) -> float:
        """The mean over all symbols, cut to one decimal: what lacks one of its last days is not complete."""
        tenths = sum(round(10 * symbol.completeness_percent) for symbol in self.symbols)
        return tenths // len(self._symbols) / 10

    @property
    def refreshing(self) -> bool:
        """Whether a refresh of the cache is on its way."""
        return self._refresh_due is not None

    def symbol(self, name: str) -> Symbol:
        """The symbol `name`; NotThereError without one."""
        if name not in self._symbols:
            raise NotThereError(f"there is no symbol {name}")
        return self._symbols[name]

    def gapped(self, days: Range | None = None) -> tuple[str, ...]:
        """The symbols that lack days (in `days`), each once."""
        return tuple(dict.fromkeys(gap.symbol for gap in self.gaps if days is None or within(gap, days)))

    def repair(self, symbols: Sequence[str], days: Range, now: datetime) -> tuple[Step, ...]:
        """Begin to fill `days` of `symbols`, after the repair that runs; UnreadableError for an unknown symbol.

        `AUTO_DETECT` stands for every symbol with a gap in `days`.
        """
        self.need_known(name for name in symbols if name != AUTO_DETECT)
        chosen = self.gapped(days) if AUTO_DETECT in symbols else tuple(dict.fromkeys(symbols))
        begin = max([now, *(step.due for step in self.steps)])
        planned = steps(chosen, self.gaps, days, begin)
        self.steps += planned
        return planned

    def need_known(self, names: Iterable[str]) -> None:
        """UnreadableError unless there are symbols of all these names."""
        unknown = [name for name in names if name not in self._symbols]
        if unknown:
            raise UnreadableError(f"unknown symbols: {', '.join(unknown)}")

    def switch(self, to_backup: bool, now: datetime) -> bool:
        """Make the backup source (or the primary one) the active one; False when it is already.

        A feed that is down comes back some time after the platform stopped to ask it.
        """
        role = "backup" if to_backup else "primary"
        switched = tuple(replace(source, active=source.role == role) for source in self.sources)
        changed = switched != self.sources
        self.sources = switched
        self._expect_back(now)
        return changed

    def _expect_back(self, now: datetime) -> None:
        if self.active_source().status == "healthy" and any(source.status == "down" for source in self.sources):
            self._back = self._back or now + FEED_RETURNS

    def refresh(self, now: datetime) -> datetime:
        """Begin to refresh the cache and validate anew; gives back when it will be done."""
        self._refresh_due = self._refresh_due or now + REFRESH_TAKES
        return self._refresh_due

    def need_source(self) -> None:
        """UnavailableError unless the source in use can be asked for data."""
        source = self.active_source()
        if source.status == "down":
            raise UnavailableError(f"the source in use, {source.name}, does not answer")

    def active_source(self) -> Source:
        """The source in use."""
        return next(source for source in self.sources if source.active)


def missing_total(gaps: Iterable[Gap]) -> int:
    """Trading days that are missing over all symbols."""
    return sum(gap.days for gap in gaps)
