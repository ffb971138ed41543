"""Web servers over a public tree, as the sample configurations have it; own processes."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

SAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "web"
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
_PATIENCE = 10.0  # seconds until it must listen

_WHOLE = """
{modules}
daemon off;
master_process off;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    server_tokens off;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    keepalive_requests 1000000;
    include {prefix}/sample.conf;
}}
"""


def command(name: str) -> str | None:
    """Where a web server is, if it is installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(tree: Path, prefix: Path, *, brotli: bool = False) -> Iterator[tuple[str, int]]:
    """Serve `tree` until the block ends; gives its address and process id."""
    program = command("nginx")
    assert program
    port = free_port()
    prefix.mkdir(parents=True, exist_ok=True)
    sample = (SAMPLES / "nginx.conf").read_text(encoding="utf-8")
    sample = sample.replace("listen 80;", f"listen 127.0.0.1:{port};")
    sample = re.sub(r"(set \$aggregator_tree) \S+;", rf"\1 {tree};", sample)
    if brotli:
        sample = sample.replace("# brotli_static on;", "brotli_static on;")
    (prefix / "sample.conf").write_text(sample, encoding="utf-8")
    modules = f"load_module {BROTLI};" if brotli else ""
    configuration = prefix / "nginx.conf"
    configuration.write_text(_WHOLE.format(modules=modules, prefix=prefix), encoding="utf-8")
    arguments = [program, "-p", str(prefix), "-c", str(configuration)]
    with _running(arguments, port, home=prefix) as process:
        yield f"http://127.0.0.1:{port}", process


@contextmanager
def caddy(tree: Path, prefix: Path) -> Iterator[tuple[str, int]]:
    """The same with Caddy, which keeps what it keeps below `prefix`."""
    program = command("caddy")
    assert program
    port = free_port()
    sample = (SAMPLES / "Caddyfile").read_text(encoding="utf-8")
    whole = "{\n\tadmin off\n\tauto_https off\n}\n" + sample
    whole = whole.replace("\nfeeds.example.org {", f"\nhttp://127.0.0.1:{port} {{")
    configuration = prefix / "Caddyfile"
    configuration.write_text(re.sub(r"root \* \S+", f"root * {tree}", whole), encoding="utf-8")
    arguments = [program, "run", "--config", str(configuration), "--adapter", "caddyfile"]
    with _running(arguments, port, home=prefix) as process:
        yield f"http://127.0.0.1:{port}", process


@contextmanager
def _running(arguments: list[str], port: int, *, home: Path) -> Iterator[int]:
    environment = {"PATH": os.defpath, "HOME": str(home)}
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=output, env=environment)
    try:
        _wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + _PATIENCE
    while monotonic() < deadline:
        assert process.poll() is None, process.args
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            continue
        return
    raise AssertionError(f"nobody listens on port {port}: {process.args!r}")
