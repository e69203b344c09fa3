"""Which quirks are on. Those of the API work at once; of the others the supervisor hears."""

from collections.abc import Callable, Iterable
from itertools import count

from tui.demo.quirks.asking import Switch
from tui.demo.quirks.behaviour import BEHAVIOURS, NONE, Behaviour, Fault
from tui.demo.quirks.table import QUIRKS, quirk_of

Tell = Callable[[str], None]
"""Passes one line on to the supervisor: `on NAME SECONDS` or `off NAME`."""


class Switchboard:
    """The switches of one platform, by name, in the order of the table."""

    def __init__(self, tell: Tell, begin: Iterable[str] = ()) -> None:
        self._tell = tell
        self._on: dict[str, Switch] = {name: Switch(QUIRKS[name].seconds) for name in begin}
        self._turn = count()

    def switch_on(self, name: str, seconds: float | None = None) -> None:
        """Let it begin, or begin anew. UnknownQuirkError; OSError when the supervisor cannot hear of it."""
        quirk = quirk_of(name)
        switch = Switch(quirk.seconds if seconds is None else seconds)
        if quirk.ground:
            self._tell(f"on {name} {switch.seconds:g}")
        self._on[name] = switch

    def switch_off(self, name: str) -> None:
        """Let it end, if it is on. UnknownQuirkError; OSError when the supervisor cannot hear of it."""
        if quirk_of(name).ground and name in self._on:
            self._tell(f"off {name}")
        self._on.pop(name, None)

    def set(self, names: Iterable[str]) -> None:
        """Let exactly these be on. Errors as above."""
        wanted = [quirk_of(name).name for name in names]
        for name in [name for name in self._on if name not in wanted]:
            self.switch_off(name)
        for name in wanted:
            if name not in self._on:
                self.switch_on(name)

    def get(self, name: str) -> Switch | None:
        """The switch of a quirk that is on."""
        return self._on.get(name)

    @property
    def active(self) -> list[tuple[Behaviour, Switch]]:
        """What is on, in the order of the table."""
        return [(BEHAVIOURS.get(name, NONE), self._on[name]) for name in QUIRKS if name in self._on]

    def next_fault(self) -> Fault | None:
        """What happens to the bytes of the next answer: of several faults, and a whole answer, each in its turn."""
        faults = [behaviour.fault for behaviour, _ in self.active if behaviour.fault is not None]
        if len(faults) < 2:
            return faults[0] if faults else None
        return [*faults, None][next(self._turn) % (len(faults) + 1)]
