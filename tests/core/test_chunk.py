"""What of a document is read again, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aggregator.core.chunk import (
    Chunks,
    Memory,
    Remembered,
    chunks,
    incremental_read,
    read_new,
)
from aggregator.core.chunk import names as site
from aggregator.core.chunk.check import (
    LARGEST,
    ONE_IN,
    difference,
    is_due,
    read_checked,
    read_watched,
)
from aggregator.core.chunk.increment import GIVEN_UP, RETRIED
from aggregator.core.chunk.memory import LEFT_OUT, MAX_REMEMBERED, MAX_TEXTS, NO_HOST, SIGNED
from aggregator.core.errors import ParseError
from aggregator.core.model import Document, Entry, Reading
from aggregator.core.read import read
from aggregator.core.settings import Source
from tests.core.documents import atom, rss

SOURCE = Source(id="s", url="https://h.example/feed.xml")
LIMIT = 50
CHANNEL = "<title>F</title><link>https://h.example/</link>"


def document(body: str, url: str = SOURCE.url) -> Document:
    return Document(url=url, body=body.encode("utf-8", "surrogatepass"))


def item(number: int, title: str = "", *, link: str = "", more: str = "") -> str:
    address = link or f"https://h.example/{number}"
    return (
        f"<item><title>{title or f'Bridge number {number} opens'}</title><link>{address}</link>"
        f"<guid>urn:{number}</guid><description>Text {number}</description>{more}</item>"
    )


def items(*numbers: int) -> str:
    return "".join(map(item, numbers))


def cut(body: str) -> Chunks | None:
    return chunks(document(body), max_entries=LIMIT)


def memory_of(body: str) -> bytes:
    """What is remembered of a document that can be taken apart."""
    found = incremental_read(document(body), source=SOURCE, memory=b"", max_entries=LIMIT)
    assert found is not None
    assert found.memory
    return found.memory


def second(before: str, body: str) -> Reading:
    """A document read after another one, checked against reading the whole."""
    found = read_new(document(body), SOURCE, LIMIT, memory_of(before))
    whole = read(document(body), SOURCE, LIMIT)
    seen = {one.entry_key for one in found.seen}
    rest = tuple(one for one in whole.identities if one.entry_key not in seen)
    assert found.identities == rest
    assert len(seen) + len(rest) == len(whole.identities)
    assert replace(found.feed, entries=()) == replace(whole.feed, entries=())
    return found


def guids(found: Reading) -> list[str]:
    return [entry.guid for entry in found.feed.entries]


def test_only_the_entry_that_is_new_is_read() -> None:
    found = second(rss(items(1, 2, 3)), rss(items(4, 1, 2, 3)))
    assert guids(found) == ["urn:4"]
    assert len(found.seen) == 3


def test_an_edited_entry_is_read_again() -> None:
    edited = item(1) + item(2, "Bridge number 2 closes") + item(3)
    assert guids(second(rss(items(1, 2, 3)), rss(edited))) == ["urn:2"]


def test_nothing_is_read_when_nothing_changed_but_the_head_of_the_feed() -> None:
    channel = f"{CHANNEL}<lastBuildDate>Fri, 27 Jun 2025 10:00:00 GMT</lastBuildDate>"
    found = second(rss(items(1, 2)), rss(items(1, 2), channel))
    assert not found.feed.entries
    assert found.feed.info.updated is not None


def test_an_entry_that_left_is_not_remembered() -> None:
    found = second(rss(items(1, 2)), rss(items(2)))
    again = read_new(document(rss(items(1, 2))), SOURCE, LIMIT, found.memory)
    assert guids(again) == ["urn:1"]


def test_an_entry_that_says_nothing_is_told_of_again_without_being_read() -> None:
    body = rss(items(1) + "<item><author>a</author></item>" + items(2))
    found = second(body, body)
    assert not found.feed.entries
    assert found.feed.skipped == ("entry 2: no title, no link and no text",)


def test_a_link_that_an_entry_shares_with_one_seen_is_no_key() -> None:
    found = second(rss(items(1, 2)), rss(item(3, link="https://h.example/1") + items(1, 2)))
    (identity,) = found.identities
    assert "link" not in {key.kind for key in identity.keys}


def test_a_repeated_guid_makes_the_whole_document_be_read() -> None:
    found = second(rss(items(1, 2)), rss(items(1, 2) + item(2, "Another story altogether")))
    assert len(found.feed.entries) == 3
    assert found.memory == b""
    again = second(rss(items(1, 2)), rss(items(1, 2, 2)))
    assert again.memory == GIVEN_UP


# --- site names


SIGNED_TITLES = [f"Bridge number {number} opens - Evening Post" for number in range(6)]


def signed(*numbers: int, mark: str = " - Evening Post") -> str:
    return "".join(item(number, f"Bridge number {number} opens{mark}") for number in numbers)


def headlines(found: Reading) -> list[str]:
    return [identity.headline for identity in found.identities]


def test_a_tail_that_most_entries_share_is_known_from_those_seen() -> None:
    found = second(rss(signed(1, 2, 3, 4)), rss(signed(5, 1, 2, 3, 4)))
    assert headlines(found) == ["bridge-number-5-opens"]


def test_a_tail_that_becomes_the_name_of_the_site_makes_all_headlines_be_made_anew() -> None:
    found = second(rss(signed(1, 2, 3)), rss(signed(4, 1, 2, 3)))
    assert headlines(found) == [f"bridge-number-{number}-opens" for number in (4, 1, 2, 3)]


def test_a_tail_that_is_no_name_of_the_site_any_more_makes_them_be_made_anew() -> None:
    found = second(rss(signed(1, 2, 3, 4)), rss(signed(1, 2, 3)))
    assert len(headlines(found)) == 3


def test_a_new_name_that_no_entry_bears_changes_nothing() -> None:
    found = second(
        rss(signed(1, 2, mark=" - Wire")), rss(signed(1, 2, mark=" - Wire"), "<title>N</title>")
    )
    assert not headlines(found)


def test_a_new_name_that_entries_bear_makes_them_be_read_again() -> None:
    body = signed(1, 2, mark=" - Wire")
    assert len(headlines(second(rss(body), rss(body, "<title>Wire</title>")))) == 2


def test_the_host_of_a_first_entry_that_was_seen_is_a_name_of_the_site() -> None:
    there = item(1, link="https://news.there.example/1")
    found = second(rss(items(2) + there), rss(there + item(3, "It opens - there")))
    assert headlines(found) == ["it-opens"]


def test_what_was_too_much_to_remember_is_read_again() -> None:
    many = "".join(item(n, link=f"https://h{n}.example/") for n in range(MAX_TEXTS + 2))
    last = item(MAX_TEXTS + 1, link=f"https://h{MAX_TEXTS + 1}.example/")
    before = read_new(document(rss(many)), SOURCE, 200, b"")
    found = read_new(document(rss(last)), SOURCE, 200, before.memory)
    assert len(found.feed.entries) == 1


def test_a_long_tail_is_not_remembered() -> None:
    mark = " - " + "Evening " * 40
    found = second(rss(signed(1, 2, 3, 4, mark=mark)), rss(signed(1, 2, 3, 4, mark=mark)))
    assert len(found.feed.entries) == 4


def test_titles_with_several_tails_are_read_again_when_the_names_grow() -> None:
    body = item(1, "Bridge opens - Wire (video) (photos)") + item(2, "A - B (video)(photos) - C")
    assert len(second(rss(body), rss(body, "<title>Wire</title>")).feed.entries) == 2


def test_two_tails_that_are_no_names_are_remembered_as_any() -> None:
    title = "Bridge opens - Wire (Video) - report"
    assert site.signature(title, frozenset()).stopped == site.ANY_TAIL
    assert site.signature("Bridge opens - Wire", frozenset()).stopped not in (0, site.ANY_TAIL)
    assert site.signature("Bridge opens", frozenset()).stopped == 0


def test_names_can_be_listed_as_any_collection() -> None:
    asked = site._Asked(frozenset(["wire"]))
    assert list(asked) == ["wire"]
    assert len(asked) == 1


# --- documents that are read as a whole


@pytest.mark.parametrize(
    "body",
    [
        '{"version": "https://jsonfeed.org/version/1.1", "items": []}',
        rss(""),
        rss("".join(item(number) for number in range(LIMIT + 1))),
        rss(items(1, 1)),
        rss(items(1) + "<ttl>5</ttl>" + items(2)),
        rss(items(1) + "words" + items(2)),
        rss(item(1, more="<item><title>Inside</title></item>")),
        rss(items(1) + "</item>"),
        rss(items(1) + "<item><title>Open</title>"),
        rss(item(1) + "<entry><title>Ends otherwise</title></item>"),
        rss(item(1)).replace("<channel>", "<channel><!--").replace("</channel>", "--></channel>"),
        rss(items(1)) + "<!-- never closed",
        rss(item(1, more="<![CDATA[ never closed")),
        rss(item(1, more="<!-- <![CDATA[ -->") + items(2)),
        '<!DOCTYPE rss [<!ENTITY e "x">]>' + rss(item(1, "&e;")),
        rss(item(1, more="<?aggregator-part?>")),
        rss(items(1)).replace("</rss>", ""),
        rss(items(1)) + "</rss>",
        "<item><title>Alone</title></item>",
        rss(item(1, "<![CDATA[" + "<item>" * LIMIT + "]]>")),
    ],
)  # fmt: skip
def test_these_cannot_be_cut(body: str) -> None:
    assert cut(body) is None


@pytest.mark.parametrize(
    "body",
    [
        rss(item(1, more="<b>")),
        rss(items(1)).replace("<channel>", '<channel a="').replace("</channel>", '"></channel>'),
        rss(item(1, more='<x xmlns:dc="urn:odd"/>') + items(2)),
        rss(item(1, more='<o:x xmlns:o="http://purl.org/dc/elements/1.1/"/>') + items(2)),
        rss(item(1, more='<o:x xmlns:o="http://backend.userland.com/rss9"/>') + items(2)),
        rss(items(1).replace("<item>", "<item><title><description>b</description></title>")),
        rss(item(1, more="".join(f'<p{n}:x xmlns:p{n}="urn:{n}"/>' for n in range(70)))),
        "<html><body><rss></body>" + items(1) + "</rss></html>",
        "<a><!-- <rss > --></a>" + items(1) + "</rss>",
    ],
)
def test_these_can_be_cut_and_are_read_as_a_whole_all_the_same(body: str) -> None:
    assert cut(body) is not None
    found = incremental_read(document(body), source=SOURCE, memory=b"", max_entries=LIMIT)
    assert found is None


def test_an_entry_that_disturbs_those_behind_it_makes_the_whole_be_read() -> None:
    body = item(1, more="<rights><title>x</title></rights>") + items(2, 3)
    assert incremental_read(document(rss(body)), source=SOURCE, memory=b"", max_entries=9) is None


def test_what_stands_behind_the_entries_is_read_with_the_last_of_them() -> None:
    body = rss(items(1, 2) + "<title>Later</title><ttl>30</ttl>")
    found = second(body, body)
    assert guids(found) == ["urn:2"]
    assert found.feed.hints.ttl == 1800


def test_items_in_texts_and_comments_are_no_entries() -> None:
    text = "<!-- <item> --><x><![CDATA[</item><item>]]></x><?y <item> ?>"
    found = cut(rss(item(1, more=text) + "<!-- </item> -->\n" + items(2)))
    assert found is not None
    assert len(found.spans) == 2


def test_entries_of_every_format_are_found() -> None:
    entry = "<entry><id>urn:1</id><title>A</title></entry>"
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/"><channel rdf:about="u"><title>F</title></channel>'
        '<item rdf:about="urn:1"><title>A</title></item></rdf:RDF>'
    )
    old = '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>F</title>' + entry
    prefixed = atom(entry).replace("<", "<a:").replace("<a:/", "</a:").replace("xmlns", "xmlns:a")
    for body in (atom(entry), rdf, old + "</feed>", prefixed, rss("<item about='x'/>" + items(1))):
        assert not second(body, body).feed.entries


def test_characters_that_xml_forbids_do_not_hide_entries() -> None:
    body = rss(items(1, 2)).replace("<item>", "<it\x00em>") + "\ufffe"
    assert not second(body, body).feed.entries
    assert cut(rss(items(1, 2)) + "\uffff") is not None


def test_a_lone_surrogate_does_no_harm() -> None:
    body = rss(item(1, "Bridge &#xD800; opens") + items(2))
    assert not second(body, body).feed.entries


@pytest.mark.parametrize("label", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_halves_of_characters_in_wide_encodings_do_no_harm(label: str) -> None:
    body = rss(item(1, "Bridge \ud800 opens")).encode(label, "surrogatepass")
    wide = Document(url=SOURCE.url, body=body)
    found = read_new(wide, SOURCE, LIMIT, b"")
    assert replace(found, memory=b"") == read(wide, SOURCE, LIMIT)


# --- when everything is read again


def test_another_context_makes_all_entries_be_read_again() -> None:
    body = rss(items(1, 2))
    for changed in (
        body.replace("<rss ", '<rss xml:lang="fr" '),
        body.replace("<rss ", '<rss xml:base="http://other.example/" '),
        body.replace('"2.0"', '"0.92"'),
        body.replace("<rss ", '<rss xmlns:x="urn:x" '),
        body.replace("<channel>", "<channel><image><url>http://h.example/i</url></image>"),
    ):
        assert len(second(body, changed).feed.entries) == 2


def test_a_memory_of_another_source_address_or_damaged_one_is_none() -> None:
    body = rss(items(1, 2))
    memory = memory_of(body)
    elsewhere = document(body, "https://other.example/feed.xml")
    for one, source, data in (
        (elsewhere, SOURCE, memory),
        (document(body), replace(SOURCE, id="other"), memory),
        (document(body), SOURCE, b"??" + memory[2:]),
        (document(body), SOURCE, memory[:90]),
        (document(body), SOURCE, memory + b"\n"),
        (document(body), SOURCE, memory[:-1] + b"\xff"),
    ):
        assert len(read_new(one, source, LIMIT, data).feed.entries) == 2


def test_too_many_namespaces_make_all_entries_be_read_again() -> None:
    def spaced(number: int, first: int) -> str:
        spaces = "".join(f'<p{n}:x xmlns:p{n}="urn:{n}"/>' for n in range(first, first + 30))
        return item(number, more=spaces)

    before = memory_of(rss(spaced(1, 0)))
    body = rss(spaced(1, 0) + spaced(2, 30))
    found = read_new(document(body), SOURCE, LIMIT, before)
    assert len(found.feed.entries) == 2


def test_a_document_that_cannot_be_cut_is_only_now_and_then_tried_again() -> None:
    broken, whole = rss(items(1) + "<ttl>5</ttl>" + items(2)), rss(items(1, 2))
    memory = read_new(document(broken), SOURCE, LIMIT, b"").memory
    tries = 0
    while memory.startswith(GIVEN_UP):
        tries += 1
        memory = read_new(document(whole), SOURCE, LIMIT, memory).memory
    assert tries == RETRIED


def test_what_is_no_feed_is_told_as_ever() -> None:
    with pytest.raises(ParseError, match="HTML"):
        read_new(document("<html><title>x</title></html>"), SOURCE, LIMIT, b"")


def test_what_breaks_the_parser_is_damaged_as_ever() -> None:
    body = rss(item(1, more="<textInput><name>x</name></textInput>"))
    with pytest.raises(ParseError, match="textinput"):
        read_new(document(body), SOURCE, LIMIT, b"")


# --- the check of both against each other


def test_a_check_finds_no_difference_in_what_is_right() -> None:
    body = rss(items(1, 2, 3))
    checked = read_checked(document(body), SOURCE, LIMIT, memory_of(rss(items(2, 3))))
    assert checked.difference == ""
    assert guids(checked.reading) == ["urn:1"]


def test_a_check_tells_what_differs_and_takes_the_whole() -> None:
    """A chunk that is remembered as another entry stands for any mistake of ours."""
    body, before = rss(items(1, 2, 3)), memory_of(rss(items(2, 3)))
    known = Memory.from_bytes(before, origin=before[2:18])
    assert known is not None
    mistaken = replace(known, entries=tuple(one._replace(entry_key=1) for one in known.entries[:1]))
    checked = read_checked(document(body), SOURCE, LIMIT, mistaken.to_bytes())
    assert checked.difference == "an entry was taken for seen that is not there"
    assert len(checked.reading.feed.entries) == 3
    assert checked.reading.memory == b""


def test_every_kind_of_difference_is_told() -> None:
    whole = read(document(rss(items(1, 2))), SOURCE, LIMIT)
    other = read(document(rss(items(1) + item(2, "Edited"))), SOURCE, LIMIT)
    renamed = replace(whole.feed, info=replace(whole.feed.info, title="Other"))
    fewer = replace(whole.feed, entries=whole.feed.entries[:1])
    for reading, told in (
        (replace(whole, feed=renamed), "the feed or its hints differ"),
        (other, "the entry urn:2 differs"),
        (replace(whole, identities=other.identities), "the entry urn:2 differs"),
        (replace(whole, feed=fewer, identities=whole.identities[:1]), "1 entries are missing"),
        (whole, ""),
    ):
        assert difference(whole, reading) == told


def test_one_document_in_a_thousand_is_due() -> None:
    bodies = [b"%d" % number for number in range(20 * ONE_IN)]
    assert 10 <= sum(map(is_due, bodies)) <= 30


def padded(body: str, *, length: int) -> Document:
    """The document with white space behind it: that long at least, and due."""
    filled = body.encode().ljust(length)
    while not is_due(filled):
        filled += b" "
    return replace(document(""), body=filled)


@pytest.mark.parametrize(("length", "is_checked"), [(0, True), (LARGEST + 1, False)])
def test_a_large_document_is_not_read_both_ways(length: int, is_checked: bool) -> None:
    """Twice would take more than the deadline of what takes more than half of it once."""
    body = rss(items(1, 2, 3))
    before = memory_of(body)
    known = Memory.from_bytes(before, origin=before[2:18])
    assert known is not None
    mistaken = replace(known, entries=tuple(one._replace(entry_key=1) for one in known.entries[:1]))
    due = padded(body, length=length)
    checked = read_watched(due, SOURCE, LIMIT, mistaken.to_bytes())
    assert bool(checked.difference) == is_checked


# --- the memory


numbers = some.integers(-(2**63), 2**63 - 1)
entries = some.builds(
    Remembered,
    chunk=some.binary(min_size=8, max_size=8),
    entry_key=numbers,
    link=numbers,
    gist=numbers,
    tail=numbers,
    stopped=numbers,
    host=some.sampled_from([0, 1, NO_HOST]),
    flags=some.sampled_from([0, LEFT_OUT, SIGNED]),
)
slugs = some.text("abc-é中", min_size=1, max_size=20)
memories = some.builds(
    Memory,
    origin=some.binary(min_size=16, max_size=16),
    context=some.binary(min_size=16, max_size=16),
    prefixes=some.integers(0, 60),
    entries=some.lists(entries, max_size=5).map(tuple),
    names=some.lists(some.tuples(numbers, some.booleans()), max_size=4).map(tuple),
    tails=some.lists(slugs, max_size=3).map(tuple),
    hosts=some.lists(some.lists(slugs, max_size=2).map(tuple), max_size=3).map(tuple),
)


@given(memories)
def test_a_memory_survives_its_bytes(memory: Memory) -> None:
    assert Memory.from_bytes(memory.to_bytes(), origin=memory.origin) == memory


@given(memories, some.data())
def test_a_torn_memory_is_none_or_at_least_no_surprise(
    memory: Memory, data: some.DataObject
) -> None:
    whole = memory.to_bytes()
    torn = whole[: data.draw(some.integers(0, len(whole) - 1))]
    Memory.from_bytes(torn, origin=memory.origin)


@given(some.binary(max_size=200))
def test_bytes_that_are_no_memory_are_none(data: bytes) -> None:
    assert Memory.from_bytes(data, origin=b"o" * 16) is None


def test_too_much_is_not_remembered() -> None:
    memory = Memory.from_bytes(memory_of(rss(items(1))), origin=b"") or None
    assert memory is None
    known = Memory(
        origin=b"o" * 16,
        context=b"c" * 16,
        prefixes=0,
        entries=(Remembered(b"12345678"),) * (MAX_REMEMBERED + 1),
        names=(),
        tails=(),
        hosts=(),
    )
    assert known.to_bytes() == b""


def test_a_memory_takes_about_fifty_bytes_for_an_entry() -> None:
    few, many = memory_of(rss(items(1))), memory_of(rss(items(*range(LIMIT))))
    assert len(many) - len(few) <= 55 * (LIMIT - 1)


def test_the_entry_of_a_slot_says_its_tail() -> None:
    entry = Entry(guid="1", title="Bridge opens - Wire")
    assert site.tail_of(entry) == site.tail_of(Remembered(b"", tail=site.tail_of(entry)))
