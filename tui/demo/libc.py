"""The C library of this process, for what Python itself does not offer."""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
"""Its functions by name; `ctypes.get_errno()` tells why one failed."""
