"""Articles to render: a calm one, and hypothesis strategies for hostile ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from aggregator.core.model import Article, Enclosure, Entry, FeedInfo, Person, Sighting
from aggregator.core.settings import Output

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OUTPUT = Output(id="all", title="All of it", subtitle="Every source", author="The desk")

INFO = FeedInfo(
    title="The Example",
    id="urn:example:feed",
    link="https://example.org/",
    self_link="https://example.org/feed.xml",
    updated=datetime(2026, 11, 22, 11, 0, tzinfo=UTC),
    rights="© Example",
    language="en",
)
ENTRY = Entry(
    guid="urn:example:1",
    title="A story",
    link="https://example.org/1",
    published=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    updated=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    authors=(Person("Ada", uri="https://example.org/ada", email="ada@example.org"),),
    categories=("science", "long reads"),
    summary="<p>In short.</p>",
    content="<p>At <em>length</em>.</p>",
    enclosures=(Enclosure(href="https://example.org/1.mp3", type="audio/mpeg", length=1234),),
    image="https://example.org/1.png",
)


def article(number: int = 1, *, info: FeedInfo = INFO, **changes: object) -> Article:
    """An article whose entry is ENTRY with `changes`."""
    entry = replace(ENTRY, guid=f"urn:example:{number}", **changes)  # type: ignore[arg-type]
    return Article(
        slug=f"a-story-{number:013x}",
        slug_hash=number,
        id=f"urn:example:{number}",
        source="example",
        info=info,
        entry=entry,
        first_seen=NOON,
        sort_at=NOON,
        updated=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    )


# Everything a text may hold that a writer of XML trips over.
_NASTY = st.sampled_from(
    [
        "\x00",
        "\x0b",
        "\x1b[31m",
        "\x85",
        "\ud800",
        "\udfff",
        "\ufffe",
        "\uffff",
        "\u202e",
        "]]>",
        "<![CDATA[",
        "<script>alert(1)</script>",
        "&#11;",
        "&amp;lt;",
        "<!-- --",
        "\r\n",
        "\U0001f4f0",
        "e" + "\u0301" * 50,
        "{http://evil}x",
        'http://x" onload="y',
    ]
)
nasty_text = st.lists(st.one_of(_NASTY, st.text(max_size=8)), max_size=4).map("".join)
nasty_address = st.one_of(
    nasty_text,
    nasty_text.map("https://example.org/{}".format),
    st.sampled_from(["javascript:alert(1)", "data:text/html,x", "//example.org/", "http://"]),
)
moment = st.datetimes(timezones=st.just(UTC)).map(lambda when: when.replace(microsecond=0))
person = st.builds(Person, nasty_text, uri=nasty_address, email=nasty_text)
people = st.lists(person, max_size=2).map(tuple)
info = st.builds(
    FeedInfo,
    title=nasty_text,
    id=nasty_text,
    link=nasty_address,
    self_link=nasty_address,
    updated=st.none() | moment,
    authors=people,
    rights=nasty_text,
    icon=nasty_address,
    language=nasty_text | st.sampled_from(["de", "pt-BR"]),
)
entry = st.builds(
    Entry,
    guid=nasty_text,
    title=nasty_text,
    link=nasty_address,
    published=st.none() | moment,
    updated=st.none() | moment,
    authors=people,
    categories=st.lists(nasty_text, max_size=3).map(tuple),
    summary=nasty_text,
    content=nasty_text,
    enclosures=st.lists(
        st.builds(
            Enclosure,
            href=nasty_address,
            type=nasty_text | st.just("audio/mpeg"),
            length=st.none() | st.integers(-1, 2**63),
        ),
        max_size=2,
    ).map(tuple),
    image=nasty_address,
    rights=nasty_text,
    language=nasty_text,
    origin=st.none() | info,
)
nasty_article = st.builds(
    Article,
    slug=st.just("slug"),
    slug_hash=st.integers(),
    id=nasty_text.map("urn:x:{}".format),
    source=st.just("example"),
    info=info,
    entry=entry,
    first_seen=moment,
    sort_at=moment,
    updated=moment,
    sightings=st.lists(
        st.builds(Sighting, source=st.just("other"), title=nasty_text, link=nasty_address),
        max_size=2,
    ).map(tuple),
)
