"""`backtop demo`: the embedded platform by itself, or with the dashboard on it."""

import argparse
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from backend.config.load import load
from backend.threads import on_a_loop
from tui.headless.saying import complain, on_a_terminal, say, say_json

if TYPE_CHECKING:
    from tui.demo.launch import Platform

WRONG_USAGE = 2


def demo(options: argparse.Namespace) -> int:
    """List the scenarios, run one until it is ended, or watch one; returns the exit code."""
    if options.list:
        if options.scenario is not None or options.headless:
            complain("backtop demo: --list tells of all scenarios and starts none; leave out SCENARIO and --headless")
            return WRONG_USAGE
        return _list(as_json=options.json)
    if options.headless:
        from tui.demo.program import main

        return main([_scenario(options), "--seed", str(options.seed), *_more(options)])
    if not on_a_terminal():
        complain("backtop demo: the dashboard needs a terminal for input, output and errors; --headless does not")
        return WRONG_USAGE
    return on_a_loop(_watch(options))


def _list(*, as_json: bool) -> int:
    from tui.demo.launch import listing
    from tui.demo.wish import ONSET

    if as_json:
        say_json([{**asdict(each), "onset_seconds": ONSET if each.causes else None} for each in listing()])
        return 0
    for summary in listing():
        say(f"{summary.name:<14} {summary.title}\n{'':<14} {summary.wrong}")
        if summary.right:
            say(f"{'':<14} right: {', '.join(summary.right)}; harmful: {', '.join(summary.harmful)}")
    say(
        f"all begin well: incidents come {ONSET:g} s after the platform is up, or after --onset SECONDS; with --onset 0"
    )
    say("they are under way from the start")
    return 0


def _scenario(options: argparse.Namespace) -> str:
    from tui.demo.world.scenario import USUAL

    return USUAL if options.scenario is None else str(options.scenario)


def _more(options: argparse.Namespace) -> list[str]:
    words = [f"--jobs={options.jobs}", f"--symbols={options.symbols}"]
    words += [] if options.quirks is None else [f"--quirks={options.quirks}"]
    words += [] if options.dir is None else [f"--dir={options.dir}"]
    return words if options.onset is None else [*words, f"--onset={options.onset:g}"]


async def _watch(options: argparse.Namespace) -> int:
    from tui.demo.launch import LaunchError, launch

    scenario = _scenario(options)
    complain(f"starting the embedded platform ({scenario}) …")
    try:
        platform = await launch(scenario, options.seed, None, *_more(options))
    except LaunchError as error:
        complain(f"{error}")
        return error.code
    try:
        complain(_by_hand(platform))
        from tui.terminal import on_terminal

        overrides = {"read_only": True} if options.read_only else {}
        app = on_terminal(load(platform.config, None, overrides=overrides))
        if options.theme is not None:
            app.theme = options.theme
        await app.run_async()
        return app.return_code or 0
    finally:
        await platform.stop()


def _by_hand(platform: "Platform") -> str:
    """What somebody has to know who types a runbook's lines in another terminal while the dashboard is open."""
    return (
        "to work on it by hand in another terminal, as long as the dashboard is open:\n"
        f'    export PATH={shlex.quote(str(platform.bin))}:"$PATH"\n'
        f"    its API is at {platform.api}\n"
        f"    which place of a runbook is where: {platform.readme}"
    )
