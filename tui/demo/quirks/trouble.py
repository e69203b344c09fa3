"""What a quirk does to the real parts of the platform."""

from abc import ABC, abstractmethod


class Trouble(ABC):
    """One quirk that the supervisor does; `begin` may come again before `end`, and `end` without a `begin`.

    A `begin` that goes on is cancelled when the quirk shall end.
    """

    @abstractmethod
    async def begin(self, seconds: float) -> None:
        """Do it; `seconds` as the table of quirks has them."""

    @abstractmethod
    async def end(self) -> None:
        """Undo it."""

    async def drop(self) -> None:  # noqa: B027 - most leave nothing that needs care
        """The platform ends: end what would stay, and start nothing."""
