"""core/clean: whatever comes in, safe, legal and stable text comes out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.clean import (
    MAX_HTML,
    MAX_URL,
    HtmlCleaner,
    absolute_url,
    guessed_text,
    one_line,
    paragraphs,
    plain_text,
    text_of,
    xml_legal,
)
from aggregator.core.nesting import MAX_DEPTH

BASE = "https://h.example/dir/page.html"
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

FRAGMENTS = [
    "<p>",
    "</p>",
    "<div class=a>",
    "</div>",
    "<b>",
    "</b>",
    "<i>",
    "<a href='/x y'>",
    "</a>",
    "<a href=javascript:alert(1)>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<ul>",
    "<li>",
    "<script>alert(1)</script>",
    "<style>",
    "</style>",
    "<svg>",
    "<math>",
    "<mtext>",
    "<mglyph>",
    "</svg>",
    "<noscript>",
    "<template>",
    "<textarea>",
    "<plaintext>",
    "<title>",
    "<select>",
    "<option>",
    "<img src=x onerror=alert(1)>",
    "<img width=1 height=1 src=/p>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&lt;b&gt;",
    "&amp;",
    "&#8;",
    "&nbsp;",
    "<",
    ">",
    '"',
    "'",
    "text",
    " ",
    "\n",
    "é",
    "\x08",
    "\ud800",
    "<pre>\n",
    "<h1>",
    "<form action=x>",
    "<iframe srcdoc='<p>'>",
    "<video src=a.mp4>",
    "<p title='</p><script>'>",
]
markup = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS)).map("".join))


def clean(source: str) -> str:
    return HtmlCleaner(BASE).clean(source)


class Balance(HTMLParser):
    """Fails when an end tag does not match the innermost open element."""

    VOID = frozenset(["br", "col", "hr", "img", "source", "wbr"])

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(markup)
def test_cleaning_twice_is_cleaning_once(source: str) -> None:
    once = clean(source)
    assert clean(once) == once


# S34
@given(markup)
def test_clean_html_is_legal_xml_text(source: str) -> None:
    assert not ILLEGAL.search(clean(source))


# S35
@given(markup)
def test_clean_html_is_balanced(source: str) -> None:
    parser = Balance()
    parser.feed(clean(source))
    parser.close()
    assert parser.open == []


# S27 S30 S31 S32
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<script>alert(1)</script>kept", "kept"),
        ("<style>p{}</style><p style='x' class=a id=b onclick=c>p</p>", "<p>p</p>"),
        ("<a href=' java\nscript:alert(1)'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<a href=JaVaScRiPt:alert(1)>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<a href='&#106;avascript:alert(1)'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<a href='data:text/html,x'>a</a>", '<a rel="noopener noreferrer">a</a>'),
        ("<iframe src=x>i</iframe><object data=x>o</object><embed src=x>e", "e"),
        ("<form action=x><input type=password><button>b</button>f</form>", "f"),
        ("<base href=x><meta http-equiv=refresh content=0><link href=x>t", "t"),
        ("<svg/onload=alert(1)>", ""),
        ("<img src=data:image/png;base64,AA==>t", "t"),
        ("<img src=a.png srcset='b 2x'>", '<img src="https://h.example/dir/a.png">'),
        ("<img src=a.png width=1 height=1>t", "t"),
        ("<img src=a.png width=1>", '<img src="https://h.example/dir/a.png" width="1">'),
        ("<audio src=/a autoplay>", '<audio src="https://h.example/a" controls=""></audio>'),
    ],
)
def test_what_acts_is_removed_and_the_rest_kept(source: str, expected: str) -> None:
    assert clean(source) == expected


# P93
def test_relative_addresses_become_absolute() -> None:
    assert clean("<a href='../b?c=1#d'>x</a>").startswith('<a href="https://h.example/b?c=1#d"')


def test_relative_addresses_go_when_there_is_no_base() -> None:
    assert HtmlCleaner("").clean("<img src=a.png>t") == "t"
    assert HtmlCleaner("http://[").clean("<img src=a.png>t") == "t"


def test_line_ends_that_begin_preformatted_text_cost_it_nothing_else() -> None:
    assert clean("<pre>\n\n\n  a\n b</pre>") == "<pre>  a\n b</pre>"


# S21
@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<",
        '<a href="',
        '<a href="?utm_a=1&',
        '<a href="?utm_a">',
        '<img style="',
        '<img style="x" ',
        "<div>",
        "<b><i>",
        "<![CDATA[",
        "<script",
        "<p>",
        "</p>",
        "<table><b>",
        "&lt;",
    ],
)
@pytest.mark.parametrize("size", [MAX_HTML - 1, 4 * MAX_HTML])
def test_twisted_markup_takes_time_in_proportion(piece: str, size: int) -> None:
    source = piece * (size // len(piece))
    start = time.process_time()
    cleaned = clean(source)
    assert time.process_time() - start < 2 * max(size / MAX_HTML, 1)
    assert len(cleaned) <= MAX_HTML
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("count", [MAX_DEPTH + 1, 100_000])
def test_too_deep_markup_is_reduced_to_its_text(count: int) -> None:
    assert clean("<div>" * count + "x" + "</div>" * count) == "<p>x</p>"


def test_deep_markup_within_the_limit_keeps_its_structure() -> None:
    source = "<div>" * 400 + "x" + "</div>" * 400
    assert clean(source) == source


def test_formatting_that_every_paragraph_would_repeat_is_reduced_to_text() -> None:
    fonts = "".join(f"<b title={number}>" for number in range(60))
    assert clean(fonts + "<p>x" * 10_000).startswith("<p>")
    assert "<b" not in clean(fonts + "<p>x" * 10_000)


def test_text_reduced_from_markup_has_no_script_and_no_comment() -> None:
    source = "<div>" * 600 + "a<script>bad()</script><!-- c --><style>d</style>e<p>f<script>"
    assert text_of(clean(source)) == "ae f"


def test_the_text_of_clean_html_is_what_a_reader_sees() -> None:
    assert text_of("<p>a<b>b</b></p><p>c &lt;d&gt;<br>e&nbsp;f</p>") == "ab c <d> e f"


def test_paragraphs_and_line_ends_of_plain_text_survive() -> None:
    assert paragraphs("a\nb < c\n\n d \n\n\n") == "<p>a<br>b &lt; c</p><p>d</p>"


# S33 S35
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("AT&T", "AT&T"),
        ("a < b", "a < b"),
        ("a <b and c> d", "a <b and c> d"),
        ("a <script>alert(1)</script> b", "a <script>alert(1)</script> b"),
        ("<b>bold</b> move", "bold move"),
        ("one<br/>two", "one two"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("Q&amp;A", "Q&amp;A"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("It&rsquo;s 5&#8211;6", "It’s 5–6"),
        ("&#60;b&#62; &bogus;", "&#60;b&#62; &bogus;"),
    ],
)
def test_text_that_may_be_markup_is_decoded_once_at_most(value: str, text: str) -> None:
    assert guessed_text(value, 100) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("Q&amp;A", "Q&A"), ("&lt;b&gt;", "<b>"), ("&amp;lt;", "&lt;"), ("&#99999999999;", "\ufffd")],
)
def test_text_that_was_never_decoded_is_decoded_once(value: str, text: str) -> None:
    assert guessed_text(value, 100, undecoded=True) == text


def test_html_becomes_one_line_of_text() -> None:
    assert plain_text("<p>a</p><p>b <i>c</i>&amp;amp;</p><script>d</script>", 100) == "a b c&amp;"


def test_html_of_a_title_with_thousands_of_tags_is_stripped_in_linear_time() -> None:
    assert plain_text("<b>x" * 1_000_000, 10) == "xxxxxxxxx…"


# S34
@given(st.text())
def test_a_line_has_no_control_characters_and_no_overrides(value: str) -> None:
    line = one_line(value + "\u202e\x9b\x1b[31m\r\nx", 50)
    assert len(line) <= 50
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)


@given(st.text())
def test_legal_text_encodes(value: str) -> None:
    xml_legal(value).encode("utf-8")


# S28 P93
@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("x", "https://h.example/dir/x"),
        ("//other.example/x", "https://other.example/x"),
        ("?q", "https://h.example/dir/page.html?q"),
        (" \n/a b\t", "https://h.example/a%20b"),
        ("HTTP://H.EXAMPLE:8080/X", "http://h.example:8080/X"),
        ("http://user:secret@h.example/", "http://h.example/"),
        ("http://h.example:/x", "http://h.example/x"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("http://h.example/\"<>'", "http://h.example/%22%3C%3E'"),
        ("http://h.example/%zz%41?a[]=1#b#c", "http://h.example/%25zz%41?a%5B%5D=1#b%23c"),
        ("http://пример.рф/х", "http://пример.рф/%D1%85"),
        ("\\\\other.example\\x?y\\z", "https://other.example/x?y%5Cz"),
        ("http://h.example/\x00\ud800", "http://h.example/"),
        ("", ""),
        ("java\nscript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("file:///etc/passwd", ""),
        ("ftp://h.example/", ""),
        ("mailto:a@h.example", ""),
        ("http://", ""),
        ("http:///x", ""),
        ("http://h.example:99999/", ""),
        ("http://[::1", ""),
        ("http://a b/", ""),
        ("http://h.example/" + "x" * MAX_URL, ""),
        ("http://h.example/" + "é" * (MAX_URL // 2), ""),
    ],
)
def test_only_web_addresses_pass_and_pass_as_valid_ones(href: str, url: str) -> None:
    assert absolute_url(href, BASE) == url


@given(st.text(alphabet=st.sampled_from('htps:/\\?#@[]%. éa1"<>\n'), max_size=30))
def test_an_address_made_absolute_stays_as_it_is(href: str) -> None:
    url = absolute_url(href, BASE)
    assert absolute_url(url, BASE) == url


@pytest.mark.parametrize("read", [plain_text, guessed_text])
def test_a_title_in_a_cdata_section_too_many_is_not_lost(read: Callable[[str, int], str]) -> None:
    assert read("<![CDATA[Bank holds rates]]>", 99) == "Bank holds rates"
    assert read("<![CDATA[<script>alert(1)</script>Bank <b>holds</b> rates]]>", 99) == (
        "Bank holds rates"
    )
