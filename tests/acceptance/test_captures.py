"""Real captures served from loopback as sources: nothing is lost, nothing moves twice."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import feedparser
import pytest

from aggregator.app import App
from tests.feed_server import FAST, FeedServer, feed_server, write_config
from tests.test_engine import run_once, snapshot

COLLECTIONS = (
    "kagisearch__fastfeedparser",
    "arminreiter__FeedReader",
    "feedjira__feedjira",
    "rometools__rome",
)
OUTPUT = "  - {id: all, title: All, limit: 5000}\n"
PATIENT = FAST.replace("timeout: 5s", "timeout: 60s")  # the server shares our processor time


def captures(corpus: Path) -> dict[str, bytes]:
    """All documents of the four collections that feedparser calls a feed, by a short name."""
    found: dict[str, bytes] = {}
    for number, collection in enumerate(COLLECTIONS):
        for file in sorted((corpus / collection).rglob("*")):
            is_expectation = file.suffix == ".json" and "integration" in file.parts
            if file.is_file() and file.name != "LICENSE-OF-SOURCE" and not is_expectation:
                found[f"c{number}-{len(found):04d}"] = file.read_bytes()
    return found


def expected_entries(body: bytes, url: str) -> int | None:
    """How many entries feedparser finds; None when it says this is no feed."""
    headers = {"content-location": url, "content-type": "application/rss+xml"}
    try:
        found = feedparser.parse(
            io.BytesIO(body),
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers=headers,
        )
    except Exception:  # noqa: BLE001 (what it raises on damaged documents is anything)
        return None
    return len(found.entries) if found.get("version") or found.entries else None


@pytest.mark.timeout(240)
async def test_every_entry_is_stored_or_named_and_a_second_poll_changes_nothing(
    corpus: Path, tmp_path: Path
) -> None:  # P18 P78 W55
    documents = captures(corpus)
    with feed_server(documents) as server:
        file = write_config(tmp_path, server.config(outputs=OUTPUT, extra=PATIENT))
        with App.open(file, {}) as app:
            reports = {report.source: report for report in (await run_once(app, force=True)).polls}
            stored = Counter(entry.source for entry in app.store.entries())
            missing = {}
            for name, body in documents.items():
                expected = expected_entries(body, server.url(name))
                report = reports[name]
                accounted = report.novelty.new + report.novelty.unchanged + len(report.skipped)
                if expected and accounted < expected:
                    missing[name] = (expected, accounted, report.error)
                assert stored[name] == report.novelty.new
            assert not missing
            await nothing_moves(app, server)


async def nothing_moves(app: App, server: FeedServer) -> None:
    before = snapshot(app)
    again = await run_once(app, force=True)
    assert all(not report.novelty.new for report in again.polls)
    assert snapshot(app) == before
