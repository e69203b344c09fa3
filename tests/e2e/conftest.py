from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.stand import BACKTOP, Stand, environment, standing
from tests.e2e.terminal import Terminal

Open = Callable[..., Terminal]


@pytest.fixture(scope="module")
def data_gap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing("data-gap", tmp_path_factory.mktemp("data-gap")) as stand:
        yield stand


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing("calm", tmp_path_factory.mktemp("calm")) as stand:
        yield stand


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens `backtop ARGUMENTS` in a terminal; ends it with the test."""
    terminals: list[Terminal] = []

    def open_terminal(*arguments: str, columns: int = 120, lines: int = 40) -> Terminal:
        terminals.append(Terminal(BACKTOP, *arguments, columns=columns, lines=lines, environment=environment(tmp_path)))
        return terminals[-1]

    yield open_terminal
    for terminal in terminals:
        terminal.close()
