"""The documents of the comparison: their versions and copies."""

from __future__ import annotations

import feedparser

from benchmarks.material import document
from benchmarks.peers.copies import bodies, copy
from benchmarks.peers.documents import VERSIONS, Facts, Original, original

ENTRIES = 7


def made(number: int = 1) -> Original:
    found = original(f"document {number}", document(number, entries=ENTRIES).body)
    assert found
    return found


def headlines(body: bytes) -> list[str]:
    return [entry.title for entry in feedparser.parse(body).entries]


def test_each_version_has_one_entry_more_the_newest() -> None:
    versions = [headlines(body) for body in bodies([made()], 0)]
    assert [len(found) for found in versions] == [ENTRIES - 2, ENTRIES - 1, ENTRIES]
    assert versions[2][1:] == versions[1]
    assert versions[1][1:] == versions[0]


def test_the_newest_entry_is_cut_out_wherever_it_stands() -> None:
    text = made().text
    first, *rest = made().entries
    moved = text[: first[0]] + text[first[1] : rest[-1][1]]
    moved += text[slice(*first)] + text[rest[-1][1] :]
    found = original("moved", moved.encode())
    assert found
    newest = headlines(made().text.encode())[0]
    assert headlines(found.text.encode())[-1] == newest
    assert newest not in headlines(found.version(VERSIONS - 2).encode())


def test_a_feed_names_another_time_of_change_with_each_version() -> None:
    head = "<channel><lastBuildDate>Sat, 31 Jan 2026 12:00:59 GMT</lastBuildDate>"
    found = original("dated", made().text.replace("<channel>", head).encode())
    assert found
    times = ["12:00:00", "12:00:01", "12:00:02"]
    assert all(time in found.version(number) for number, time in enumerate(times))


def test_copies_have_no_id_link_or_headline_in_common() -> None:
    feeds = [feedparser.parse(bodies([made()], number)[-1]) for number in range(20)]
    entries = [entry for feed in feeds for entry in feed.entries]
    for name in ("id", "link", "title"):
        assert len({entry[name] for entry in entries}) == 20 * ENTRIES
    assert len({feed.feed.link for feed in feeds}) == 20


def test_a_copy_keeps_markup_namespaces_dates_and_short_words() -> None:
    text = (
        '<rss xmlns:a="http://a.example/"><item xmlns="http://b.example/"><guid>g</guid>'
        "<title>The Tower of <![CDATA[<b>Babel</b>]]></title><pubDate>Sat, 31 January</pubDate>"
        "<description>&lt;p class='intro'>Tower &amp;amp; &eacute;glise</description></item></rss>"
    )
    assert copy(text, 1) == (
        '<rss xmlns:a="http://a.example/"><item xmlns="http://b.example/"><guid>g-c1</guid>'
        "<title>The Vuxis of <![CDATA[<b>Cecim</b>]]></title><pubDate>Sat, 31 January</pubDate>"
        "<description>&lt;p class='intro'>Vuxis &amp;amp; &eacute;hmoti</description></item></rss>"
    )


def test_documents_are_left_out_that_no_publisher_sends_or_that_have_no_ids() -> None:
    text = made().text
    assert original("good", text.encode())
    assert original("damaged", text.replace("</channel>", "").encode()) is None
    assert original("without ids", text.replace("guid", "code").encode()) is None
    assert original("short", document(1, entries=4).body) is None
    twice = text[: made().entries[0][1]] + text[made().entries[0][0] :]
    assert original("an entry twice", twice.encode()) is None


def test_the_documents_are_described_by_least_median_mean_and_most() -> None:
    sizes = [original("", document(1, entries=count).body) for count in (5, 6, 10)]
    facts = Facts.of(tuple(one for one in sizes if one), collected=False)
    assert facts.documents == 3
    assert facts.entries == (5, 6, 7, 10)
