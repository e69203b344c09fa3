"""The keys that are not actions. Bindings, footer, help and README come from this table and from the registry."""

from typing import NamedTuple


class Key(NamedTuple):
    """One key, what it does, and how the footer and the help name it."""

    key: str
    """As Textual names it."""
    shown: str
    """As a person reads it."""
    action: str
    """What the program runs; empty where a widget answers the key itself."""
    title: str
    help: str
    footer: bool = False
    on: str = "everywhere"
    """Where it works: `everywhere`, `dashboard` or `table`."""


KEYS: tuple[Key, ...] = (
    *(
        Key(number, number, f"go('{pane}')", pane, f"go to the {pane} pane", on="dashboard")
        for number, pane in (
            ("1", "jobs"), ("2", "failures"), ("3", "resources"), ("4", "data"), ("5", "database"),
        )
    ),
    Key("up", "↑ ↓", "", "move", "move the cursor; pgup, pgdn, home, end as well", on="table"),
    Key("left", "← →", "", "fold", "fold and unfold a group", on="table"),
    Key("space", "space", "", "mark", "mark or unmark the row under the cursor", footer=True, on="table"),
    Key("asterisk", "*", "", "group", "mark or unmark a whole group", on="table"),
    Key("shift+down", "shift+↑↓", "", "range", "mark a range", on="table"),
    Key("slash", "/", "filter", "filter", "list only what fits a text, /regex/, !inverse, field:value", True, "table"),
    Key("exclamation_mark", "!", "broken", "broken", "list only what is broken, or all again", True, "table"),
    Key("less_than_sign", "< >", "", "sort", "sort by another column", on="table"),
    Key("tab", "tab", "app.focus_next", "next pane", "go to the next pane", on="dashboard"),
    Key("z", "z", "zoom", "zoom", "show one pane whole and the others as a line each", footer=True, on="dashboard"),
    Key("h", "h", "hold", "hold", "hold the picture still; reading goes on", footer=True, on="dashboard"),
    Key("L", "L", "lock", "unlock", "unlock actions for 15 minutes, or lock them again", on="dashboard"),
    Key("x", "x", "stop", "stop", "let the action that runs send nothing more", on="dashboard"),
    Key("escape", "esc", "drop", "drop", "leave an action that has not opened its dialog yet", on="dashboard"),
    Key("a", "a", "menu", "actions", "list all actions, and why one cannot run now", footer=True, on="dashboard"),
    Key("question_mark", "?", "help", "help", "show all keys and actions", footer=True, on="dashboard"),
    Key("ctrl+p", "ctrl+p", "command_palette", "palette", "find a command by its name", on="dashboard"),
    Key("ctrl+q", "ctrl+q", "leave", "quit", "leave; asks while an action is open or runs", footer=True),
)  # fmt: skip
