"""Keys that a terminal writes at once, as `tmux send-keys` and a slow connection do."""

import pytest

from tests.e2e.conftest import Open
from tests.e2e.stand import Stand
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e


@pytest.fixture
def watching(opened: Open, data_gap: Stand) -> Terminal:
    """The dashboard with failed jobs."""
    terminal = opened("--config", str(data_gap.config))
    terminal.shows("2 Failures", "No data for", "1 Jobs")
    return terminal


def test_a_filter_and_its_key_in_one_write(watching: Terminal) -> None:
    watching.press("/sap")
    watching.shows("2 Failures /sap ")
    assert watching.text.splitlines()[-1].strip() == "sap"


def test_a_filter_its_end_and_what_follows_in_one_write(watching: Terminal) -> None:
    watching.press("/signal 9\r\x1b[B ")
    watching.shows("2 Failures /signal 9 ")
    watching.until(lambda: "•" in watching.line_with("killed (signal 9)  "), "the mark on the only row that passes")
    watching.until(lambda: "z zoom" in watching.text.splitlines()[-1], "the keys in the place of the filter line")


def test_the_number_of_a_pane_and_what_follows_in_one_write(watching: Terminal) -> None:
    watching.press("1/nobody\r")
    watching.shows("1 Jobs /nobody ")
    assert "/nobody" not in watching.line_with("2 Failures").partition("2 Failures")[2]
