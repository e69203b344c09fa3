"""The engine's unit, by one `systemctl show`."""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from backend.clients import sudo, systemctl
from backend.clients.sudo_listing import may_be_free
from backend.command import CommandResult, CommandRunner, pointing_at
from backend.errors import BadAnswer, NotAllowed, Refused, SourceError
from backend.model.engine import ASKED, Unit, UnitVerb, verb_argv
from backend.text import clean
from backend.user import user_name

PROPERTIES = (
    "Id", "LoadState", "ActiveState", "SubState", "Result", "MainPID", "NRestarts", "InvocationID",
    "ActiveEnterTimestamp", "StateChangeTimestamp", "MemoryCurrent", "MemoryMax", "ControlGroup",
    "StartLimitIntervalUSec",
)  # fmt: skip
SECONDS = 4.0
CONTROL_SECONDS = 95.0
"""A stop may take its 90 seconds before it becomes a kill."""
NO_LIMIT = 2**63
"""What systemd says when it means infinity, or does not know, comes as a number near 2^64 from older ones."""

_STAMP = re.compile(
    r"(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: ([A-Z]{3,5}|[+-]\d\d(?::?\d\d)?))?"
)
LONGEST_SPAN = 80
"""Characters."""
_SECONDS = {
    "us": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0,
    "month": 2_629_800.0, "y": 31_557_600.0, "": 1.0,
}  # fmt: skip
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|μs|ms|s|min|h|d|w|month|y|)")
_NO_SYSTEMD = re.compile(
    r"not been booted with systemd|failed to connect to (?:the )?(?:system )?bus|host is down", re.I
)
_NOT_IN_SUDOERS = re.compile(
    r"password is required|a terminal is required|interactive authentication is required"
    r"|is not allowed to (?:execute|run)|is not in the sudoers file|may not run sudo",
    re.I,
)
"""How a `sudo` says no; what a `systemctl` behind it says in its place is worded otherwise."""
_NO_RIGHT = re.compile(
    r"permission denied|access denied|authentication (?:is )?required|password is required|not allowed", re.I
)


class EngineClient:
    """Asks the service manager. `systemctl_argv` may have `sudo -n` or `ssh host` in front; see `systemctl`."""

    def __init__(self, unit: str, systemctl_argv: Sequence[str], runner: CommandRunner) -> None:
        self._unit = unit
        self._argv = tuple(systemctl_argv)
        self._runner = runner

    @property
    def place(self) -> str:
        """Which service manager is asked: this host's, unless the command goes to another one."""
        return systemctl.place(self._argv)

    @property
    def here(self) -> bool:
        """Whether processes and files of this host are the unit's own, as far as the command tells."""
        return systemctl.manager(self._argv).here

    def argv(self, verb: UnitVerb) -> tuple[str, ...]:
        """Exactly what is run for a verb."""
        return verb_argv(self._argv, verb, self._unit)

    async def control(self, verb: UnitVerb) -> str:
        """Ask the service manager for something, once; its word on it.

        After `TimedOut` or `CutOff` it may happen all the same.
        """
        with pointing_at("engine.systemctl"):
            result = await self._runner.run(self.argv(verb), timeout=CONTROL_SECONDS)
        if result.code:
            raise self._refusal(verb, result)
        return f"exit 0 {result.word}" if result.stdout or result.stderr else "exit 0"

    def _refusal(self, verb: UnitVerb | Literal["show"], result: CommandResult) -> SourceError:
        """Why a verb was refused; where `sudo` did so, with all lines of sudoers that are needed."""
        if sudo.parse(self._showing) is None or not _NOT_IN_SUDOERS.search(result.stderr):
            return _failure(self._argv[0], result, verb)
        said = f"sudo does not {verb} the unit without a password: lines for it are missing in sudoers\n{self._rules()}"
        return NotAllowed(said, clean(result.stderr, 300))

    def _rules(self) -> str:
        """All lines of sudoers that looking at the unit and acting on it need: one visit to that file is enough."""
        calls = map(sudo.parse, (self._showing, *map(self.argv, ASKED)))
        return "\n".join(clean(call.rule(user_name())) for call in calls if call is not None)

    async def needs_password(self, verb: UnitVerb) -> str | None:
        """All lines of sudoers that are needed, when `sudo` would ask for a password, which nobody can type here.

        None when it asks for none, or when that cannot be known before: a program of its own tells it the password, or
        the words are not a plain command.
        """
        call = sudo.parse(self.argv(verb))
        if call is None or call.has("askpass"):
            return None
        with pointing_at("engine.systemctl"):
            return None if await self._may(call) else self._rules()

    async def _may(self, call: sudo.SudoCall) -> bool:
        """Whether `sudo` would run it without a password, as far as it tells."""
        if not await self._succeeds(call.asking):
            return False
        listed = await self._runner.run(call.listing, timeout=SECONDS)
        if listed.code or may_be_free(listed.stdout, call.found):
            return True
        return await self._succeeds(call.validating)

    async def _succeeds(self, argv: Sequence[str]) -> bool:
        return (await self._runner.run(argv, timeout=SECONDS)).code == 0

    async def unit(self) -> Unit:
        """The state of the unit; one that does not exist has the load state `not-found`."""
        with pointing_at("engine.systemctl"):
            result = await self._runner.run(self._showing, timeout=SECONDS)
        told = _properties(result.stdout)
        if "LoadState" not in told or "ActiveState" not in told:
            raise self._refusal("show", result)
        return decode_unit(self._unit, told)

    @property
    def _showing(self) -> tuple[str, ...]:
        return (*self._argv, "show", self._unit, "-p", ",".join(PROPERTIES))


def decode_unit(name: str, told: Mapping[str, str]) -> Unit:
    """The unit of its properties; what is empty, `[not set]`, `n/a` or without an end is None."""
    return Unit(
        name=clean(told.get("Id") or name, 200),
        load=_word(told, "LoadState"),
        active=_word(told, "ActiveState"),
        sub=_word(told, "SubState"),
        result=_word(told, "Result"),
        main_pid=_number(told, "MainPID") or None,
        restarts=_number(told, "NRestarts"),
        invocation=_word(told, "InvocationID"),
        active_since=timestamp(told.get("ActiveEnterTimestamp", "")),
        changed_at=timestamp(told.get("StateChangeTimestamp", "")),
        memory_current=_number(told, "MemoryCurrent"),
        memory_max=_number(told, "MemoryMax"),
        control_group=clean(told.get("ControlGroup", ""), 500),
        start_limit=seconds(told.get("StartLimitIntervalUSec", "")),
    )


def timestamp(text: str) -> datetime | None:
    """A moment as systemd writes it: `Sun 2026-11-22 13:05:11 UTC`, with other zones, or `@` and epoch seconds.

    The name of a zone that is neither UTC nor this host's tells nothing that can be relied on: None.
    """
    try:
        if text.startswith("@"):
            return datetime.fromtimestamp(float(text[1:]), UTC)
        found = _STAMP.fullmatch(text.strip())
        if found is None:
            return None
        day, hour, zone = found.groups()
        told = datetime.fromisoformat(f"{day} {hour}")
        if zone in time.tzname and zone not in {"UTC", "GMT"}:
            return told.astimezone(UTC)
        offset = _offset(zone)
        return None if offset is None else told.replace(tzinfo=offset).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def seconds(text: str) -> float | None:
    """A time span as systemd writes it, `1min 30s`, in seconds; None for one without an end, or that is none."""
    spans = [_SPAN.fullmatch(word) for word in text.split()]
    if not spans or len(text) > LONGEST_SPAN or not all(spans):
        return None
    return sum(float(span[1]) * _SECONDS[span[2]] for span in spans if span)


def _offset(zone: str | None) -> timezone | None:
    if zone in {None, "UTC", "GMT"}:
        return UTC
    if zone[0] not in "+-":
        return None
    digits = zone[1:].replace(":", "").ljust(4, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(away if zone[0] == "+" else -away)


def _properties(output: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in output.splitlines())
    return {name: value.strip() for name, is_pair, value in pairs if is_pair and name in PROPERTIES}


def _word(told: Mapping[str, str], name: str) -> str:
    return clean(told.get(name, ""), 80)


def _number(told: Mapping[str, str], name: str) -> int | None:
    text = told.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        return None
    value = int(text)
    return value if value < NO_LIMIT else None


def _failure(command: str, result: CommandResult, verb: str) -> SourceError:
    said = f"{result.stderr}\n{result.stdout}"
    detail = clean(said, 300)
    if _NO_RIGHT.search(said):
        return NotAllowed(f"{command} may not {verb} the unit: {result.word}; the setting is engine.systemctl", detail)
    if _NO_SYSTEMD.search(said):
        return Refused(f"no service manager answers {command}: is systemd running on this host?", detail)
    if result.code:
        return Refused(f"{command} failed: {result.word}", detail)
    return BadAnswer(f"{command} answered with something that is no unit's state", detail)
