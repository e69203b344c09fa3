"""Who runs this program."""

import getpass
import os


def user_name() -> str:
    """The name of the user; `#` and the number, as sudo writes it, of one whom the system does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"#{os.getuid()}"
