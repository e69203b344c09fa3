"""The command line."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from backend.clock import Clock, SystemClock
from backend.config.load import load
from backend.config.model import Config
from backend.errors import ConfigError, JournalError
from backend.threads import on_a_loop
from tui import garbage
from tui.headless.saying import complain, on_a_terminal

WRONG_USAGE = 2
UNKNOWN = 3
"""Exit code of `status` and `diagnose` when they cannot tell; wrong usage included."""
THEME_NAMES = (
    "backtop-dark", "backtop-light", "backtop-contrast", "backtop-colour-blind", "ansi-dark", "ansi-light",
)  # fmt: skip
"""Those that are told; Textual's own are there too."""
COMMAND_NAMES = ("demo", "status", "diagnose", "actions", "act", "journal", "config")
Command = Callable[[argparse.Namespace, Config, Clock], int]


class _Parser(argparse.ArgumentParser):
    """Exits with the code that the command promises for wrong usage."""

    wrong_usage = WRONG_USAGE

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """What is left over is wrong usage of the command that it was typed for, not of the whole."""
        namespace, rest = super().parse_known_args(args, namespace)
        if unknown := self.unknown(namespace, rest):
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, []

    def unknown(self, namespace: argparse.Namespace, rest: Sequence[str]) -> Sequence[str]:  # noqa: ARG002
        """What of the rest nobody can take."""
        return rest

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(self.wrong_usage, f"{self.prog}: {message}\n")


class _LookParser(_Parser):
    wrong_usage = UNKNOWN


class _ActParser(_Parser):
    """Options may stand between the targets: argparse itself leaves over what comes behind one."""

    def unknown(self, namespace: argparse.Namespace, rest: Sequence[str]) -> Sequence[str]:
        end = rest.index("--") if "--" in rest else len(rest)
        options = [word for word in rest[:end] if word.startswith("-")]
        targets = [word for word in rest[:end] if not word.startswith("-")]
        namespace.target = [*namespace.target, *targets, *rest[end + 1 :]]
        return options


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that costs more than all the rest of the parser."""

    def __call__(self, parser: argparse.ArgumentParser, *_unused: object) -> NoReturn:
        from importlib.metadata import version

        sys.stdout.write(f"backtop {version('backtop')}\n")
        parser.exit()


def parser(*, whole: bool = True) -> _Parser:
    """Everything that can be typed after `backtop`; without the commands, which cost, where none is typed."""
    everywhere = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    everywhere.add_argument("--config", type=Path, metavar="FILE", help="the configuration file")
    everywhere.add_argument("--profile", metavar="NAME", help="the profile in it")
    top = _Parser(prog="backtop", description="top for backtests, with hands", parents=[everywhere])
    top.add_argument("--version", action=_Version, nargs=0, help="print the version")
    top.add_argument("--read-only", action="store_true", help="never change anything")
    top.add_argument("--theme", metavar="NAME", help=f"colours: {', '.join(THEME_NAMES)}")
    if whole:
        _add_commands(top, everywhere)
    else:
        top.add_argument("command", nargs="?", choices=COMMAND_NAMES, metavar="COMMAND")
    return top


def _add_commands(top: _Parser, everywhere: _Parser) -> None:
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def add(name: str, text: str, kind: type[_Parser] = _Parser) -> argparse.ArgumentParser:
        commands._parser_class = kind  # noqa: SLF001 - argparse offers no other way to choose it for one command
        return commands.add_parser(name, help=text, description=text, parents=[everywhere])

    _add_demo(add("demo", "the embedded platform, and the dashboard on it"))
    for name, text in (("status", "one look at everything"), ("diagnose", "one look at what is wrong, and why")):
        add(name, text, _LookParser).add_argument("--json", action="store_true", help="print JSON")
    add("actions", "the actions, and which could run now").add_argument(
        "--json", action="store_true", help="print JSON"
    )
    _add_act(add("act", "plan, confirm, run and verify one action", _ActParser))
    journal = add("journal", "what was done here")
    journal.add_argument("--verify", action="store_true", help="whether the chain of the journal holds")
    journal.add_argument("--json", action="store_true", help="print JSON")
    config = add("config", "how this program is set")
    config.add_argument(
        "what", choices=("show", "init", "path"), help="values and origins, a file to start from, or paths"
    )


def _add_demo(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("scenario", nargs="?", metavar="SCENARIO", help="see --list; calm, if none is named")
    demo.add_argument("--list", action="store_true", help="tell the scenarios, what is wrong and what is right")
    demo.add_argument("--json", action="store_true", help="with --list: print JSON")
    demo.add_argument(
        "--headless", action="store_true", help="no dashboard: print one line of JSON and run until TERM or INT"
    )
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="another number, other jobs and prices")
    demo.add_argument("--jobs", type=int, default=0, metavar="N", help="failed jobs in all, up to 100,000")
    demo.add_argument("--symbols", type=int, default=0, metavar="N", help="symbols in all, up to 20,000")
    demo.add_argument("--quirks", metavar="NAME[,NAME]", help="how it shall behave badly; all: in every way")
    demo.add_argument(
        "--onset", type=float, metavar="SECONDS",
        help="how long all is well before the incident comes (8); 0: it is under way from the start",
    )  # fmt: skip
    demo.add_argument("--dir", metavar="DIR", help="an absent or empty folder to live in")


def _add_act(act: argparse.ArgumentParser) -> None:
    act.add_argument("id", metavar="ID", help="the action, as `backtop actions` names it")
    act.add_argument("target", nargs="*", default=[], metavar="TARGET", help="what to act on")
    act.add_argument("--set", action="append", default=[], metavar="K=V", type=_pair, help="an option of the action")
    act.add_argument("--dry-run", action="store_true", help="plan only")
    act.add_argument("--yes", action="store_true", help="confirm low and medium risk")
    act.add_argument("--confirm", metavar="WORD", help="confirm high risk with the word that the plan names")
    act.add_argument("--wait", action="store_true", help="stay until what goes on has ended")
    act.add_argument("--json", action="store_true", help="print JSON")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not K=V")
    return key, value


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    typed = sys.argv[1:] if arguments is None else arguments
    words = parser(whole=not {"-h", "--help", *COMMAND_NAMES}.isdisjoint(typed))
    if not {"status", "diagnose"}.isdisjoint(typed):
        words.wrong_usage = UNKNOWN
    options = words.parse_args(typed)
    if options.command is not None:
        garbage.resume()
    if options.command == "demo":
        return _demo(options)
    if options.command == "config" and options.what == "init":  # of use where the present file is broken, too
        from tui.headless import record

        return record.init()
    try:
        config = _load(options)
        return _COMMANDS.get(options.command, _watch)(options, config, SystemClock())
    except ConfigError as error:
        complain("\n".join(f"backtop: {problem}" for problem in error.problems))
    except JournalError as error:
        complain(f"backtop: {error}")
    return UNKNOWN if options.command in ("status", "diagnose") else WRONG_USAGE


def _load(options: argparse.Namespace) -> Config:
    overrides = {"read_only": True} if options.read_only else {}
    return load(getattr(options, "config", None), getattr(options, "profile", None), overrides=overrides)


def _demo(options: argparse.Namespace) -> int:
    if named := [f"--{name}" for name in ("config", "profile") if hasattr(options, name)]:
        complain(f"backtop demo: the demo has a configuration of its own; leave out {' and '.join(named)}")
        return WRONG_USAGE
    if not _theme_exists(options.theme):
        return WRONG_USAGE
    from tui.headless.demo import demo

    return demo(options)


def _theme_exists(name: str | None) -> bool:
    """Whether there is a theme of this name, where one is asked for; says so when there is not."""
    if name is None:
        return True
    from textual.theme import BUILTIN_THEMES

    from tui.themes import THEMES

    names = {*BUILTIN_THEMES, *(theme.name for theme in THEMES)}
    if name not in names:
        complain(f"backtop: there is no theme {name!a}; there are: {', '.join(sorted(names))}")
    return name in names


def _watch(options: argparse.Namespace, config: Config, clock: Clock) -> int:
    if not on_a_terminal():
        complain("backtop: the dashboard needs a terminal for input, output and errors; `backtop status` does not")
        return WRONG_USAGE
    if not _theme_exists(options.theme):
        return WRONG_USAGE
    from tui.terminal import on_terminal

    app = on_terminal(config, clock)
    if options.theme is not None:
        app.theme = options.theme
    on_a_loop(app.run_async())
    return app.return_code or 0


def _status(options: argparse.Namespace, config: Config, clock: Clock) -> int:
    from tui.headless import status

    return on_a_loop(status.run(config, clock, as_json=options.json, only_findings=options.command == "diagnose"))


def _actions(options: argparse.Namespace, config: Config, clock: Clock) -> int:
    from tui.headless.actions import actions

    return on_a_loop(actions(config, clock, as_json=options.json))


def _act(options: argparse.Namespace, config: Config, clock: Clock) -> int:
    from tui.headless import act

    order = act.Order(
        action=options.id,
        targets=tuple(options.target),
        options=dict(options.set),
        dry_run=options.dry_run,
        yes=options.yes,
        word=options.confirm,
        wait=options.wait,
    )
    return on_a_loop(act.act(config, clock, order, as_json=options.json))


def _journal(options: argparse.Namespace, config: Config, clock: Clock) -> int:
    from tui.headless import record

    return record.journal(config, clock, verify=options.verify, as_json=options.json)


def _config(options: argparse.Namespace, config: Config, clock: Clock) -> int:  # noqa: ARG001 - as all commands
    from tui.headless import record

    return record.show(config) if options.what == "show" else record.path(config)


_COMMANDS: dict[str | None, Command] = {
    "status": _status,
    "diagnose": _status,
    "actions": _actions,
    "act": _act,
    "journal": _journal,
    "config": _config,
}
