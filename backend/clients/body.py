"""The body of an HTTP answer, which may be packed, and larger unpacked than any memory."""

import zlib
from collections.abc import Iterator
from typing import cast

import httpx

from backend.errors import BadAnswer
from backend.text import clean

STEP = 256 * 1024
"""Bytes that are unpacked at once: 100 MB of blanks come in 100 kB."""
_EITHER = zlib.MAX_WBITS | 32
"""With the head of gzip or of zlib."""


async def whole_body(response: httpx.Response, largest: int) -> bytearray:
    """The body, unpacked, of at most `largest` bytes.

    Raises `BadAnswer` when there are more, or when it is packed otherwise than was asked for, or badly.
    """
    packed = [
        word for word in response.headers.get("content-encoding", "").casefold().replace(" ", "").split(",") if word
    ]
    unpack = _unpacked if packed in (["gzip"], ["x-gzip"], ["deflate"]) else None
    if unpack is None and packed not in ([], ["identity"]):
        raise BadAnswer(f"the answer is packed in a way that was not asked for: {clean(', '.join(packed), 60)}")
    body, state = bytearray(), zlib.decompressobj(_EITHER)
    async for chunk in cast("httpx.AsyncByteStream", response.stream):  # the library unpacks without any bound
        for piece in (chunk,) if unpack is None else unpack(state, chunk):
            body += piece
            if len(body) > largest:
                raise BadAnswer(f"the answer is larger than {largest / 1024 / 1024:g} MB")
    return body


def _unpacked(state: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    try:
        while chunk and not state.eof:
            yield state.decompress(chunk, STEP)
            chunk = state.unconsumed_tail
    except zlib.error as error:
        raise BadAnswer("the answer cannot be unpacked", clean(error, 200)) from error
