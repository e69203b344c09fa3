"""A gate before the API of a platform: lets everything through, and counts the requests as the API gets them."""

import selectors
import socket
import tempfile
import threading
import time
import tomllib
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

END_OF_HEAD = b"\r\n\r\n"


class Gate:
    """While it is open, `config` is that of the platform with the gate as its API."""

    def __init__(self, config: Path) -> None:
        url = tomllib.loads(config.read_text("utf-8"))["api"]["url"]
        self._behind = urlsplit(url).hostname or "127.0.0.1", urlsplit(url).port or 80
        self._front = socket.create_server(("127.0.0.1", 0))
        self._folder = tempfile.TemporaryDirectory(prefix="backtop-bench-")
        self.config = Path(self._folder.name) / "config.toml"
        here = f"http://127.0.0.1:{self._front.getsockname()[1]}"
        self.config.write_text(config.read_text("utf-8").replace(f'url = "{url}"', f'url = "{here}"'), "utf-8")
        self.requests = 0
        self.took: list[float] = []
        """Seconds from each request to the first byte of its answer."""
        self._ended = threading.Event()
        self._guard = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> "Gate":
        self._guard.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._ended.set()
        self._guard.join()
        self._front.close()
        self._folder.cleanup()

    def forget(self) -> None:
        """Count anew."""
        self.requests, self.took = 0, []

    def _keep(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._front, selectors.EVENT_READ)
            while not self._ended.is_set():
                for key, _ in waiting.select(0.2):
                    if key.fileobj is self._front:
                        self._let_in(waiting)
                    else:
                        self._pass_on(waiting, key.data)
            for key in [*waiting.get_map().values()]:
                if isinstance(key.data, _Way):
                    key.data.source.close()

    def _let_in(self, waiting: selectors.BaseSelector) -> None:
        asking, _ = self._front.accept()
        answering = socket.create_connection(self._behind)
        asked: deque[float] = deque()
        waiting.register(asking, selectors.EVENT_READ, _Way(asking, answering, asked, asks=True))
        waiting.register(answering, selectors.EVENT_READ, _Way(answering, asking, asked, asks=False))

    def _pass_on(self, waiting: selectors.BaseSelector, way: "_Way") -> None:
        try:
            data = way.source.recv(1 << 16)
            way.target.sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (way.source, way.target):
                with suppress(KeyError, ValueError):
                    waiting.unregister(end)
                end.close()
        elif way.asks:
            heads = data.count(END_OF_HEAD)  # backtop only gets: a request is a head
            self.requests += heads
            way.asked.extend([time.perf_counter()] * heads)
        elif way.asked:
            self.took.append(time.perf_counter() - way.asked.popleft())


class _Way:
    """One direction of one connection."""

    def __init__(self, source: socket.socket, target: socket.socket, asked: deque[float], *, asks: bool) -> None:
        self.source = source
        self.target = target
        self.asked = asked
        """When the requests came that have no answer yet; both directions share it."""
        self.asks = asks
