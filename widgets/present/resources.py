"""The resources pane: the machine against its limits, the engine, its workers, its files (runbook, Diagnostics 2)."""

from typing import Any

from backend.config.model import Limits
from backend.model.engine import Unit
from backend.model.files import DiskUse
from backend.model.host import HostCounters, Process
from backend.model.situation import Part
from backend.parts import ENGINE_UNIT, FILES_DISK, FILES_TREE, HOST_COUNTERS, HOST_PROCESSES
from backend.text import counted, percent
from widgets.present.elsewhere import elsewhere, of_load
from widgets.present.faces import Standing, aged, dated, old, standing, state_line
from widgets.present.view import Look, PaneView, grave
from widgets.present.words import (
    against,
    first,
    joined,
    labelled,
    name_as_number,
    runtime_tone,
    since,
    size,
    span,
    spark,
    weightiest,
)
from widgets.table_rows import Cell, Row
from widgets.text import Line, Span, Tone, line_width

PARTS = (HOST_COUNTERS, HOST_PROCESSES, ENGINE_UNIT, FILES_DISK, FILES_TREE)
SPARK_CELLS = range(8, 25)
"""The least and the most cells of a history, the last excluded."""
GAUGE_CELLS = 34
"""Cells of a gauge beside its history."""
WIDE = 76
"""Cells from which two gauges stand on one line."""
LARGEST = 8
"""How many active directories are told at most."""


def view(look: Look) -> PaneView:
    """Everything the resources pane shows."""
    situation = look.situation
    stand = standing(look, PARTS)
    tone, word = _state(
        situation.fresh(HOST_COUNTERS), situation.fresh(FILES_DISK), situation.fresh(ENGINE_UNIT), look.limits
    )
    figures = _figures(look, stand)
    head = _compact(look, stand, figures) if look.low else _gauges(look, stand)
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, look.glyphs),
        head=head,
        rows=tuple(_rows(look)),
        foot=() if look.low else _foot(look, stand),
        notices=stand.notices,
        why=stand.why,
        elsewhere=elsewhere(look, HOST_COUNTERS, of_load(situation)),
        brief=tuple(part for part in (*figures, _engine_memory(look), _engine(look, stand)) if part),
        rows_stale=old(look, HOST_PROCESSES),
    )


def memory_percent(host: HostCounters | None, unit: Unit | None) -> float | None:
    """The worse of the machine's memory and the unit's against its own limit."""
    shares = [host.memory_percent if host else None, unit.memory_percent if unit else None]
    return max((share for share in shares if share is not None), default=None)


def _state(host: HostCounters | None, disk: DiskUse | None, unit: Unit | None, limits: Limits) -> tuple[Tone, str]:
    memory = memory_percent(host, unit)
    judged: list[tuple[Tone, str]] = [("ok", "ok")]
    if memory is not None:
        judged.append((against(memory, limits.memory_percent), "memory"))
    if disk is not None:
        judged.append((against(disk.percent, limits.disk_percent), "disk"))
        judged.append(("warn" if disk.hidden else "ok", "disk not all seen"))
    if unit is not None and not unit.running:
        judged.append(("bad", f"engine {unit.active}"))
    worst = grave(*(tone for tone, _ in judged))
    return next((tone, word) for tone, word in judged if tone == worst)


def _gauges(look: Look, stand: Standing) -> tuple[Line, ...]:
    beside = look.width >= WIDE
    cells = _spark_cells(look.width // 2 if beside else look.width)
    gauges = [_cpu(look, stand, cells), _memory(look, cells), _disk(look, stand, cells), _engine(look, stand)]
    if not beside:
        return tuple(gauge for gauge in gauges if gauge)
    pairs = zip(gauges[::2], gauges[1::2], strict=True)
    return tuple(line for left, right in pairs if (line := _beside(left, right, look.width)))


def _spark_cells(width: int) -> int:
    return max(SPARK_CELLS.start, min(width - GAUGE_CELLS, SPARK_CELLS.stop - 1))


def _figures(look: Look, stand: Standing) -> tuple[Line, ...]:
    situation, limits = look.situation, look.limits
    host, disk = situation.value(HOST_COUNTERS), situation.value(FILES_DISK)
    figures: list[Line] = []
    if host is not None:
        memory = _held("mem", host.memory_percent, limits.memory_percent)
        figures += dated(look, stand, HOST_COUNTERS, [labelled("cpu", percent(host.cpu_percent)), memory])
    if disk is not None:
        share = labelled("disk", _of_disk(disk, limits), against(disk.percent, limits.disk_percent))
        figures += dated(look, stand, FILES_DISK, [share])
    return tuple(figures)


def _compact(look: Look, stand: Standing, figures: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line for line in (weightiest(figures, look.width, "  "), _engine(look, stand)) if line)


def _engine_memory(look: Look) -> Line:
    """The engine's memory alone, where it is short against its own limit: the machine's may not be."""
    unit = look.situation.value(ENGINE_UNIT)
    if unit is None or unit.memory_percent is None:
        return ()
    words = _held("engine mem", unit.memory_percent, look.limits.memory_percent)
    return () if words[-1].tone == "ok" else aged(look, ENGINE_UNIT, words)


def _held(label: str, share: float, limit: float) -> Line:
    """A share of something, in the tone of how it stands against its limit."""
    return labelled(label, percent(share, limit=limit), against(share, limit))


def _beside(left: Line, right: Line, width: int) -> Line:
    taken = line_width(left)
    return (*left, Span(" " * max(2, width // 2 - taken)), *right) if right else left


def _history(look: Look, part: Part[Any], name: str, cells: int) -> Span:
    return Span(spark(look.situation[part].history.get(name, ()), cells, look.glyphs), "accent")


def _cpu(look: Look, stand: Standing, cells: int) -> Line:
    host = look.situation.value(HOST_COUNTERS)
    if host is None:
        return ()
    words = (
        Span("cpu  ", "dim"), _history(look, HOST_COUNTERS, "cpu", cells), Span(f" {percent(host.cpu_percent):>5}"),
        Span("  load ", "dim"), Span(f"{host.load[0]:.1f}"), Span(f" of {host.cores}", "dim"),
    )  # fmt: skip
    return dated(look, stand, HOST_COUNTERS, [words])[0]


def _memory(look: Look, cells: int) -> Line:
    host, limit = look.situation.value(HOST_COUNTERS), look.limits.memory_percent
    if host is None:
        return ()
    share = host.memory_percent
    swap = 100 * host.swap_used / host.swap_total if host.swap_total else 0.0
    words = (
        Span("mem  ", "dim"), _history(look, HOST_COUNTERS, "memory", cells),
        Span(f" {percent(share, limit=limit):>5}", against(share, limit)), Span(f" <{limit:g}", "dim"),
        Span("  swap ", "dim"), Span(percent(swap)),
    )  # fmt: skip
    return aged(look, HOST_COUNTERS, words)


def _disk(look: Look, stand: Standing, cells: int) -> Line:
    disk, limit = look.situation.value(FILES_DISK), look.limits.disk_percent
    if disk is None:
        return ()
    words = (
        Span("disk ", "dim"), _history(look, FILES_DISK, "disk", cells),
        Span(f" {_of_disk(disk, look.limits):>5}", against(disk.percent, limit)), Span(f" <{limit:g}", "dim"),
        Span(f"  {'quota' if disk.by_quota else 'of'} {size(disk.total)}", "dim"),
    )  # fmt: skip
    return dated(look, stand, FILES_DISK, [words])[0]


def _of_disk(disk: DiskUse, limits: Limits) -> str:
    """How much is in use; at least so much where not everything could be looked into."""
    return f"{'>' if disk.hidden else ''}{percent(disk.percent, limit=limits.disk_percent)}"


def _engine(look: Look, stand: Standing) -> Line:
    unit = look.situation.value(ENGINE_UNIT)
    if unit is None:
        return ()
    tone: Tone = "ok" if unit.running else "bad"
    word = unit.active if unit.running or unit.result in ("", "success") else f"{unit.active} ({unit.result})"
    age = since(unit.active_since, look.situation.at)
    parts: list[Line] = [(Span("engine ", "dim"), Span(word, tone), Span(f" {age}"))]
    if unit.memory_percent is not None:
        used = _held("mem", unit.memory_percent, look.limits.memory_percent)
        parts.append((*used, Span(f" of {size(unit.memory_max)}", "dim")))
    if unit.restarts:
        parts.append((Span(f"{unit.restarts} restarts", "warn"),))
    return weightiest(dated(look, stand, ENGINE_UNIT, parts), look.width, "  ")


def _rows(look: Look) -> list[Row]:
    table = look.situation.value(HOST_PROCESSES)
    if table is None:
        return []
    ordered = sorted(table.processes, key=lambda process: (process.worker is False, -process.rss, process.pid))
    return [_row(process, look, unit_known=table.unit_known) for process in ordered]


def _row(process: Process, look: Look, *, unit_known: bool) -> Row:
    situation = look.situation
    ran = (situation.at - process.started_at).total_seconds()
    tone: Tone = "dim" if process.worker is False else "plain"
    command = f"{_whose(process, situation.value(ENGINE_UNIT), unit_known=unit_known)}{_shortened(process.command)}"
    return Row(
        f"{process.pid}@{process.started_at.timestamp():.2f}",
        (
            Cell(str(process.pid), tone, process.pid),
            Cell(process.job or "–", tone, name_as_number(process.job or "")),
            Cell(span(ran), tone if process.worker is False else runtime_tone(ran, look.limits.runtime_minutes), ran),
            Cell(f"{process.cpu_percent:.0f} %", tone, process.cpu_percent),
            Cell(size(process.rss), "strong" if process.worker else tone, process.rss),
            Cell(command, tone),
        ),
    )


def _whose(process: Process, unit: Unit | None, *, unit_known: bool) -> str:
    """Whose a process is that is not known to be one of the engine's workers."""
    if process.worker:
        return ""
    if unit is not None and process.pid == unit.main_pid:
        return "(the engine itself) "
    return "(not the engine's) " if unit_known else "(whose?) "


def _shortened(command: str) -> str:
    """A command line without the folder of its program, which says little and is long."""
    program, space, arguments = command.partition(" ")
    return f"{program.rpartition('/')[2]}{space}{arguments}"


def _foot(look: Look, stand: Standing) -> tuple[Line, ...]:
    tree = look.situation.value(FILES_TREE)
    if tree is None:
        return ()
    room, dot = look.width - 8, look.glyphs.dot
    lines: list[Line] = []
    if tree.active:
        largest = [(Span(size(folder.bytes), "strong"), Span(f" {folder.name}")) for folder in tree.active[:LARGEST]]
        lines.append((Span("active  ", "dim"), *joined(first(largest, room, of=len(tree.active)))))
    kinds = [kind for kind in tree.old if kind.count]
    if kinds:
        words = [(Span(f"{kind.kind} {kind.count} {dot} "), Span(size(kind.bytes), "strong")) for kind in kinds]
        lines.append((Span("old     ", "dim"), *joined(first(words, room))))
    if tree.unreadable:
        lines.append((Span(f"{counted(tree.unreadable, 'folder')} cannot be looked into", "warn"),))
    if tree.absent:
        lines.append((Span(f"no folder {', '.join(tree.absent)} below the engine's root", "warn"),))
    return dated(look, stand, FILES_TREE, lines)
