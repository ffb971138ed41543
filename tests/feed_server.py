"""Feeds on loopback that change when the test says so, and a feeds.yaml that lists them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from xml.sax.saxutils import escape

FAST = """
limits:
  per_host: 64
  host_interval: 0s
  timeout: 5s
network:
  allow: [127.0.0.0/8]
"""


@dataclass(frozen=True, slots=True)
class Story:
    """One item of a feed."""

    guid: str
    title: str
    body: str = "A body of a few words."
    date: str = "Fri, 27 Jun 2025 09:00:00 GMT"
    link: str = ""


def rss(*stories: Story, title: str = "A site") -> bytes:
    """An RSS 2.0 document."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{escape(story.guid)}</guid>"
        f"<title>{escape(story.title)}</title>"
        f"<link>{escape(story.link or 'https://site.example/' + story.guid)}</link>"
        f"<pubDate>{story.date}</pubDate>"
        f"<description>{escape(story.body)}</description></item>"
        for story in stories
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>https://site.example/</link>"
        f"<description>Sample</description>{items}</channel></rss>"
    ).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with headers of its own, sent whatever the request says."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FeedServer:
    """What is served (path -> body, status or whole answer) and what was asked for."""

    port: int = 0
    bodies: dict[str, bytes | int | Answer] = field(default_factory=dict)
    requests: list[tuple[str, Mapping[str, str], float]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def last(self, path: str) -> Mapping[str, str]:
        """The headers of the last request for a path."""
        return next(headers for asked, headers, _ in reversed(self.requests) if asked == f"/{path}")

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked == f"/{path}" for asked, _, _ in self.requests)

    def config(self, *, outputs: str = "", extra: str = FAST) -> str:
        """A feeds.yaml with every path of this server as a source."""
        sources = "".join(
            f"  - {{id: {path.replace('/', '-')}, url: '{self.url(path)}'}}\n"
            for path in sorted(self.bodies)
        )
        outputs = outputs or "  - {id: all, title: All of it}\n"
        return f"sources:\n{sources}outputs:\n{outputs}{extra}"


@contextmanager
def feed_server(bodies: Mapping[str, bytes | int | Answer] | None = None) -> Iterator[FeedServer]:
    """Serve feeds with strong ETags and correct 304s until the block ends."""
    state = FeedServer(bodies=dict(bodies or {}))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            state.requests.append((self.path, dict(self.headers.items()), monotonic()))
            body = state.bodies.get(self.path[1:], 404)
            if isinstance(body, Answer):
                self._answer(body.status, body.body, headers=body.headers)
                return
            if isinstance(body, int):
                self._answer(body, b"sorry")
                return
            etag = f'"{sha256(body).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == etag:
                self._answer(304, b"", etag)
            else:
                self._answer(200, body, etag)

        def _answer(
            self,
            status: int,
            body: bytes,
            etag: str = "",
            headers: Mapping[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            if etag:
                self.send_header("ETag", etag)
            told = {"Content-Type": "application/rss+xml"} if headers is None else headers
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_config(folder: Path, text: str) -> Path:
    """Write feeds.yaml into a folder and return its path."""
    file = folder / "feeds.yaml"
    file.write_text(text, encoding="utf-8")
    return file
