"""A terminal that is taken away while the program writes to it and reads from it."""

import io
import os
import pty

from textual.drivers.linux_driver import LinuxDriver

from tui.terminal import LastingScreen, TerminalDriver, is_lost


class Losing(io.StringIO):
    """Takes what is written until it is lost."""

    lost = False
    tries = 0

    def write(self, text: str) -> int:
        self.tries += 1
        if self.lost:
            raise OSError(5, "Input/output error")
        return super().write(text)

    def flush(self) -> None:
        if self.lost:
            raise OSError(5, "Input/output error")


def test_what_is_written_arrives() -> None:
    file = Losing()
    screen = LastingScreen(file)
    screen.write("picture")
    screen.flush()
    assert file.getvalue() == "picture"


def test_a_lost_terminal_is_not_written_to_again() -> None:
    file = Losing()
    screen = LastingScreen(file)
    file.lost = True
    screen.flush()
    screen.write("picture")
    screen.flush()
    assert file.tries == 0


def test_it_is_the_terminal_that_it_stands_for() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w") as file:
        assert LastingScreen(file).fileno() == writing
        assert LastingScreen(file).isatty() is False


def test_the_driver_changes_only_what_textual_has() -> None:
    changed = {name for name in vars(TerminalDriver) if callable(vars(TerminalDriver)[name])}
    own = {"_look", "_look_no_more", "_lost"}
    taken_over = {"__init__", "start_application_mode", "stop_application_mode", "run_input_thread"}
    assert changed == own | taken_over | {"_sigcont_application"}
    assert changed - own <= set(dir(LinuxDriver))
    assert not own & set(dir(LinuxDriver))


def test_a_terminal_is_lost_with_its_other_end_and_not_before() -> None:
    ours, terminal = pty.openpty()
    try:
        assert not is_lost(terminal)
        os.write(ours, b"typed ahead\n")
        assert not is_lost(terminal)
        os.close(ours)
        assert is_lost(terminal)
    finally:
        os.close(terminal)
