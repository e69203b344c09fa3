"""The engine's files: space, sizes and ages, as they were found below its root."""

from backend.frozen import dataclass


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Space below the engine's root. The worse of the file system and the quota counts."""

    total: int
    used: int
    free: int
    percent: float
    """As `df` counts: used of what is usable by us."""
    by_quota: bool
    """Whether the quota is what limits, not the file system."""
    hidden: int = 0
    """Folders that could not be looked into: then there may be more in use of the quota than is told."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One directory of a running job and its size."""

    name: str
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class OldFiles:
    """How much of one kind is old enough to be deleted."""

    kind: str
    """`temp`, `scratch`, `completed` or `results`."""
    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FileTree:
    """What lies below the engine's root, by size and age."""

    active: tuple[Folder, ...]
    """Largest first."""
    old: tuple[OldFiles, ...]
    unreadable: int = 0
    """Folders and files that we may not look into."""
    absent: tuple[str, ...] = ()
    """Folders of an engine that are not there: what should lie in them is not counted, rather than not old."""
