"""Keys that a terminal writes at once, as `tmux send-keys` and a slow connection do."""

import pytest

from tests.e2e.conftest import Open
from tests.e2e.stand import Stand
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

BURST = "not taken: it came with other keys"
PASTED = "not taken: it was pasted; type it"
WRONG = "not the word that is shown"
WORD = "adaf-backtest-engine"


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
    watching.shows("2 Failures 1 marked /signal 9 ")
    watching.until(lambda: "•" in watching.line_with("killed (signal 9)  "), "the mark on the only row that passes")
    watching.until(lambda: "z zoom" in watching.text.splitlines()[-1], "the keys in the place of the filter line")


def test_the_number_of_a_pane_and_what_follows_in_one_write(watching: Terminal) -> None:
    watching.press("1/nobody\r")
    watching.shows("1 Jobs /nobody ")
    assert "/nobody" not in watching.line_with("2 Failures").partition("2 Failures")[2]


def test_a_key_that_confirms_counts_only_by_itself(watching: Terminal, data_gap: Stand) -> None:
    job = data_gap.failed("No data for")[-1]
    watching.press("2", "end", "up", "up")
    watching.press("end", "r")
    watching.shows("requeue 1 job", "[n] Cancel")
    watching.insist("y ", lambda: BURST in watching.text)
    watching.insist("xy", lambda: BURST in watching.text)
    assert "requeue 1 job" in watching.text
    watching.press("yes\r")  # its enter cancels
    watching.hides("requeue 1 job")
    assert data_gap.job(job)["attempt"] == 1
    assert not [line for line in data_gap.run("journal", "--json").out.splitlines() if '"intent"' in line]


def test_a_word_that_is_pasted_confirms_nothing_also_where_the_terminal_does_not_tell(
    watching: Terminal, data_gap: Stand
) -> None:
    watching.press("1", "S")
    watching.shows("type ", "then enter", "[esc] Cancel")
    for pasted in (WORD, f"{WORD}\r"):
        watching.insist(pasted, lambda: PASTED in watching.text)
        watching.insist("\r", lambda: WRONG in watching.text)
    watching.press("escape")
    watching.hides("then enter")
    assert not [line for line in data_gap.run("journal", "--json").out.splitlines() if '"intent"' in line]
