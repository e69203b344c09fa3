"""Small servers that answer as badly as real ones do."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!doctype html><html><body>" + b"<p>Sign in to go on</p>" * 400 + b"</body></html>"


@contextmanager
def refusing() -> Iterator[str]:
    """A port that is taken, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def silent() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def web(status: int) -> Iterator[str]:
    """A web server that answers everything with the same page for people."""
    with _answering(status, "text/html", lambda _: PAGE) as url:
        yield url


@contextmanager
def failing(*errors: str) -> Iterator[str]:
    """A research API on which a job failed with each of these errors just now; it has no other route."""

    def answer(target: str) -> bytes:
        now = datetime.now(UTC).isoformat()
        jobs = [
            {
                "id": f"job-{number}", "strategy_name": error, "error_message": error, "status": "failed",
                "priority": "high", "started_at": now, "finished_at": now, "attempt": 1,
            }
            for number, error in enumerate(errors)
        ]  # fmt: skip
        return json.dumps({"backtests": jobs if "status=failed" in target else []}).encode()

    with _answering(200, "application/json", answer) as url:
        yield url


@contextmanager
def _answering(status: int, kind: str, answer: Callable[[str], bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer(self.path)
            self.send_response(status)
            self.send_header("content-type", f"{kind}; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
