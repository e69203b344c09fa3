"""What stops a run before its next step."""

import asyncio

ENDING = "backtop was told to end"
BY_HAND = "stopped by hand"


class Brake:
    """Pulled once, it stays so. What was sent cannot be taken back, and its result is written down all the same."""

    def __init__(self) -> None:
        self.why = ""
        """Why it was pulled, as part of a sentence; empty while it was not."""
        self._hurry = asyncio.Event()

    @property
    def pulled(self) -> bool:
        """Whether nothing more shall be sent."""
        return bool(self.why)

    def pull(self, why: str, *, hurry: bool = False) -> None:
        """Send nothing more; in a `hurry` what was sent is not even waited for."""
        self.why = self.why or why
        if hurry:
            self._hurry.set()

    def hurries(self) -> bool:
        """Whether nobody can wait for what was sent."""
        return self._hurry.is_set()

    async def hurried(self) -> None:
        """Wait until nobody can wait any more."""
        await self._hurry.wait()
