"""A terminal that has no more than ASCII gets no byte of anything else, whatever the platform and the person write."""

from collections.abc import Iterator

import pytest

from tests.e2e.servers import failing
from tests.e2e.stand import BACKTOP, Stand, environment
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e

HOSTILE = "a\xdbb\u06db \ufffd c\u0301d \u682a\u5f0f \u2026 \U0001f469\u200d\U0001f467 \u009b31m \ue0b0 end"
"""Among it two signs of which the second byte is 9B: where bytes are characters, that begins a command."""

OPENED = (
    ("a", "enter runs", "Run the marked failed jobs again as they were"),
    ("?", "go to the jobs pane"),
    ("\x10\xdb", "No matches found"),
    ("r", "[n] Cancel", "facts "),
)
"""What lies over the dashboard, by its keys: words that are there once it has its place."""


@pytest.fixture
def plain(calm: Stand) -> Iterator[Terminal]:
    with failing(HOSTILE, f"no data for {HOSTILE}") as url:
        config = calm.variant("hostile", {"api": {"url": url}, "environment": {"name": "pr\xdbd"}})
        terminal = Terminal(
            BACKTOP, "--config", str(config),
            environment={**environment(calm.home), "LC_ALL": "C", "PYTHONUTF8": "0"},
        )  # fmt: skip
        try:
            yield terminal
        finally:
            terminal.close()


def test_no_byte_beyond_ascii_is_ever_written(plain: Terminal) -> None:
    plain.shows("2 Failures", "a?b ? c", " end", "pr?d")
    assert len({line.rstrip()[-1:] for line in plain.text.splitlines() if line.startswith("|")}) == 1, plain.text
    plain.press("/\xdbb")
    plain.shows("2 Failures /?b ")
    plain.press("enter")
    for key, *signs in OPENED:
        plain.press(key)
        plain.shows(*signs)
        plain.insist("escape", lambda signs=signs: not any(sign in plain.text for sign in signs))  # type: ignore[misc]
    plain.press("ctrl+q")
    assert plain.ends() == 0
    assert bytes(plain.received).isascii(), plain.text
