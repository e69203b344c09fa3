"""Folders of the files that are put aside for a while: nobody reaches what they hold, and all of it is there."""

import os
from collections.abc import Iterator
from pathlib import Path

from tui.demo.layout import Layout


def is_folder(path: Path) -> bool:
    """Whether there is a folder, and not only a link to one."""
    return path.is_dir() and not path.is_symlink()


def put_aside(layout: Layout) -> Iterator[tuple[Path, Path]]:
    """The folders that are put aside now, and where each of them is."""
    for folder in (layout.temp, layout.results):
        aside = layout.aside(folder)
        if is_folder(aside):
            yield folder, aside


def is_there(layout: Layout, path: Path) -> bool:
    """Whether there is such a file, even if it is put aside with its folder, and nobody reaches it."""
    return path.exists() or (layout.aside(path.parent) / path.name).exists()


def whereabouts(layout: Layout, folder: Path) -> Path:
    """Where a file of `folder` is written to: what somebody made anew in the place of one put aside takes it."""
    aside = layout.aside(folder)
    return aside if is_folder(aside) and not is_folder(folder) else folder


def merge(source: Path, target: Path) -> None:
    """Move what `source` holds into `target`, which loses nothing: what has a name already gets another one."""
    for path in source.iterdir():
        there = target / path.name
        if is_folder(path) and is_folder(there):
            merge(path, there)
        else:
            path.rename(free(there))


def free(path: Path) -> Path:
    """`path`, or what comes closest to it that nothing is called yet."""
    while os.path.lexists(path):
        path = path.with_name(f"{path.name}~")
    return path
