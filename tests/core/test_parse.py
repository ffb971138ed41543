"""core/parse: documents of every format become the feeds they are meant to be."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.clean import HtmlCleaner
from aggregator.core.errors import ParseError
from aggregator.core.model import Document, Feed
from aggregator.core.parse import parse
from tests.core.documents import atom, one, one_atom, read, rss

DATA = Path(__file__).parent.parent / "data"
NAMES = ["rss091.xml", "rss20.xml", "rss10.xml", "atom03.xml", "atom10.xml", "json11.feed"]


def slim(value: object) -> object:
    """Values as JSON has them, without those that say nothing."""
    if isinstance(value, dict):
        pairs = ((key, slim(one)) for key, one in value.items())
        return {key: one for key, one in pairs if one not in ("", None, [], {}, False)}
    if isinstance(value, list | tuple):
        return [slim(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


# P78 P96
@pytest.mark.parametrize("name", NAMES)
def test_a_document_becomes_the_feed_written_beside_it(name: str) -> None:
    document = Document(url="https://fetched.example/dir/feed.xml", body=(DATA / name).read_bytes())
    feed = parse(document, max_entries=100)
    assert slim(asdict(feed)) == json.loads((DATA / name).with_suffix(".json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_feed_travels_between_processes(name: str) -> None:
    feed = read((DATA / name).read_bytes())
    assert pickle.loads(pickle.dumps(feed)) == feed


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real document with pieces cut, doubled, moved or replaced."""
    body = (DATA / draw(st.sampled_from(NAMES))).read_bytes()
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 80)))
        body = body[:start] + draw(replacements(body[start:end])) + body[end:]
    return body


def replacements(piece: bytes) -> st.SearchStrategy[bytes]:
    hostile = [b"&#xD800;", b"&#x110000;", b"&#0;", b"&bogus;", b"<![CDATA[", b"]]>", b"<!--"]
    hostile += [b"</item>", b"<item>", b"<entry>", b"\xff\xfe", b"\0", b'"', b"<", b">", b"{"]
    hostile += [b"<title>", b"<guid/>", b"<div>", b"xml:base='javascript:x'", b"9999", b"-"]
    return st.one_of(st.just(b""), st.just(piece * 2), st.sampled_from(hostile))


@given(mutated())
def test_mutated_documents_give_a_sound_feed_or_a_parse_error(body: bytes) -> None:
    try:
        feed = read(body)
    except ParseError:
        return
    assert_sound(feed)


def assert_sound(feed: Feed) -> None:
    """What the docstring of Entry promises."""
    guids = [entry.guid for entry in feed.entries]
    assert len(set(guids)) == len(guids)
    cleaner = HtmlCleaner("")
    for entry in feed.entries:
        assert entry.guid
        assert entry.guid == entry.guid.strip()
        assert entry.title or entry.link or entry.summary or entry.content
        for url in (entry.link, entry.image, *(file.href for file in entry.enclosures)):
            assert not url or url.startswith(("http://", "https://"))
        for markup in (entry.summary, entry.content):
            assert cleaner.clean(markup) == markup
        for date in (entry.published, entry.updated):
            assert date is None or (date.utcoffset() is not None and date.microsecond == 0)
    for text in strings(asdict(feed)):
        text.encode("utf-8")
        assert not any(ord(one) < 32 and one not in "\t\n\r" for one in text)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)


# --- identity of entries


# P80
@pytest.mark.parametrize(
    "guid", ["ABC", "abc", "/relative", "HTTP://H.example/%7Ex", "Ã©", "a  b", "t3_x"]
)
def test_a_guid_is_kept_character_by_character(guid: str) -> None:
    assert one(f"<title>t</title><guid>\n {guid} </guid>").guid == guid
    assert one_atom(f"<title>t</title><id> {guid}\n</id>").guid == guid


# P81
def test_without_a_guid_the_link_serves_and_without_a_link_what_is_said() -> None:
    said = "<title>t</title><description>d</description>"
    dated = f"<pubDate>Fri, 27 Jun 2025 0{{}}:00:00 GMT</pubDate>{said}"
    assert one("<title>t</title><link>/x</link>").guid == "https://h.example/x"
    assert one(dated.format(1)).guid == one(dated.format(2)).guid
    assert one(dated.format(1)).guid.startswith("hash:")


# P81
def test_an_entry_that_says_nothing_is_left_out_with_the_reason() -> None:
    feed = read(rss("<item><guid> </guid><title><![CDATA[ ]]></title></item><item/>"))
    assert feed.entries == ()
    assert feed.skipped == (
        "entry 1: no title, no link and no text",
        "entry 2: no title, no link and no text",
    )


# P82
def test_different_entries_under_one_guid_are_all_kept_and_the_first_keeps_it() -> None:
    items = "".join(
        f"<item><guid>g</guid><title>{title}</title><link>/{title}</link></item>"
        for title in ("a", "b", "a", "c")
    )
    feed = read(rss(items))
    assert [entry.guid for entry in feed.entries] == [
        "g",
        "g https://h.example/b",
        "g https://h.example/c",
    ]
    assert feed.skipped == ("entry 3 repeats entry 1: g",)


# P82
def test_the_oldest_of_several_dated_entries_keeps_a_shared_guid() -> None:
    items = "".join(
        f"<item><guid>g</guid><title>{day}</title>"
        f"<pubDate>{day} Jun 2025 00:00:00 GMT</pubDate></item>"
        for day in (27, 26, 25, 28)
    )
    feed = read(rss(items))
    guids = {entry.title: entry.guid for entry in feed.entries}
    assert guids["25"] == "g"
    assert len(set(guids.values())) == 4


def test_a_very_long_guid_is_cut_and_still_tells_entries_apart() -> None:
    first, second = (one(f"<title>t</title><guid>{'g' * 5000}{n}</guid>").guid for n in "12")
    assert len(first) == len(second) == 2048
    assert first != second


# --- texts


# S35
@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("AT&amp;T", "AT&T"),
        ("Q&amp;amp;A", "Q&amp;A"),
        ("<![CDATA[Q&amp;A]]>", "Q&A"),
        ("a &lt; b", "a < b"),
        ("&lt;b&gt;bold&lt;/b&gt; one", "bold one"),
        ("inline <b>markup</b>", "inline markup"),
        ("It&amp;#8217;s caf&eacute;", "It’s café"),
    ],
)
def test_an_rss_title_is_text_decoded_once(title: str, expected: str) -> None:
    assert one(f"<title>{title}</title>").title == expected


@pytest.mark.parametrize(
    ("kind", "title", "expected"),
    [
        ("text", "&lt;b&gt; is bold", "<b> is bold"),
        ("html", "&lt;b&gt;x&lt;/b&gt; &amp;amp;", "x &"),
        ("xhtml", '<div xmlns="http://www.w3.org/1999/xhtml">x &lt;y&gt;</div>', "x <y>"),
    ],
)
def test_an_atom_title_is_what_its_type_says(kind: str, title: str, expected: str) -> None:
    assert one_atom(f'<id>i</id><title type="{kind}">{title}</title>').title == expected


def test_a_long_title_is_cut() -> None:
    assert len(one(f"<title>{'t' * 5000}</title>").title) == 1000


def test_a_description_alone_is_the_summary_when_short_and_the_content_when_not() -> None:
    assert one("<description>short</description>").summary == "short"
    assert one(f"<description>{'long ' * 200}</description>").content.startswith("long")
    assert one("<description>&lt;p&gt;x&lt;/p&gt;</description>").content == "<p>x</p>"


def test_the_same_text_twice_is_no_summary() -> None:
    entry = one(
        "<description>&lt;p&gt;x&lt;/p&gt;</description>"
        "<content:encoded>&lt;p&gt;x&lt;/p&gt;</content:encoded>"
    )
    assert (entry.summary, entry.content) == ("", "<p>x</p>")


@pytest.mark.parametrize("element", ["itunes:summary", "media:description", "itunes:subtitle"])
def test_descriptions_of_the_second_rank_serve_when_there_is_no_other(element: str) -> None:
    second = f"<{element}>second\n\nrank</{element}>"
    assert one(second).summary == "<p>second</p><p>rank</p>"
    assert one(f"<{element}>&lt;i&gt;x&lt;/i&gt; y</{element}>").summary == "<i>x</i> y"
    assert one(f"<description>first</description>{second}").summary == "first"


def test_content_of_a_media_type_that_is_no_text_is_left_out() -> None:
    entry = one_atom(
        '<id>i</id><title>t</title><content type="image/png">AAAA</content>'
        '<content src="doc.pdf" type="application/pdf"/>'
    )
    assert entry.content == ""
    assert entry.link == "https://h.example/dir/doc.pdf"


# --- links


# P93
@pytest.mark.parametrize(
    ("attributes", "link"),
    [
        ("", "https://h.example/dir/x"),
        ('xml:base="https://b.example/a/"', "https://b.example/a/x"),
        ('xml:base="/c/"', "https://h.example/c/x"),
        ('xml:base="javascript:alert(1)//"', "https://h.example/dir/x"),
    ],
)
def test_links_are_resolved_against_xml_base_then_the_document(attributes: str, link: str) -> None:
    markup = '<content type="html">&lt;img src="x"&gt;</content>'
    entry = one_atom(f'<id>i</id><title>t</title><link href="x"/>{markup}', attributes)
    assert entry.link == link
    assert f'src="{link}"' in entry.content


# P93
def test_links_of_a_local_file_are_resolved_against_the_site() -> None:
    feed = read(rss("<item><title>t</title><link>x</link></item>"), url="file:///srv/feed.xml")
    assert feed.entries[0].link == "https://h.example/x"
    assert feed.info.self_link == ""


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<guid>https://h.example/p</guid>", "https://h.example/p"),
        ('<guid isPermaLink="false">https://h.example/p</guid>', ""),
        ("<guid>not a url</guid>", ""),
        ("<comments>https://h.example/c</comments>", ""),
        ("<link>http://</link>", ""),
        ("<link>javascript:alert(1)</link><guid>https://h.example/p</guid>", "https://h.example/p"),
    ],
)
def test_a_permalink_stands_in_for_the_link(item: str, link: str) -> None:
    assert one(f"<title>t</title>{item}").link == link


def test_a_file_stands_in_for_the_link_when_there_is_nothing_else() -> None:
    assert one('<enclosure url="/a.mp3"/>').link == "https://h.example/a.mp3"


# S28
def test_no_address_but_of_the_web_comes_through() -> None:
    bad = "javascript:alert(1)"
    entry = one(
        f'<title>t</title><link>{bad}</link><enclosure url="{bad}"/><media:thumbnail url="{bad}"/>'
        f'<source url="{bad}">s</source><media:content url="{bad}" medium="image"/>'
    )
    assert bad not in str(entry)
    feed = read(
        rss("", f"<title>t</title><link>{bad}</link><image><url>{bad}</url></image>").replace(
            "<channel>", f"<channel><itunes:new-feed-url>{bad}</itunes:new-feed-url>"
        )
    )
    assert bad not in str(feed)
    author = "<author><name>n</name><uri>javascript:alert(1)</uri></author>"
    assert one_atom(f"<id>i</id><title>t</title>{author}").authors[0].uri == ""


def test_the_source_of_an_entry_is_kept_as_a_claim() -> None:
    entry = one('<title>t</title><source url="https://o.example/rss">Other</source>')
    assert entry.origin is not None
    assert (entry.origin.title, entry.origin.self_link) == ("Other", "https://o.example/rss")


# --- people, categories, files


@pytest.mark.parametrize(
    ("byline", "name", "email"),
    [
        ("a@h.photography (Ann B)", "Ann B", "a@h.photography"),
        ("Ann B &lt;a@h.example&gt;", "Ann B", "a@h.example"),
        ("a@h.example", "a@h.example", "a@h.example"),
        ("Ann @ home", "Ann @ home", ""),
        ("Ann &lt;b&gt;B&lt;/b&gt;", "Ann B", ""),
    ],
)
def test_an_rss_author_is_parted_into_name_and_address(byline: str, name: str, email: str) -> None:
    (author,) = one(f"<title>t</title><author>{byline}</author>").authors
    assert (author.name, author.email) == (name, email)


def test_an_author_named_twice_is_one_author() -> None:
    entry = one(
        "<title>t</title><dc:creator>Ann</dc:creator><author>a@h.example (Ann)</author>"
        "<dc:creator>Ann</dc:creator><author/>"
    )
    assert [(one.name, one.email) for one in entry.authors] == [("Ann", "a@h.example")]


def test_lists_are_bounded() -> None:
    many = "".join(
        f'<category>c{n}</category><enclosure url="/{n}"/><dc:creator>a{n}</dc:creator>'
        for n in range(300)
    )
    entry = one(f"<title>t</title>{many}")
    assert (len(entry.categories), len(entry.enclosures), len(entry.authors)) == (64, 64, 16)


def test_a_label_is_shown_before_a_term_and_bloggers_kind_is_no_category() -> None:
    entry = one_atom(
        '<id>i</id><title>t</title><category term="a" label="A"/><category term="b"/>'
        '<category scheme="http://schemas.google.com/g/2005#kind" term="post"/>'
    )
    assert entry.categories == ("A", "b")


# P96
def test_files_keep_type_and_length_and_bad_ones_are_ignored() -> None:
    entry = one(
        '<title>t</title><enclosure url="/a.mp3" type="Audio/MPEG" length="12"/>'
        '<enclosure url="/b.mp3" type="no type" length="-5"/>'
        '<enclosure url="/c.mp3" length="99999999999999999999"/><enclosure type="x/y"/>'
        '<media:group><media:content url="/v.mp4" type="video/mp4" fileSize="7"/></media:group>'
        '<media:content url="/a.mp3"/><podcast:chapters url="/c.json" type="x/y"/>'
    )
    files = {file.href.rpartition("/")[2]: (file.type, file.length) for file in entry.enclosures}
    assert files == {
        "a.mp3": ("audio/mpeg", 12),
        "b.mp3": ("", None),
        "c.mp3": ("", None),
        "v.mp4": ("video/mp4", 7),
    }


# P96
@pytest.mark.parametrize(
    "element",
    [
        '<media:thumbnail url="/i.png"/>',
        '<itunes:image href="/i.png"/>',
        '<media:content url="/i.png" medium="image"/>',
        '<enclosure url="/i.png" type="image/png"/>',
    ],
)
def test_the_picture_of_an_entry_is_found(element: str) -> None:
    assert one(f"<title>t</title>{element}").image == "https://h.example/i.png"


# --- the limit


def test_entries_beyond_the_limit_are_counted_and_the_newest_kept() -> None:
    def items(days: range) -> str:
        return "".join(
            f"<item><title>{d}</title><pubDate>{d} Jun 2025 00:00:00 GMT</pubDate></item>"
            for d in days
        )

    newest_first = read(rss(items(range(28, 9, -1))), limit=3)
    oldest_first = read(rss(items(range(10, 29))), limit=3)
    undated = read(rss("<item><title>a</title></item><item><title>b</title></item>"), limit=1)
    assert [entry.title for entry in newest_first.entries] == ["28", "27", "26"]
    assert [entry.title for entry in oldest_first.entries] == ["26", "27", "28"]
    assert [entry.title for entry in undated.entries] == ["a"]
    assert newest_first.skipped == ("16 entries beyond the limit of 3",)
    assert oldest_first.skipped == ("16 entries beyond the limit of 3",)


def test_a_limit_keeps_what_comes_after_the_entries() -> None:
    feed = read(
        rss("<item><title>a</title></item><item><title>b</title>x</item><ttl>60</ttl>"), limit=1
    )
    assert feed.hints.ttl == 3600
    broken = read(
        rss("<item><title>a</title></item><item><title>b</title><item>x</item><ttl>60</ttl></p>"),
        limit=1,
    )
    assert len(broken.entries) == 1


# --- feeds


# P79
@pytest.mark.parametrize(
    "body",
    [rss(""), atom(""), '{"version": "https://jsonfeed.org/version/1", "title": "t", "items": []}'],
)
def test_a_feed_without_entries_is_a_feed(body: str) -> None:
    assert read(body).entries == ()


def test_a_feed_id_is_an_absolute_iri_or_nothing() -> None:
    assert read(atom("")).info.id == "urn:f"
    assert read(atom("").replace("urn:f", "relative")).info.id == ""
    assert read(atom("").replace("urn:f", "javascript:alert(1)")).info.id == ""


def test_a_language_that_is_none_is_dropped() -> None:
    assert read(atom("", 'xml:lang="not a language"')).info.language == ""
    assert read(atom("", 'xml:lang="pt_BR"')).info.language == "pt-BR"
