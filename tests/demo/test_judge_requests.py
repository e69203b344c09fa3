"""The judge over the wire: requests, and an engine that is played by hand, against a world with a clock in hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.demo.api_rig import RESEARCH, Rig, serving
from tui.demo.world.scenario import SCENARIOS


class Drill:
    """A rig whose engine runs what it is given to its end at once, except what is bound to run for hours."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.running: dict[str, Any] = {}

    async def work(self, seconds: int = 5) -> None:
        for _ in range(seconds):
            self.rig.clock.forward(1)
            await self.rig.engine("progress", engine="one", running=list(self.running))
            for order in (await self.rig.engine("claim", engine="one", free=4 - len(self.running)))["jobs"]:
                self.running[order["id"]] = order
            for job_id in [job_id for job_id, order in self.running.items() if order["seconds"] < 1000]:
                await self.end(job_id, self.running[job_id]["exit_code"])

    async def end(self, job_id: str, exit_code: int) -> None:
        """The worker of a job ends."""
        order = self.running.pop(job_id)
        await self.rig.engine("finish", engine="one", id=job_id, pid=1, exit_code=-order["signal"] or exit_code)

    async def judge(self) -> Any:
        return (await self.rig.client.get("/judge")).raise_for_status().json()

    async def effects(self) -> list[tuple[str, str]]:
        return [(deed["what"].split(":")[0], deed["effect"]) for deed in (await self.judge())["done"]]

    async def failed(self, words: str) -> list[str]:
        listed = (await self.rig.get("backtests?status=failed&limit=500"))["backtests"]
        return [job["id"] for job in listed if words in job["error_message"]]

    async def retry(self, job_id: str, **changes: int | bool) -> None:
        await self.rig.post("backtests/retry", {"original_job_id": job_id, "modifications": changes})


@asynccontextmanager
async def drill(name: str, root: Path) -> AsyncIterator[Drill]:
    async with serving(name, root) as rig:
        playing = Drill(rig)
        await playing.work(10)
        yield playing


@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_a_verdict_has_all_its_parts(name: str, tmp_path: Path) -> None:
    async with serving(name, tmp_path) as rig:
        verdict = (await rig.client.get("/judge")).json()
        assert list(verdict) == [
            "scenario", "cause", "causes", "over", "since", "healed_at", "done", "harm", "open",
        ]  # fmt: skip
        assert (verdict["scenario"], verdict["cause"]) == (name, SCENARIOS[name].cause)
        assert (verdict["done"], verdict["harm"], verdict["healed_at"]) == ([], [], None)


async def test_timeouts(tmp_path: Path) -> None:
    async with drill("timeout", tmp_path) as at:
        given_up = (await at.failed("timeout after 45 min"))[0]
        slow = [job_id for job_id, order in at.running.items() if order["seconds"] > 1000]
        assert len(slow) == 3
        await at.rig.post(f"backtests/{given_up}/requeue")
        await at.work()
        assert not (await at.judge())["over"]
        for job_id in slow:
            await at.end(job_id, -15)
        await at.retry(slow[0], reduce_timeframe=True)
        await at.work()
        verdict = await at.judge()
        assert (verdict["over"], verdict["open"], verdict["harm"]) == (True, [], [])
        assert verdict["since"] < verdict["healed_at"]
        terminated = [("process.terminate", "healed")] * 3
        assert await at.effects() == [("job.requeue", "nothing"), *terminated, ("job.retry", "healed")]


async def test_a_broken_strategy(tmp_path: Path) -> None:
    async with drill("strategy-bug", tmp_path) as at:
        invalid = [
            each for each in (await at.rig.get("strategies/validation"))["strategies"] if each["validation_errors"]
        ]
        assert [each["validation_status"] for each in invalid] == ["invalid"]
        broken = await at.failed(invalid[0]["path"])
        await at.rig.post(f"backtests/{broken[0]}/requeue")
        await at.retry(broken[1], limit_symbols=1)
        await at.work()
        assert await at.effects() == [("job.requeue", "nothing"), ("job.retry", "nothing")]
        for job_id in broken:
            await at.retry(job_id, use_sample_data=True)
        await at.work()
        verdict = await at.judge()
        assert (verdict["over"], verdict["harm"]) == (True, [])
        assert {effect for _, effect in (await at.effects())[2:]} == {"healed"}


async def test_the_wrong_answers_to_a_calm_day(tmp_path: Path) -> None:
    async with drill("calm", tmp_path) as at:
        await at.rig.post("data/refresh", {"symbols": "all"})
        await at.rig.post("data/sources/failover", {"to_backup": True}, 200)
        await at.rig.client.delete(f"{RESEARCH}/backtests/queue/failed")
        assert await at.effects() == [
            ("data.refresh", "nothing"), ("data.failover", "harm"), ("queue.clear-failed", "harm"),
        ]  # fmt: skip
        verdict = await at.judge()
        assert [deed["effect"] for deed in verdict["harm"]] == ["harm", "harm"]
        assert (verdict["over"], verdict["since"]) == (True, None)
