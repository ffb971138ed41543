"""Which entry of an article another one was recognised by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.core.identify import identify
from aggregator.core.model import Entry, Feed, FeedInfo
from aggregator.core.settings import Source
from aggregator.core.slug import hash64
from aggregator.core.story import Member
from aggregator.core.witness import witness

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ENTRY = Entry(
    guid="https://a.example/1",
    title="Council votes for a bridge",
    link="https://a.example/1",
    content="<p>" + " ".join(f"word{number}" for number in range(40)) + "</p>",
)
SOURCE = Source(id="a", url="https://a.example/feed")
(IDENTITY,) = identify(Feed(info=FeedInfo(), entries=(ENTRY,)), source=SOURCE)


def member(guid: str, source: str = "b", **known: object) -> Member:
    values = {"link": "", "headline": "", "sketch": (), "words": 0} | known
    return Member(source=source, guid=guid, published=None, first_seen=NOW, **values)  # type: ignore[arg-type]


FIRST = member("first")
TEXT = member("text", sketch=IDENTITY.sketch[:9])
HEADLINE = member("headline", headline=IDENTITY.headline)
LINK = member("link", link=ENTRY.link)
GUID = member("http://www.a.example/1", "a")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([FIRST, member("second")], FIRST),
        ([FIRST, TEXT], TEXT),
        ([FIRST, TEXT, HEADLINE], HEADLINE),
        ([FIRST, TEXT, HEADLINE, LINK], LINK),
        ([FIRST, TEXT, HEADLINE, LINK, GUID], GUID),
        ([FIRST, member(GUID.guid, "b")], FIRST),
    ],
)
def test_guid_then_link_then_headline_then_text_point_at_the_witness(
    members: list[Member], expected: Member
) -> None:
    found = witness(ENTRY, IDENTITY, source="a", members=members)
    assert found == hash64("entry", expected.source, expected.guid)
