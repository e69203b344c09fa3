"""Why the world does not do what it was asked.

RefusalError
├── UnreadableError   the question makes no sense
├── TooLongError      the question is longer than any that makes sense
├── NotThereError     what it names does not exist
├── ConflictError     what it names is not in a state for it
└── UnavailableError  something that it needs cannot be reached
"""


class RefusalError(Exception):
    """A request that changed nothing; its text is a sentence for the client."""


class UnreadableError(RefusalError):
    """The question makes no sense."""


class TooLongError(RefusalError):
    """The question is longer than any that makes sense."""


class NotThereError(RefusalError):
    """What the question names does not exist."""


class ConflictError(RefusalError):
    """What the question names is not in a state for it."""


class UnavailableError(RefusalError):
    """Something that is needed for it cannot be reached."""
