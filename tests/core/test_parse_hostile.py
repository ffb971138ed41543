"""core/parse: hostile documents, encodings and things that are no feeds at all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.core.errors import ParseError
from aggregator.core.model import Feed
from tests.core.documents import atom, load, read, rss

ITEM = "<item><title>{}</title><link>https://h.example/1</link></item>"


def title(body: bytes | str, content_type: str = "") -> str:
    return read(body, content_type=content_type).entries[0].title


# --- encodings


def declared(encoding: str, text: str = "Café – 日本") -> str:
    return rss(ITEM.format(text)).replace('encoding="utf-8"', f'encoding="{encoding}"')


# P75
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_decides(encoding: str) -> None:
    body = declared("iso-8859-1").encode(encoding)
    assert title(body, "text/xml; charset=windows-1252") == "Café – 日本"


# P75
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_are_seen_without_a_mark(encoding: str) -> None:
    assert title(declared("utf-8").encode(encoding)) == "Café – 日本"


# P75
def test_ebcdic_is_seen_by_its_first_bytes() -> None:
    assert title(declared("cp037", "Café").encode("cp037")) == "Café"


# P75
@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("iso-8859-1", "cp1252", "Café “x”"),
        ("ISO-8859-2", "iso8859-2", "Žluťoučký"),
        ("x-sjis", "cp932", "日本"),
        ("gb2312", "gb18030", "中文"),
        ("Big5", "big5hkscs", "中文"),
        ("euc-kr", "cp949", "한국"),
        ("KOI8-R", "koi8-r", "Новости"),
        ("windows-1251", "cp1251", "Новости"),
        ("ISO-2022-JP", "iso2022_jp", "日本"),
    ],
)
def test_a_legacy_encoding_is_read_by_its_label(label: str, encoding: str, text: str) -> None:
    assert title(declared(label, text).encode(encoding)) == text
    http = f'application/xml; charset="{label}"'
    assert title(declared("utf-8", text).encode(encoding), http) == text


# P75
def test_http_outranks_the_declaration_and_valid_utf_8_outranks_both() -> None:
    body = declared("windows-1251", "Café")
    assert title(body.encode("cp1252"), "text/xml; charset=windows-1252") == "Café"
    assert title(body.encode("utf-8"), "text/xml; charset=windows-1252") == "Café"


# P75 P76
def test_bytes_that_are_no_utf_8_are_windows_1252_one_by_one() -> None:
    assert title(declared("utf-8", "Café “x”").encode("cp1252")) == "Café “x”"
    mixed = declared("utf-8", "日本 XX").encode().replace(b"XX", b"\x93x\x94\x81")
    assert title(mixed) == "日本 “x”\ufffd"
    marked = b"\xef\xbb\xbf" + declared("utf-8", "XX").encode().replace(b"XX", b"\x80")
    assert title(marked) == "€"


# P76
def test_bytes_that_are_wrong_in_the_stated_encoding_are_replaced() -> None:
    assert title(declared("shift_jis", "日XX").encode("cp932").replace(b"XX", b"\x81")) != ""


# P75
@pytest.mark.parametrize(
    "label", ["utf-7", "unicode_escape", "idna", "rot13", "punycode", "base64", "x-klingon", "é"]
)
def test_codecs_that_are_no_encodings_of_the_web_are_refused(label: str) -> None:
    text = "+ADw-b+AD4- \\u003cb\\u003e uryyb"
    assert title(declared(label, text)) == text
    assert title(declared("utf-8", text), f"text/xml; charset={label}") == text


# --- before and around the document


# P77
@pytest.mark.parametrize(
    "junk",
    [
        "\ufeff",
        "\ufeff\n\n",
        "\n\n  ",
        "\0" * 100,
        "junk ",
        "<br />\n<b>Warning</b>: something in <b>x.php</b> on line <b>3</b><br />\n",
        "<!-- <rss> -->",
        '<?xml-stylesheet href="a>b"?>',
        "<!DOCTYPE html>",
        '<!DOCTYPE rss [<!ENTITY a "]>"> <!ELEMENT x ANY> ]>',
        "< 3 <!-- open ",
    ],
)
def test_junk_before_a_feed_is_skipped(junk: str) -> None:
    document = rss(ITEM.format("t"))
    assert title(junk + document) == "t"
    assert title(junk + document.partition("?>")[2]) == "t"


# P77
def test_junk_behind_a_feed_is_cut() -> None:
    assert title(rss(ITEM.format("t")) + "<script>count()</script> & more <") == "t"


# P77
def test_undeclared_entities_are_read_as_those_of_html() -> None:
    assert (
        title(rss(ITEM.format("caf&eacute; &ndash; &bogus; &AMP; &apos;"))) == "café – &bogus; & '"
    )


# P77
def test_stray_ampersands_and_less_than_signs_are_text() -> None:
    feed = read(rss("<item><title>a & b < c &d; </title><link>/?a=1&b=2&copy=3</link></item>"))
    assert feed.entries[0].title == "a & b < c &d;"
    assert feed.entries[0].link == "https://h.example/?a=1&b=2&copy=3"


# P76
@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("a&#xD800;b", "a\ufffdb"),
        ("a&#x110000;b", "a\ufffdb"),
        ("a&#99999999999999;b", "a\ufffdb"),
        ("a&#xFFFE;b", "a\ufffdb"),
        ("a&#8;&#0;b", "ab"),
        ("a\x08\x0b\0b", "ab"),
        ("a&#55357;&#56832;b", "a😀b"),
        ("a&#00000000000065;b", "aAb"),
        ("a&#x42;&#9;&#10;b", "aB b"),
        ("a<![CDATA[ &#8; &#xD800; ]]>b", "a \ufffd b"),
    ],
)
def test_characters_that_xml_forbids_are_removed_or_replaced(reference: str, text: str) -> None:
    assert title(rss(ITEM.format(reference))) == text


def test_a_cdata_section_that_never_ends_loses_only_its_entry() -> None:
    feed = read(rss(ITEM.format("t") + "<item><title><![CDATA[never"))
    assert feed.entries[0].title == "t"


def test_complete_entries_of_a_truncated_document_are_kept() -> None:
    body = rss("".join(ITEM.format(number) for number in range(10)))
    feed = read(body[: len(body) * 3 // 4])
    assert [entry.title for entry in feed.entries][:3] == ["0", "1", "2"]


def test_a_malformed_feed_reads_its_cdata_titles_like_a_sound_one() -> None:
    item = "<item><title><![CDATA[Q&amp;A]]></title></item>"
    assert title(rss(item)) == title(rss(item).replace("</channel>", "</chanel>")) == "Q&A"


# --- document types


# S18
@pytest.mark.parametrize(
    ("dtd", "text"),
    [
        ('<!ENTITY e "short text">', "short text"),
        ('<!ENTITY e "&#233;">', "é"),
        ("<!ENTITY e 'a &lt; b'>", ""),
        ('<!ENTITY e "<b>x</b>">', ""),
        (f'<!ENTITY e "{"x" * 65}">', ""),
        ('<!ENTITY e SYSTEM "file:///etc/passwd">', ""),
        ('<!ENTITY e SYSTEM "http://127.0.0.1:9/">', ""),
        ('<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p; <!ENTITY e "&f;"> <!ENTITY f "&e;">', ""),
    ],
)
def test_declared_entities_give_short_plain_text_or_nothing(dtd: str, text: str) -> None:
    head = f"<!DOCTYPE rss [{dtd}]>"
    assert title(head + rss(ITEM.format("[&e;]")).partition("?>")[2]) == f"[{text}]"


# S18
def test_declared_entities_do_not_add_up() -> None:
    head = f'<!DOCTYPE rss [<!ENTITY e "{"x" * 64}">]>'
    item = f"<item><title>t</title><description>{'&e;' * 20_000}</description></item>"
    (entry,) = read(head + rss(item).partition("?>")[2]).entries
    assert len(entry.content) <= 256 * 1024


# S19
def test_a_document_type_of_rss_0_91_is_no_reason_to_refuse() -> None:
    head = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://x/">'
    feed = read(head + rss(ITEM.format("t")).partition("?>")[2])
    assert feed.format == "rss091n"


# --- what is no feed


def refused(body: bytes | str, content_type: str = "") -> ParseError:
    with pytest.raises(ParseError) as caught:
        read(body, content_type=content_type)
    return caught.value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the document is empty"),
        (b" \n\0 ", "the document is empty"),
        (b"\x89PNG\r\n\x1a\n<x>", "this is a PNG image"),
        (b"%PDF-1.7", "this is a PDF document"),
        (b"\x1f\x8b\x08", "this is a gzip archive"),
        ("<opml><body/></opml>", "this is an OPML list of feeds: import it instead"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "this is an SVG image"),
        ("<other/>", "this is XML with the root element <other>"),
        ("/etc/passwd", "this is neither XML nor JSON; it begins with '/etc/passwd'"),
        ("<html><body>Log in</body></html>", "this is an HTML page"),
        (
            "<!doctype html><title>Just a &lt;moment&gt;\n…</title>",
            "this is an HTML page (title: Just a <moment> …)",
        ),
        (
            "<html><link rel=stylesheet href=x><link type='application/atom+xml' "  # noqa: ISC004
            "rel='alternate' href='/feed?a=1&amp;b=2'></html>",
            "this is an HTML page; it links a feed at https://h.example/feed?a=1&b=2",
        ),
        ('{"a": 1}', "this is JSON, but no JSON Feed: it has no version"),
        ("[1]", "this is JSON, but no JSON Feed: it has no version"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes | str, message: str) -> None:
    error = refused(body)
    assert (str(error), error.kind) == (message, "not_a_feed")


# P74
@pytest.mark.parametrize(
    "content_type", ["", "text/html", "text/plain", "application/octet-stream", "image/png", ";;;"]
)
def test_a_feed_is_a_feed_whatever_its_content_type_says(content_type: str) -> None:
    assert title(rss(ITEM.format("t")), content_type) == "t"
    assert read('{"version":"https://jsonfeed.org/version/1"}', content_type=content_type)


def test_whatever_feedparser_raises_is_a_damaged_document() -> None:
    item = "<item><title>t</title><textInput><link>x</link></textInput></item>"
    error = refused(rss(item))
    assert error.kind == "damaged"
    assert isinstance(error.__cause__, KeyError)


# --- JSON


def json_feed(**item: object) -> str:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]})


# S23
@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"version": "https://jsonfeed.org/version/1", "items": [' + "[" * 100_000 + "]}",
        f'{{"version": "https://jsonfeed.org/version/1", "a": {"9" * 5000}}}',
        f'{{"version": "https://jsonfeed.org/version/1", "a": 0.{"9" * 5000}}}',
        '{"version": "https://jsonfeed.org/version/1", "a": NaN}',
        '{"version": "https://jsonfeed.org/version/1", "a": -Infinity}',
        '{"version": "https://jsonfeed.org/version/1", "version": "x"}',
        '{"version": "https://jsonfeed.org/version/1", "items": [',
        "{",
    ],
)
def test_json_that_readers_disagree_about_is_damaged(body: str) -> None:
    assert refused(body).kind == "damaged"


# S23
def test_a_lone_surrogate_in_json_is_dropped() -> None:
    feed = read(json_feed(id="\ud800i", title="a\ud800b", content_text="c\ud800\x00d"))
    assert (feed.entries[0].guid, feed.entries[0].title) == ("i", "a b")
    assert feed.entries[0].content == "<p>cd</p>"


def test_json_of_the_wrong_types_is_as_good_as_none() -> None:
    wrong = {
        "version": "https://jsonfeed.org/version/2",
        "title": 1,
        "authors": "x",
        "hubs": [1],
        "items": [1, {"id": True, "title": "t", "tags": 3, "attachments": [{"url": []}, 4]}],
    }
    feed = read(json.dumps(wrong))
    assert feed.format == "json"
    assert feed.skipped == ("entry 1: no title, no link and no text",)
    assert feed.entries[0].guid.startswith("hash:")


def test_json_entries_beyond_the_limit_are_counted() -> None:
    body = json.loads(json_feed(id="1", title="a"))
    body["items"] *= 5
    feed = read(json.dumps(body), limit=2)
    assert len(feed.entries) == 1
    assert feed.skipped == ("3 entries beyond the limit of 2", "entry 2 repeats entry 1: 1")


def test_a_json_feed_of_something_else_than_a_list_has_no_entries() -> None:
    assert read('{"version": "https://jsonfeed.org/version/1", "items": {}}').entries == ()


# --- floods


# S20
@pytest.mark.parametrize(
    "item",
    [
        "".join(f"<category>c{number}</category>" for number in range(20_000)),
        "".join(f'<enclosure url="/{number}"/>' for number in range(20_000)),
        "<author>" + "a" * 300_000 + "</author>",
        "<author>" + "a@" * 150_000 + "</author>",
        "<pubDate>" + "1" * 300_000 + "</pubDate>",
        "<description>" + "<a>" * 20_000 + "</a>" * 20_000 + "</description>",
        "<description>" + "&lt;div&gt;" * 100_000 + "</description>",
        "<a " + " ".join(f'a{number}="x"' for number in range(20_000)) + "/>",
        "<a " + " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(20_000)) + "/>",
        "<item/>" * 50_000,
        "<title>" + "T" * 3_000_000 + "</title>",
        "<link>http://h.example/" + "a" * 1_000_000 + "</link>",
    ],
    ids=lambda item: item[:24],
)
def test_floods_take_time_in_proportion_and_give_bounded_entries(item: str) -> None:
    start = time.process_time()
    feed = read(rss(f"<item><title>first</title>{item}</item>"))
    assert time.process_time() - start < 6
    assert len(feed.entries) <= 100
    assert len(feed.entries[0].content) < 600_000
    assert len(feed.entries[0].categories) <= 64


def test_white_space_between_elements_of_xhtml_is_no_flood() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">' + "\n" * 300_000 + "<p>x</p></div>"
    start = time.process_time()
    feed = read(atom(f'<entry><title>t</title><content type="xhtml">{div}</content></entry>'))
    assert feed.entries[0].content == "<p>x</p>"
    assert time.process_time() - start < 3


# --- the hostile cases of the test kit

Check = Callable[[Feed], bool]


def first(check: Callable[[str], bool]) -> Check:
    return lambda feed: check(feed.entries[0].title)


EXPECTED: dict[str, Check | str] = {
    "billion_laughs": first(lambda text: "lol" not in text),
    "xxe_file": first(lambda text: text == "[]"),
    "xxe_http": first(lambda text: text == "[]"),
    "xinclude": lambda feed: "root:" not in str(feed),
    "html_named_entities": first(lambda text: text == "café – x y &bogus; &amp;"),
    "body_is_path": "not_a_feed",
    "body_is_url": "not_a_feed",
    "entries_20k": lambda feed: len(feed.entries) == 2000,
    "title_10MB": first(lambda text: len(text) == 1000),
    "ctl_chars": first(lambda text: text == "a b"),
    "xss_title_unclosed": first(lambda text: text.startswith("<img")),
    "enc_utf7": first(lambda text: "<script" not in text),
    "enc_http_utf7": first(lambda text: "<script" not in text),
    "enc_idna_codec": first(lambda text: "<script" not in text),
    "enc_lie_utf8_is_1252": first(lambda text: text == "Café “x” – y"),
    "enc_lie_1252_is_utf8": first(lambda text: text == "Café – 日本"),
    "enc_http_conflict": first(lambda text: text == "Café"),
    **{
        f"enc_{name}": first(lambda text: text == "Grüße – 日本")
        for name in ("utf16", "utf16le", "utf16be", "utf32", "utf32le", "utf32be")
    },
    "truncated_xml": lambda feed: len(feed.entries) >= 4,
    "html_page": "not_a_feed",
    "html_login_200": "not_a_feed",
    "empty_body": "not_a_feed",
    "whitespace_body": "not_a_feed",
    "binary_png": "not_a_feed",
    "opml_as_feed": "not_a_feed",
    "svg_as_feed": "not_a_feed",
    "zero_items": lambda feed: feed.entries == (),
    "dates": lambda feed: len(feed.entries) == 39,
    "future_entries": lambda feed: feed.entries[-1].published is None,
    "missing_parts": lambda feed: (len(feed.entries), len(feed.skipped)) == (28, 4),
    "blank_parts": lambda feed: feed.entries[0].guid.startswith("hash:"),
    "dup_guid_one_feed": lambda feed: len({entry.guid for entry in feed.entries}) == 2,
    "link_schemes": lambda feed: {e.link[:5] for e in feed.entries} == {"", "http:", "https"},
    "xml_base_js": lambda feed: feed.entries[0].link == "https://h.example/dir/x",
    "log_injection": first(lambda text: text == "x 2025-01-01 INFO forged [31mred"),
}


# S18 S20 S21 S34 S35
@pytest.mark.timeout(240)
def test_every_hostile_document_gives_what_is_expected_in_bounded_time(testkit: Path) -> None:
    kit = load(testkit / "hostile_feeds.py")
    failed = [
        failure
        for name in kit.CASES.keys() - kit.BIG
        if (failure := failure_of(name, *kit.CASES[name]()[:2]))
    ]
    assert failed == []
    assert kit.CASES.keys() >= EXPECTED.keys()


def failure_of(name: str, body: bytes, headers: dict[str, str]) -> str:
    expected = EXPECTED.get(name)
    start = time.process_time()
    try:
        feed = read(body, content_type=headers["Content-Type"], limit=2000)
    except ParseError as error:
        return "" if expected in (error.kind, None) else f"{name}: {error}"
    if time.process_time() - start > 10:
        return f"{name}: took too long"
    if expected is None or (callable(expected) and expected(feed)):
        return ""
    return f"{name}: {feed.entries[:2]}"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "start", ["<?", "<?xml", "<!", "<!--", "<!DOCTYPE rss [", "<![CDATA[", "<"]
)
def test_a_document_that_ends_before_its_first_element_is_refused_at_once(start: str) -> None:
    for body in (start, f"<!-- x -->{start}", f"<?xml version='1.0'?>{start} x"):
        with pytest.raises(ParseError):
            read(body)
