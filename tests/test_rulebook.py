"""What the status page says of rules, on the running program."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aggregator.app import LiveView
from aggregator.explain import Tally
from tests.feed_server import FAST, Story, feed_server, rss
from tests.test_engine_serving import running

OUTPUTS = """\
  - {id: all, title: All, drop: [ferry, sponsored]}
  - {id: board, title: Board, keep: harbour, token: correct-horse_battery-staple}
"""


async def counted(view: LiveView) -> Tally:
    """The counts, as soon as they are there."""
    for _ in range(500):
        found = view.rules()
        if found is not None:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("never counted")


async def test_rules_are_counted_when_somebody_looks_and_again_after_a_reload(
    tmp_path: Path,
) -> None:
    with feed_server({"a": rss(Story("1", "Sponsored ferry news", date=""))}) as server:
        text = server.config(outputs=OUTPUTS, extra=FAST)
        async with running(tmp_path, text) as (view, visit, engine):
            _, body = await visit("/status.json")
            assert json.loads(body)["rules"] is None
            found = await counted(view)
            assert [(one.owner, one.rule, one.quarter) for one in found.rules] == [
                ("output all", "ferry", 1),
                ("output all", "sponsored", 0),
            ]  # and nothing of the private one
            assert view.rules() is found
            _, body = await visit("/status.json")
            assert json.loads(body)["rules"][1]["note"] == "shadowed"
            _, page = await visit("/status")
            assert "shadowed by <code" in page.decode()
            assert "harbour" not in page.decode()
            edited = text.replace("[ferry, sponsored]", "[sponsored]")
            engine.app.settings.file.write_text(edited, encoding="utf-8")
            await engine.reload()
            assert view.rules() is None
            assert [one.quarter for one in (await counted(view)).rules] == [1]
