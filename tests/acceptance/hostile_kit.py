"""The hostile servers of the test kit as child processes, and traps that nobody may step into."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

PATIENCE = 60.0  # seconds; the raw server first compresses 300 MB in four ways

# hostile_server listens with a backlog of five, which would be a fault of its own.
_SERVE = """
import hostile_server as kit
kit.S.request_queue_size = 256
server = kit.S(("127.0.0.1", 0), kit.H)
print(server.server_address[1], flush=True)
server.serve_forever()
"""

# raw_socket_server is told another port, needs no more of zstandard than this, and would spend
# 20 s on the last bytes of a brotli bomb.
_SERVE_RAW = """
import sys, types
from functools import partial
from pathlib import Path
import brotli
brotli.compress = partial(brotli.compress, quality=5)
try:
    import zstandard
except ImportError:
    zstandard = types.ModuleType("zstandard")
    try:
        from compression.zstd import compress
    except ImportError:
        from backports.zstd import compress
    zstandard.compress = compress
    sys.modules["zstandard"] = zstandard
source = Path("raw_socket_server.py").read_text(encoding="utf-8")
assert "8765" in source
exec(compile(source.replace("8765", sys.argv[1]), "raw_socket_server.py", "exec"))
"""

ROUTES = (
    *("slow/0.5", "slow/20", "drip/7,0.3", "stall", "endless", "short", "long", "reset", "loop"),
    *("hops/3", "hops/30", "etag", "etaglie", "hugeheader", "manyheaders", "flip", "churn"),
    *("reorder", "edit"),
    *(f"status/{number}" for number in (429, 503, 410, 304, 204, 206, 401, 418)),
)
RAW_ROUTES = (
    *("gz", "gzgz", "br", "zs", "redirgz", "loop", "inc0", "cookie", "drip", "hdrdrip", "trunc"),
    *("etag", "bighdr", "file", "badloc", "utf8loc", "http09", "infinite"),
)
REFUSED_TARGETS = (
    *("file:///etc/passwd", "gopher://127.0.0.1/", "data:text/plain,x", "http://0.0.0.0/"),
    *("http://169.254.169.254/latest/meta-data/", "http://10.1.2.3/", "//192.168.0.1/feed"),
)


@dataclass(slots=True)
class Trap:
    """A listener that nobody may connect to; counts those who did."""

    address: str
    visits: list[bytes] = field(default_factory=list)


@contextmanager
def trap(host: str) -> Iterator[Trap]:
    """Listen on a free port of `host` until the block ends."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        shown = f"[{host}]" if ":" in host else host
        found = Trap(f"{shown}:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_watch, args=(listener, found), daemon=True)
        thread.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _watch(listener: socket.socket, found: Trap) -> None:
    while True:
        try:
            visitor, _ = listener.accept()
        except OSError:
            return
        with visitor:
            visitor.settimeout(1)
            try:
                found.visits.append(visitor.recv(1000))
                visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary")
            except OSError:
                found.visits.append(b"")


@contextmanager
def _child(arguments: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it tells of every client that hung up
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def hostile_server(kit: Path) -> Iterator[str]:
    """Run hostile_server.py; yields where."""
    with _child([_SERVE], kit) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"


@contextmanager
def raw_server(kit: Path) -> Iterator[str | None]:
    """Run raw_socket_server.py; yields where, or None where brotli or zstd is missing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _child([_SERVE_RAW, str(port)], kit) as process:
        yield f"http://127.0.0.1:{port}" if _listens(process, port) else None


def _listens(process: subprocess.Popen[str], port: int) -> bool:
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)  # until the child has compressed what it serves
        else:
            return True
    return False


def cases(kit: Path, *, big: bool) -> list[str]:
    """The names of the documents of hostile_feeds.py; `big` ones take long to build."""
    spec = importlib.util.spec_from_file_location("hostile_feeds", kit / "hostile_feeds.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [name for name in module.CASES if big or name not in module.BIG]


def transport_sources(server: str, traps: Sequence[str]) -> dict[str, str]:
    """Every transport fault of hostile_server as id -> URL, and redirects into the traps."""
    found = {f"t-{identifier(route)}": f"{server}/{route}" for route in ROUTES}
    targets = [*REFUSED_TARGETS, *(f"http://{address}/" for address in traps)]
    for number, target in enumerate(targets):
        found[f"to-{number}"] = f"{server}/to?u={quote(target, safe='')}"
    return found


def identifier(text: str) -> str:
    """Text as the id of a source."""
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")


def lures(trap_address: str) -> dict[str, bytes]:
    """Documents that would make a careless reader connect to the address."""
    url = f"http://{trap_address}/lure"
    item = "<item><guid>l</guid><title>{}</title><link>https://site.example/l</link></item>"
    channel = "<rss version='2.0'><channel><title>Lure</title><link>https://site.example/</link>"

    def rss(title: str, before: str = "") -> bytes:
        return f"{before}{channel}{item.format(title)}</channel></rss>".encode()

    declared = f"<!DOCTYPE rss [<!ENTITY x SYSTEM '{url}'>]>"
    parameter = f"<!DOCTYPE rss SYSTEM '{url}' [<!ENTITY % p SYSTEM '{url}'> %p;]>"
    styled = f"<?xml-stylesheet type='text/xsl' href='{url}'?>"
    return {
        "lure-entity": rss("[&x;]", declared),
        "lure-parameter": rss("A title", parameter),
        "lure-style": rss("A title", styled),
        "lure-text": url.encode(),
    }
