"""What is new since a version: found by bytes, cut out of bytes, while it is remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.versions import (
    MOST_VERSIONS,
    History,
    from_text,
    news,
    recorded,
    tag_of,
    to_text,
)

Entries = dict[int, int]  # id -> what it says


def document(entries: Entries, *, updated: int = 0) -> bytes:
    shown = "".join(
        f'<entry xml:lang="en"><id>urn:{name}</id><title>&lt;entry&gt; {text}</title></entry>'
        for name, text in entries.items()
    )
    return f"<?xml?>\n<feed><updated>{updated}</updated>{shown}</feed>".encode()


def history(*bodies: bytes) -> History:
    found = History()
    for body in bodies:
        found = recorded(found, body)
    return found


# W46
def test_only_new_and_changed_entries_are_left_of_the_bytes() -> None:
    old = document({1: 1, 2: 1, 3: 1})
    new = document({4: 1, 1: 1, 2: 2}, updated=7)
    expected = document({4: 1, 2: 2}, updated=7)
    assert news(history(old, new), new, tag=tag_of(old)) == expected


# W46
def test_an_unknown_version_gives_the_whole() -> None:
    body = document({1: 1})
    assert news(history(body), body, tag="0" * 24) is None
    assert news(History(), body, tag=tag_of(body)) is None


def test_where_nothing_is_old_the_whole_says_the_same() -> None:
    old, new = document({1: 1}), document({2: 1})
    assert news(history(old, new), new, tag=tag_of(old)) is None


def test_a_document_may_be_newer_than_what_was_recorded() -> None:
    old, new = document({1: 1}), document({2: 1, 1: 1})
    assert news(history(old), new, tag=tag_of(old)) == document({2: 1})


def test_where_only_the_head_changed_no_entry_is_left() -> None:
    old, new = document({1: 1}), document({1: 1}, updated=9)
    assert news(history(old, new), new, tag=tag_of(old)) == document({}, updated=9)


def test_items_of_rss_are_entries() -> None:
    old = b"<rss><channel><item><guid>1</guid></item></channel></rss>"
    new = old.replace(b"<item>", b"<item><guid>2</guid></item>\n<item>", 1)
    found = news(history(old, new), new, tag=tag_of(old))
    assert found == b"<rss><channel><item><guid>2</guid></item>\n</channel></rss>"


def test_where_entries_cannot_be_told_apart_by_their_bytes_the_whole_is_sent() -> None:
    old = b"<feed><entry><title><![CDATA[</entry>]]></title></entry></feed>"
    new = old.replace(b"<feed>", b"<feed><entry><id>2</id></entry>")
    assert news(history(old, new), new, tag=tag_of(old)) is None


def test_the_oldest_versions_are_forgotten() -> None:
    bodies = [document({1: 1, 2: number}) for number in range(MOST_VERSIONS + 1)]
    found = history(*bodies)
    assert len(found.versions) == MOST_VERSIONS
    assert len(found.since) == 2
    assert news(found, bodies[-1], tag=tag_of(bodies[0])) is None
    assert news(found, bodies[-1], tag=tag_of(bodies[1])) is not None


# W46
@given(st.lists(st.dictionaries(st.integers(0, 6), st.integers(0, 2), max_size=6), max_size=8))
def test_a_client_that_puts_the_news_to_what_it_has_misses_nothing(versions: list[Entries]) -> None:
    """Whichever version it has, whatever came, changed, went and came back since."""
    found = History()
    seen: list[Entries] = []
    for version in versions:
        body = document(version)
        found = from_text(to_text(recorded(found, body)))  # as after a restart
        seen.append(version)
        for held in seen:
            cut = news(found, body, tag=tag_of(document(held)))
            fresh = {name: text for name, text in version.items() if held.get(name) != text}
            if cut is not None:
                told = {name for name in version if f"urn:{name}<".encode() in cut}
                assert set(fresh) <= told
                assert len(cut) <= len(body)
            if held is seen[-2:][0] and fresh and len(fresh) < len(version):
                assert cut == document(fresh)


# W46
def test_what_is_no_news_counts_as_old_in_every_version() -> None:
    old, new = document({1: 1}), document({1: 1, 2: 1, 3: 1})
    known = recorded(history(old), new, no_news=["urn:2"])
    assert news(known, new, tag=tag_of(old)) == document({3: 1})
    edited = document({1: 1, 2: 2, 3: 1})
    assert news(recorded(known, edited), edited, tag=tag_of(old)) == document({2: 2, 3: 1})


def test_ids_are_compared_as_readers_see_them() -> None:
    old = b"<rss></rss>"
    new = b'<rss><item><guid isPermaLink="false">a&amp;b</guid></item></rss>'
    known = recorded(history(old), new, no_news=["a&b"])
    assert news(known, new, tag=tag_of(old)) == b"<rss></rss>"
