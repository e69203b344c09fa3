"""The resources pane: the machine against its limits, the engine, its workers, its files (runbook, Diagnostics 2)."""

from backend.config.model import Limits
from backend.model.engine import Unit
from backend.model.files import DiskUse, FileTree
from backend.model.host import HostCounters, Process, ProcessTable
from backend.model.situation import Situation
from backend.parts import ENGINE_UNIT, FILES_DISK, FILES_TREE, HOST_COUNTERS, HOST_PROCESSES
from widgets.present.view import Look, PaneView, grave, standing, state_line
from widgets.present.words import against, fitting, joined, labelled, percent, since, size, span, spark
from widgets.table_columns import Column, Flex
from widgets.table_rows import Cell, Row
from widgets.text import Glyphs, Line, Span, Tone

PARTS = (HOST_COUNTERS, HOST_PROCESSES, ENGINE_UNIT, FILES_DISK, FILES_TREE)
SPARK_CELLS = 8
WIDE = 76
"""Cells from which two gauges stand on one line."""

COLUMNS = (
    Column("pid", "pid", width=7, align="right", priority=7),
    Column("job", "job", width=6, priority=5),
    Column("run", "run", width=4, align="right", priority=6, quiet=True),
    Column("cpu", "cpu", width=5, align="right", priority=4, quiet=True),
    Column("mem", "mem", width=5, align="right", priority=8, quiet=True),
    Column("command", "command", width=Flex(10, weight=3), priority=9, essential=True),
)


def view(look: Look) -> PaneView:
    """Everything the resources pane shows."""
    situation, limits, glyphs = look.situation, look.limits, look.glyphs
    stand = standing(look, PARTS)
    host, disk = situation.value(HOST_COUNTERS), situation.value(FILES_DISK)
    unit, table = situation.value(ENGINE_UNIT), situation.value(HOST_PROCESSES)
    tone, word = _state(host, disk, unit, limits)
    return PaneView(
        face=stand.face,
        state=state_line(stand, tone, word, glyphs),
        head=_compact(situation, limits, look.width) if look.low else _head(situation, limits, look.width, glyphs),
        rows=tuple(_rows(table, situation)),
        foot=() if look.low else _foot(situation.value(FILES_TREE), look.width),
        notices=stand.notices,
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
    if unit is not None and not unit.running:
        judged.append(("bad", f"engine {unit.active}"))
    worst = grave(*(tone for tone, _ in judged))
    return next((tone, word) for tone, word in judged if tone == worst)


def _head(situation: Situation, limits: Limits, width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    host, disk = situation.value(HOST_COUNTERS), situation.value(FILES_DISK)
    gauges = [
        _cpu(situation, host, glyphs),
        _memory(situation, host, limits, glyphs),
        _disk(situation, disk, limits, glyphs),
        _engine(situation, limits),
    ]
    if width < WIDE:
        return tuple(gauge for gauge in gauges if gauge)
    pairs = zip(gauges[::2], gauges[1::2], strict=True)
    return tuple(line for left, right in pairs if (line := _beside(left, right, width)))


def _compact(situation: Situation, limits: Limits, width: int) -> tuple[Line, ...]:
    host, disk, unit = situation.value(HOST_COUNTERS), situation.value(FILES_DISK), situation.value(ENGINE_UNIT)
    figures: list[Line] = []
    if host is not None:
        figures.append(labelled("cpu", percent(host.cpu_percent)))
        figures.append(labelled("mem", percent(memory := host.memory_percent), against(memory, limits.memory_percent)))
    if disk is not None:
        figures.append(labelled("disk", percent(disk.percent), against(disk.percent, limits.disk_percent)))
    lines = [fitting(figures, width, "  ")]
    if unit is not None:
        lines.append(_engine(situation, limits))
    return tuple(line for line in lines if line)


def _beside(left: Line, right: Line, width: int) -> Line:
    taken = sum(len(one.text) for one in left)
    return (*left, Span(" " * max(2, width // 2 - taken)), *right) if right else left


def _history(situation: Situation, name: str, glyphs: Glyphs) -> str:
    histories = situation[FILES_DISK].history if name == "disk" else situation[HOST_COUNTERS].history
    return spark(histories.get(name, ()), SPARK_CELLS, glyphs)


def _cpu(situation: Situation, host: HostCounters | None, glyphs: Glyphs) -> Line:
    if host is None:
        return ()
    return (
        Span("cpu  ", "dim"), Span(_history(situation, "cpu", glyphs), "accent"),
        Span(f" {percent(host.cpu_percent):>5}"), Span("  load ", "dim"), Span(f"{host.load[0]:.1f}"),
        Span(f" of {host.cores}", "dim"),
    )  # fmt: skip


def _memory(situation: Situation, host: HostCounters | None, limits: Limits, glyphs: Glyphs) -> Line:
    if host is None:
        return ()
    share = host.memory_percent
    swap = 100 * host.swap_used / host.swap_total if host.swap_total else 0.0
    return (
        Span("mem  ", "dim"), Span(_history(situation, "memory", glyphs), "accent"),
        Span(f" {percent(share):>5}", against(share, limits.memory_percent)),
        Span(f" <{limits.memory_percent:g}", "dim"), Span("  swap ", "dim"), Span(percent(swap)),
    )  # fmt: skip


def _disk(situation: Situation, disk: DiskUse | None, limits: Limits, glyphs: Glyphs) -> Line:
    if disk is None:
        return ()
    what = "quota" if disk.by_quota else "of"
    return (
        Span("disk ", "dim"), Span(_history(situation, "disk", glyphs), "accent"),
        Span(f" {percent(disk.percent):>5}", against(disk.percent, limits.disk_percent)),
        Span(f" <{limits.disk_percent:g}", "dim"), Span(f"  {what} {size(disk.total)}", "dim"),
    )  # fmt: skip


def _engine(situation: Situation, limits: Limits) -> Line:
    unit = situation.value(ENGINE_UNIT)
    if unit is None:
        return ()
    tone: Tone = "ok" if unit.running else "bad"
    word = unit.active if unit.running or unit.result in ("", "success") else f"{unit.active} ({unit.result})"
    parts: list[Line] = [(Span("engine ", "dim"), Span(word, tone), Span(f" {since(unit.active_since, situation.at)}"))]
    if unit.memory_percent is not None:
        parts.append((Span(percent(unit.memory_percent), against(unit.memory_percent, limits.memory_percent)),
                      Span(f" of {size(unit.memory_max)}", "dim")))  # fmt: skip
    if unit.restarts:
        parts.append((Span(f"{unit.restarts} restarts", "warn"),))
    return joined(parts, "  ")


def _rows(table: ProcessTable | None, situation: Situation) -> list[Row]:
    if table is None:
        return []
    ordered = sorted(table.processes, key=lambda process: (not process.worker, -process.rss, process.pid))
    return [_row(process, situation) for process in ordered]


def _row(process: Process, situation: Situation) -> Row:
    ran = (situation.at - process.started_at).total_seconds()
    tone: Tone = "plain" if process.worker else "dim"
    command = _shortened(process.command) if process.worker else f"(not the engine's) {_shortened(process.command)}"
    return Row(
        f"{process.pid}@{process.started_at.timestamp():.2f}",
        (
            Cell(str(process.pid), tone, process.pid),
            Cell(process.job or "–", tone),
            Cell(span(ran), tone, ran),
            Cell(f"{process.cpu_percent:.0f} %", tone, process.cpu_percent),
            Cell(size(process.rss), "strong" if process.worker else "dim", process.rss),
            Cell(command, tone),
        ),
    )


def _shortened(command: str) -> str:
    """A command line without the folder of its program, which says little and is long."""
    program, space, arguments = command.partition(" ")
    return f"{program.rpartition('/')[2]}{space}{arguments}"


def _foot(tree: FileTree | None, width: int) -> tuple[Line, ...]:
    if tree is None:
        return ()
    lines: list[Line] = []
    if tree.active:
        largest = [(Span(size(folder.bytes), "strong"), Span(f" {folder.name}")) for folder in tree.active[:4]]
        lines.append((Span("active  ", "dim"), *fitting(largest, width - 8)))
    old = [kind for kind in tree.old if kind.count]
    if old:
        words = [(Span(f"{kind.kind} {kind.count} · "), Span(size(kind.bytes), "strong")) for kind in old]
        lines.append((Span("old     ", "dim"), *fitting(words, width - 8)))
    return tuple(lines)
