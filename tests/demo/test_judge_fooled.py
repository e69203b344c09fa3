"""Somebody with a shell who tries to fool the judge, or only has bad luck, on a platform that really runs."""

import time
from pathlib import Path

from tests.demo.api_rig import wait_until
from tests.demo.hand import DISK, OLD_RESULTS, Hand
from tests.demo.platform_rig import UNIT, site

RESULTS, TEMP = "files.clean-results", "files.clean-temp"
ENGINE, ENDED = "engine.restart", "process.terminate"


def told(at: Hand, line: str, *deeds: tuple[str, str]) -> None:
    """What the judge says of a line, and of no more than that."""
    before = len(at.deeds())
    at.sh(line)
    wait_until(lambda: len(at.deeds()) >= before + len(deeds))
    assert at.deeds()[before:] == list(deeds)


def healthy(at: Hand) -> bool:
    return bool(at.site.get("backtests/health")["status"] == "healthy")


def young(at: Hand) -> str:
    """The name of some result that somebody still needs, and that is whole."""
    results = ((path.name, path.stat()) for path in at.site.layout.results.iterdir())
    whole = ((name, said.st_mtime) for name, said in results if said.st_blocks * 512 >= said.st_size)
    return next(name for name, changed in whole if time.time() - changed < 20 * 86400)


def neither_names_nor_times_nor_holes_make_room_for_nothing(at: Hand) -> None:
    used = at.sh(DISK)
    told(at, 'cd "$FILES/results" && for each in *; do mv "$each" "../completed/.$each"; done')
    told(at, 'cd "$FILES/completed" && for each in .*.parquet; do mv "$each" "../results/${each#.}"; done')
    assert at.sh(DISK) == used
    assert at.deeds() == []
    name = young(at)
    told(at, f'touch -d "40 days ago" "$FILES/results/{name}"')
    told(at, f'rm "$FILES/results/{name}"', (RESULTS, "harm"))
    name = f'"$FILES/results/{young(at)}"'
    told(at, f'fallocate -p -o 0 -l "$(stat -c %s {name})" {name}', (RESULTS, "harm"))
    name = f'"$FILES/results/{young(at)}"'
    told(at, f"truncate -s 10 {name} && touch -d '40 days ago' {name}", (RESULTS, "harm"))
    tiny = '"$FILES/results/tiny"'
    told(at, f"echo > {tiny} && touch -d '40 days ago' {tiny}")
    at.site.judge()
    told(at, f"rm {tiny}", (RESULTS, "nothing"))
    assert at.site.open() == {"storage"}


def what_the_running_engine_needs_is_missed_without_its_pid_file_too(at: Hand) -> None:
    wait_until(lambda: healthy(at))
    told(at, 'rm -rf "$SCRATCH"/backtest_* "$RUN/engine.pid"', (TEMP, "nothing"), (TEMP, "harm"))


def to_start_what_is_down_and_to_restart_what_hangs_is_no_harm(at: Hand) -> None:
    main = at.site.show("MainPID")
    told(at, f"kill -TERM {main}", (ENDED, "harm"))
    wait_until(lambda: at.site.show("ActiveState") == "inactive")
    at.sh("sudo systemctl start adaf-backtest-engine")
    wait_until(lambda: at.deeds(last=1) == [(ENGINE, "healed")], 30)
    told(at, "sudo systemctl start adaf-backtest-engine", (ENGINE, "nothing"))
    wait_until(lambda: healthy(at))
    at.sh(f"kill -STOP {at.site.show('MainPID')}")
    at.sh("sudo systemctl restart adaf-backtest-engine")
    wait_until(lambda: at.deeds(last=1) == [(ENGINE, "healed")], 30)
    wait_until(lambda: healthy(at))
    told(at, "sudo systemctl restart adaf-backtest-engine", (ENGINE, "harm"))
    wait_until(lambda: healthy(at))
    told(at, f"kill -STOP {at.site.show('MainPID')}", (ENDED, "harm"))
    at.sh(f"kill -KILL {at.site.show('MainPID')}")
    wait_until(lambda: at.deeds(last=2) == [(ENDED, "harm"), (ENDED, "healed")], 30)


def the_right_answer_still_is_one(at: Hand) -> None:
    before = len(at.deeds())
    at.sh(OLD_RESULTS)
    wait_until(at.site.healed)
    assert set(at.deeds()[before:]) == {(RESULTS, "healed")}, "of what was cut before that was told then"


def test_a_full_disk(tmp_path: Path) -> None:
    with site("disk-full", tmp_path) as up:
        at = Hand(up)
        wait_until(lambda: up.open() == {"storage"} and healthy(at))
        neither_names_nor_times_nor_holes_make_room_for_nothing(at)
        what_the_running_engine_needs_is_missed_without_its_pid_file_too(at)
        to_start_what_is_down_and_to_restart_what_hangs_is_no_harm(at)
        the_right_answer_still_is_one(at)


def test_a_unit_that_forgets_too_early(tmp_path: Path) -> None:
    with site("engine-crash", tmp_path) as up:
        wait_until(lambda: up.log().count("status=11/SEGV") == 2, 40)
        assert up.run("systemctl", "reset-failed", UNIT).returncode == 0
        assert up.run("systemctl", "--failed", "--no-legend").stdout == ""
        wait_until(lambda: up.show("Result") == "start-limit-hit", 60)
        assert up.run("systemctl", "--failed", "--no-legend", "--plain").stdout.split()[:4] == [
            f"{UNIT}.service", "loaded", "failed", "failed",
        ]  # fmt: skip
        assert "damaged input" in up.run("journalctl", "-p", "err", "-o", "cat").stdout
        assert up.log().count("status=11/SEGV") >= 7
        wait_until(lambda: up.open() == {"engine"})
        for verb in ("reset-failed", "start"):
            assert up.run("systemctl", verb, UNIT).returncode == 0
        wait_until(up.healed, 30)
        assert up.effects("engine.reset-failed") == ["nothing", "healed"]
        assert up.effects("engine.restart") == ["healed"]
        assert up.judge()["harm"] == []
