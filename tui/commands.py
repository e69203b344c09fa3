"""Palette, and what the keys of actions mean, from the two tables that everything else comes from."""

from collections.abc import Callable, Iterator

from textual.app import SystemCommand
from textual.binding import Binding

from actions.registry import REGISTRY
from actions.spec import ActionSpec
from tui.keys import KEYS


def bindings() -> list[Binding]:
    """One binding for each key of an action, whatever it means in which pane; its id is what a remapping names."""
    keys = dict.fromkeys(spec.key for spec in REGISTRY.values())
    return [Binding(key, f"act('{key}')", show=False, id=f"act.{key}") for key in keys]


def palette(act: Callable[[ActionSpec], None], run: Callable[[str], object]) -> Iterator[SystemCommand]:
    """Every action and every command by its name."""
    for spec in REGISTRY.values():
        yield SystemCommand(spec.title, f"{spec.help} ({spec.key} in {spec.pane})", lambda spec=spec: act(spec))
    for key in KEYS:
        if key.action and key.action != "command_palette":
            yield SystemCommand(key.title, key.help, lambda action=key.action: run(action))


def meant(key: str, pane: str | None) -> ActionSpec | str:
    """The action that a key means in a pane, or a sentence that says where it means one."""
    specs = [spec for spec in REGISTRY.values() if spec.key == key]
    here = next((spec for spec in specs if pane in spec.panes), None)
    if here is not None:
        return here
    return f"{key} means {' and '.join(f'{spec.title} in {spec.pane}' for spec in specs)}; go there first"
