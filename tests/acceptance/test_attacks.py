"""Every collected attack, in every place of three formats, through the whole service.

Judged in what leaves: each output format and each page, by a parser that reads as browsers do
and by a browser. One browser for all of it. Each attack goes out in RSS, and in turn in Atom and
in JSON; in all three with AGGREGATOR_WHOLE_CORPUS=1 in the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientSession

from aggregator.app import App, Engine, LiveView
from aggregator.app.metrics import Metrics
from aggregator.web import make_app, serve
from tests.acceptance.attack_feeds import FORMATS
from tests.acceptance.handed import Handed, handed
from tests.core.documents import load
from tests.core.test_clean_attacks import MUTATIONS, payloads
from tests.feed_server import feed_server, rss, write_config

ENTRIES = 100  # of a document: what one page shows
ATOM = "{http://www.w3.org/2005/Atom}"
LIMITS = """
defaults: {dedupe: off}
limits:
  per_host: 64
  host_interval: 0s
  timeout: 60s
  first_entries: 1000
network:
  allow: [127.0.0.0/8]
"""
CONTROL = "<p><img src=x onerror=alert(1)></p>"


@dataclass(slots=True)
class Served:
    """What the service answers, by path, and the folder it lives in."""

    folder: str
    documents: dict[str, bytes] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)


def vectors(corpus: Path) -> list[str]:
    return list(dict.fromkeys(chain(MUTATIONS, payloads(corpus))))


def carried(attacks: list[str]) -> dict[str, list[str]]:
    """The attacks that each format carries."""
    if os.environ.get("AGGREGATOR_WHOLE_CORPUS"):
        return dict.fromkeys(FORMATS, attacks)
    return {"rss": attacks, "atom": attacks[::2], "json": attacks[1::2]}


def sources(attacks: list[str]) -> dict[str, bytes]:
    found = {"harmless": rss()}
    for name, chosen in carried(attacks).items():
        for start in range(0, len(chosen), ENTRIES):
            found[f"{name}-{start}"] = FORMATS[name](chosen[start : start + ENTRIES])
    return found


async def service(folder: Path, attacks: list[str]) -> Served:
    """Poll every source, build every output, and ask the server for all there is."""
    bodies = sources(attacks)
    outputs = "".join(f"  - {{id: {name}, sources: {name}}}\n" for name in sorted(bodies))
    with (
        feed_server(bodies) as server,
        App.open(write_config(folder, server.config(outputs=outputs, extra=LIMITS)), {}) as app,
    ):
        async with Engine(app) as engine:
            claim, _ = engine.claim_named(list(app.sources), force=True)
            await engine.dispatcher.run_until_idle(claim)
            reports = await engine.build(timed=True)
            assert [report.error for report in reports if report.error] == []
            assert [report.left_out for report in reports if report.left_out] == []
            listening = await serve(make_app(LiveView(app, engine, Metrics())), "127.0.0.1:0")
            try:
                return await visit(listening.url, sorted(bodies), folder)
            finally:
                await listening.close()


async def visit(root: str, names: Iterable[str], folder: Path) -> Served:
    served = Served(str(folder))
    async with ClientSession(root) as client:
        for path in ("", "status", *(f"feeds/{name}/" for name in names)):
            async with client.get(path) as answer:
                assert answer.status == 200, path
                served.pages[path] = await answer.text()
        for path in documents_of(names):
            async with client.get(path) as answer:
                if answer.status == 200:
                    served.documents[path] = await answer.read()
    return served


def documents_of(names: Iterable[str]) -> Iterator[str]:
    yield from ("opml", "status.json", "metrics")
    for name in names:
        yield from (f"feeds/{name}.{kind}" for kind in ("atom", "rss", "json"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Served:
    return asyncio.run(service(tmp_path_factory.mktemp("attacks"), vectors(corpus)))


@pytest.fixture(scope="module")
def oracle(testkit: Path) -> ModuleType:
    return load(testkit / "xss_oracle.py")


def texts_of(served: Served) -> Handed:
    return handed(body for path, body in served.documents.items() if path != "metrics")


# S27 S28 S29 S30 S31
@pytest.mark.timeout(300)
def test_no_attack_survives_in_any_output_format(served: Served, oracle: ModuleType) -> None:
    found = texts_of(served)
    assert len(found.html) > 1000
    assert {path.rpartition(".")[2] for path in served.documents} >= {"atom", "rss", "json"}
    assert found.dangers(oracle) == {}


def test_every_attack_left_an_article_in_every_format(served: Served, corpus: Path) -> None:
    """Nothing was safe merely because it was not there."""
    for name, attacks in carried(vectors(corpus)).items():
        found = [
            len(ET.fromstring(served.documents[path]).findall(f"{ATOM}entry"))
            for path in served.documents
            if path.startswith(f"feeds/{name}-") and path.endswith(".atom")
        ]
        assert sum(found) > 0.9 * len(attacks)


def test_no_page_and_no_document_names_a_place_on_this_machine(served: Served) -> None:
    told = [*served.documents.values(), *(page.encode() for page in served.pages.values())]
    for place in (served.folder.encode(), b"file:///"):
        assert not [body for body in told if place in body]


# S33 S40
@pytest.mark.timeout(300)
def test_no_attack_survives_on_any_page(served: Served, oracle: ModuleType) -> None:
    own = set(oracle.danger(served.pages["feeds/harmless/"]))
    assert not any(map(oracle.is_exec, own - {"el:link", "el:meta"}))
    survivors = {
        path: reasons
        for path, page in served.pages.items()
        if (reasons := set(oracle.danger(page)) - own)
    }
    assert survivors == {}
    links = {page.count("<meta") for path, page in served.pages.items() if path.startswith("feeds")}
    assert len(links) == 1


# S27 S29 S33 S40
@pytest.mark.timeout(300)
def test_no_attack_runs_in_a_browser(served: Served, testkit: Path, tmp_path: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium")
    found = texts_of(served)
    texts = sorted(found.html | found.texts)
    shown = [
        (f"texts {start}", "".join(f"<div>{text}</div>" for text in texts[start : start + 100]))
        for start in range(0, len(texts), 100)
    ]
    items = [("first", CONTROL), *shown, *served.pages.items(), ("last", CONTROL)]
    file = tmp_path / "items.json"
    file.write_text(json.dumps(items), encoding="utf-8")
    command = [sys.executable, str(testkit / "chromium_oracle.py"), str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=150, check=True)
    assert sorted(json.loads(ran.stdout)) == ["first", "last"]
