"""What runs one backtest: `python -m backtest.worker --job ID --strategy NAME --output FOLDER`.

The engine sends `seconds memory_mb signal exit_code growth_mb guarded quota` as one line on standard input and keeps
the pipe open; its end means that the engine is gone. Only what costs next to no memory is imported: many of these run
side by side.
"""

import errno
import os
import select
import sys
import time

OUTPUT = "partial.bin"
"""The file that is begun anew in each run of a job."""
TICK = 0.5
BUSY = 0.002
"""Seconds of computing in each tick."""
PAGE = 4096
MOST_OUTPUT = 16 << 20
AT_ONCE = 16 * PAGE
"""Bytes that this worker and others may write at the same moment, each without the others' knowledge."""
ENGINE_GONE, OUTPUT_GONE, NO_ROOM = 75, 74, 76
"""Exit codes: the engine went away, somebody took away what is written, or there is no room for it."""
INTERPRETER = 10
"""Megabytes that the interpreter itself usually takes; who grows makes up for a smaller or a larger one."""
GROWTH = 5.0
"""Seconds that the growth of the memory takes."""
EXPENDABLE = "500"
"""What an ordinary worker adds to its points for the kernel's choice when memory is short."""


def touched(megabytes: int) -> bytearray:
    """Memory that is really there: every page was written to."""
    memory = bytearray(megabytes << 20)
    for page in range(0, len(memory), PAGE):
        memory[page] = 1
    return memory


def compute(memory: bytearray, place: int) -> int:
    """Walk over the memory for `BUSY` seconds from `place`; gives back where it stopped."""
    until = time.perf_counter() + BUSY
    while time.perf_counter() < until:
        place = (place + PAGE) % len(memory)
        memory[place] = (memory[place] + 1) & 0xFF
    return place


def resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 - pathlib costs more memory than the rest
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def grow(grown: list[bytearray], size: int, growth: int, passed: float) -> None:
    """Take what is due after `passed` seconds: in the end there are `size + growth` MB beside the interpreter."""
    target = INTERPRETER + size + growth * min(1.0, passed / GROWTH)
    due = int(target) - (resident() >> 20)
    if due > 0:
        grown.append(touched(due))


def offer() -> None:
    """Be among the first that the kernel ends when memory is short."""
    with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - as above
        file.write(EXPENDABLE)


def is_there(output: str, handle: int) -> bool:
    """Whether what is written still has its name; nobody could read it without, and another file may have it now."""
    try:
        found = os.stat(output)  # noqa: PTH116 - as above
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return os.path.samestat(found, os.fstat(handle))


def taken(folder: str) -> int:
    """Bytes on the disk that everything below `folder` takes; what has several names counts once."""
    sizes: dict[int, int] = {}
    left = [folder]
    while left:
        try:
            for entry in os.scandir(left.pop()):
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    sizes[entry.inode()] = 512 * entry.stat(follow_symlinks=False).st_blocks
        except OSError:
            continue  # it is gone since, or nobody may look
    return sum(sizes.values())


def store(handle: int, place: int, piece: bytes | bytearray, files: str, quota: int) -> None:
    """Write `piece` at `place`. OSError when that needs room and what lies in `files` leaves none of its `quota`."""
    if place >= os.fstat(handle).st_size and taken(files) + AT_ONCE > quota:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.pwrite(handle, piece, place)


def run(seconds: float, memory: bytearray, growth: int, output: str, quota: int) -> int:
    """Compute and write for `seconds`; 0 unless the engine, or what was written, went away meanwhile."""
    begin = time.monotonic()
    end = begin + seconds
    place = written = 0
    files = os.path.dirname(os.path.dirname(os.path.dirname(output)))  # noqa: PTH120 - as above
    grown: list[bytearray] = []
    with open(output, "wb", buffering=0) as file:  # noqa: PTH123 - as above
        while (left := end - time.monotonic()) > 0:
            if select.select([0], [], [], min(TICK, left))[0]:
                return ENGINE_GONE
            if not is_there(output, file.fileno()):
                return OUTPUT_GONE
            if growth:
                grow(grown, len(memory) >> 20, growth, time.monotonic() - begin)
            place = compute(memory, place)
            store(file.fileno(), written, memory[:PAGE], files, quota)
            written = (written + PAGE) % MOST_OUTPUT
    return 0


def main() -> int:
    """Run the job of the command line; gives back the exit code."""
    folder = sys.argv[sys.argv.index("--output") + 1]
    task = os.read(0, 200).split()
    if not task:
        return ENGINE_GONE
    seconds, megabytes, number, exit_code, growth, guarded, quota = task
    if guarded == b"0":
        offer()
    try:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - as above
        gone = run(float(seconds), touched(int(megabytes)), int(growth), f"{folder}/{OUTPUT}", int(quota))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return NO_ROOM
    if gone:
        return gone
    if int(number):
        os.kill(os.getpid(), int(number))
    return int(exit_code)


if __name__ == "__main__":
    sys.exit(main())
