"""One door to the network: what goes out goes through the guarded fetcher."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aggregator

PACKAGE = Path(aggregator.__file__).parent
DOOR = "adapters/fetch/"

# Modules and names that open connections, whoever they belong to.
CLIENT_MODULES = frozenset(
    "aiohttp_socks ftplib http.client httpx imaplib niquests poplib pycurl requests smtplib "
    "telnetlib urllib.request urllib3 xmlrpc.client webbrowser".split()
)
CLIENT_NAMES = frozenset(
    "AsyncCurlMulti ClientRequest ClientSession Curl CurlMulti HTTPConnection HTTPSConnection "
    "TCPConnector UnixConnector "
    "create_connection create_datagram_endpoint create_unix_connection open_connection "
    "open_unix_connection push_to_gateway sock_connect sock_sendto ws_connect urlopen "
    "urlretrieve".split()
)
PROGRAMS = frozenset({"subprocess", "pty", "os.system", "os.popen"})

# What is no request to somebody else.
OWN = {
    ("adapters/workers/processes.py", "subprocess"): "starts this program's own workers",
    ("cli/probing.py", "http.client"): "healthcheck asks the daemon on this machine",
    ("cli/probing.py", "HTTPConnection"): "healthcheck asks the daemon on this machine",
}


def said(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported and every name that is used, as it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
            yield ast.unparse(node)


def opened(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call that makes a socket."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("socket", "socket.socket"):
            yield node


def is_local(call: ast.Call) -> bool:
    """Whether a socket cannot leave the machine: of a file in it, or one handed over."""
    if any(keyword.arg == "fileno" for keyword in call.keywords):
        return True
    return bool(call.args) and ast.unparse(call.args[0]) == "socket.AF_UNIX"


def outside_the_door() -> list[tuple[str, ast.AST]]:
    paths = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    return [
        (name, ast.parse(path.read_text(encoding="utf-8")))
        for name, path in sorted(paths.items())
        if not name.startswith(DOOR)
    ]


# S8
def test_only_the_fetcher_has_a_client() -> None:
    forbidden = CLIENT_MODULES | CLIENT_NAMES | PROGRAMS
    found = {(name, word) for name, tree in outside_the_door() for word in said(tree)}
    clients = {(name, word) for name, word in found if word in forbidden}
    assert clients == set(OWN)


# S8
def test_every_other_socket_stays_on_this_machine() -> None:
    calls = [(name, call) for name, tree in outside_the_door() for call in opened(tree)]
    assert calls
    assert [(name, ast.unparse(call)) for name, call in calls if not is_local(call)] == []


# S8
def test_within_the_fetcher_all_requests_take_the_guarded_transport() -> None:
    makers: dict[str, set[str]] = {"Curl": set(), "AsyncCurlMulti": set(), "socket": set()}
    for path in (PACKAGE / DOOR).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                makers.get(node.func.attr, set()).add(path.name)
    libcurl = {"transport.py"}
    assert makers == {"Curl": libcurl, "AsyncCurlMulti": libcurl, "socket": {"guard.py"}}


@pytest.mark.parametrize(
    "code",
    [
        "import urllib.request",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import http.client as web",
        "from http import client",
        "import aiohttp\naiohttp.ClientSession()",
        "from aiohttp import ClientSession",
        "import pycurl\npycurl.Curl()",
        "import socket\nsocket.create_connection(('a.example', 80))",
        "import subprocess",
        "import os\nos.system('curl a.example')",
        "async def f(loop): await loop.create_connection(None)",
    ],
)
def test_the_search_would_find_another_client(code: str) -> None:
    words = set(said(ast.parse(code)))
    assert words & (CLIENT_MODULES | CLIENT_NAMES | PROGRAMS)
