"""When Python looks for garbage: not while the program starts, and never at what was imported then."""

import gc


def hold() -> None:
    """Look for none: all that is made now stays, and looking at it again and again takes a tenth of the start."""
    gc.disable()


def resume() -> None:
    """Look for it from now on, but only among what is made from now on."""
    gc.freeze()
    gc.enable()
