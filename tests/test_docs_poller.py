"""What docs/poller.md promises publishers is what the program does."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import __version__
from aggregator.adapters.fetch.decode import CODINGS
from aggregator.app.application import user_agent
from aggregator.core.cadence import MOVE_POLLS, MOVE_SPAN, Pace
from aggregator.core.settings import Limits, Output, Settings, Source
from aggregator.standing import Standing

DOCS = Path(__file__).resolve().parent.parent / "docs"
TEXT = " ".join((DOCS / "poller.md").read_text(encoding="utf-8").split())
HOUR = timedelta(hours=1)


def test_the_user_agent_is_the_one_in_the_docs() -> None:
    settings = Settings(
        file=Path("feeds.yaml"),
        data_dir=Path("data"),
        contact="https://example.org/our-poller",
        outputs=tuple(Output(id=name, title=name) for name in ("a", "b", "c")),
    )
    sent = user_agent(settings, Source(id="example-com", url="https://example.com/"))
    assert sent.replace(__version__, "1.0.0") in TEXT


def test_every_coding_that_is_accepted_is_in_the_docs() -> None:
    assert set(CODINGS) <= set(re.findall(r"\w+", TEXT))


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        (Pace().min_interval, "at least 1 hour and at most 12"),
        (Pace().max_interval, "at least 1 hour and at most 12"),
        (Pace().first_interval, "a new feed every 3 hours"),
        (Pace().unvalidated_interval, "every 6 hours at most"),
        (Pace().hint_cap, "at most 24 hours"),
        (Pace().retry_cap, "at most 7 days"),
        (Pace().backoff_cap, "after 2 hours, doubling to 24"),
        (Pace().hard_interval, "twice within 15 minutes"),
        (Limits().timeout, "ends after 30 seconds"),
        (Limits().host_interval, "2 seconds pass between the starts"),
        (MOVE_SPAN, f"{MOVE_POLLS} polls over 7 days"),
    ],
)
def test_the_docs_name_the_defaults(actual: timedelta, said: str) -> None:
    assert said in TEXT
    seconds = int(actual.total_seconds())
    spans = {seconds, seconds // 60, seconds // 3600, seconds // 86400} - {0}
    assert spans & {int(number) for number in re.findall(r"\d+", said)}


def test_the_docs_name_the_bounds_on_what_is_read() -> None:
    assert f"{Limits().max_body // 1024**2} MiB of decompressed body" in TEXT
    assert f"At most {Limits().max_redirects} redirects are followed" in TEXT
    assert Limits().per_host == 1


def test_every_key_of_status_is_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    missing = [
        field.name for field in dataclasses.fields(Standing) if f"`{field.name}`" not in text
    ]
    assert missing == []
