"""Palette, and what the keys of actions mean, from the two tables that everything else comes from."""

from collections.abc import Callable, Iterator
from typing import cast

from textual.app import SystemCommand
from textual.binding import Binding
from textual.content import Content

from actions.registry import REGISTRY
from actions.spec import ActionSpec
from tui.keys import KEYS
from widgets.present.menu import not_now
from widgets.text import shown


def bindings() -> list[Binding]:
    """One binding for each key of an action, whatever it means in which pane; its id is what a remapping names."""
    keys = dict.fromkeys(spec.key for spec in REGISTRY.values())
    return [Binding(key, f"act('{key}')", show=False, id=f"act.{key}") for key in keys]


def palette(
    act: Callable[[ActionSpec], None], run: Callable[[str], object], why_not: Callable[[ActionSpec], str | None]
) -> Iterator[SystemCommand]:
    """Every action and every command by its name; an action that cannot run now says why."""
    for spec in REGISTRY.values():
        reason = why_not(spec)
        told = spec.help if reason is None else not_now(reason)
        yield SystemCommand(spec.title, _literal(f"{told} ({spec.key} in {spec.pane})"), lambda spec=spec: act(spec))
    for key in KEYS:
        if key.action and key.action != "command_palette":
            yield SystemCommand(key.title, key.help, lambda action=key.action: run(action))


def _literal(text: str) -> str:
    """A text that holds words of the platform; the palette takes a string for markup, and content as it is."""
    return cast("str", Content(shown(text)))


def meant(key: str, pane: str | None) -> ActionSpec | str:
    """The action that a key means in a pane, or a sentence that says where it means one."""
    specs = [spec for spec in REGISTRY.values() if spec.key == key]
    here = next((spec for spec in specs if pane in spec.panes), None)
    if here is not None:
        return here
    return f"{key} means {' and '.join(f'{spec.title} in {spec.pane}' for spec in specs)}; go there first"
