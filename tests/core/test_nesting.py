"""core/nesting: what tags alone tell about a text is what a parser would see in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.clean import HtmlCleaner
from aggregator.core.nesting import is_tidy, is_too_nested

NAMES = (
    "a abbr article b blockquote center code details div em figure h1 h2 header i li ol p pre q"
    " section span strong sub summary table td tt ul"
).split()
VOID = ["<br>", '<img src="https://h.example/i.png" alt="&lt;p&gt;">', "<wbr>"]

texts = st.sampled_from(["text", " ", "\n", "é", "&lt;b&gt;", "&amp;", *VOID])
trees = st.recursive(
    texts,
    lambda inside: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from(NAMES),
        st.lists(inside, max_size=4),
    ),
    max_leaves=25,
)
markup = st.lists(trees, max_size=4).map("".join)


def written(html: str) -> list[tuple[str, str]]:
    """The tags of elements that have an end."""
    tags = re.findall(r"<(/?)([a-z0-9]+)", html)
    return [tag for tag in tags if tag[1] not in ("br", "img", "wbr")]


def parsed(html: str) -> list[tuple[str, str]]:
    """The same of the elements that another parser sees."""
    root = html5lib.parseFragment(html, container="div", namespaceHTMLElements=False)
    return [tag for child in root for tag in tags_of(child)]


def tags_of(element: Element) -> Iterator[tuple[str, str]]:
    if element.tag not in ("br", "img", "wbr"):
        yield "", str(element.tag)
        for child in element:
            yield from tags_of(child)
        yield "/", str(element.tag)


@given(markup)
def test_a_parser_sees_just_the_elements_of_tidy_markup(source: str) -> None:
    if is_tidy(source):
        assert parsed(source) == written(source)


@given(markup)
def test_tidy_markup_is_clean_after_cleaning_it_once(source: str) -> None:
    once = HtmlCleaner("https://h.example/").clean(source)
    assert HtmlCleaner("https://h.example/").clean(once) == once


@pytest.mark.parametrize(
    "source",
    [
        "",
        "text",
        "<p>One <b>two</b> <a>three<br></a></p><p>four</p>",
        "<ul><li>one<ul><li>two</li></ul></li><li>three</li></ul>",
        "<a><div><h1>one</h1><p>two</p></div></a>",
        "<b><i><b>one</b></i></b>",
    ],
)
def test_usual_markup_is_tidy(source: str) -> None:
    assert is_tidy(source)
    assert parsed(source) == written(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p><div>one</div></p>",  # a block ends a paragraph
        "<p><b><ul></ul></b></p>",
        "<p><p>one</p></p>",
        "<a>one<b><a>two</a></b></a>",  # a link ends a link
        "<li>one</li>",
        "<ul><li><div><li>one</li></div></li></ul>",
        "<h1><h2>one</h2></h1>",
        "<b>" * 4 + "one" + "</b>" * 4,
        "<b>one",
        "one</b>",
        "<b><i>one</b></i>",
        "<table><tr><td>one</td></tr></table>",
        "<pre>\n\none</pre>",
        "<span>" * 70 + "</span>" * 70,
        "one&#x27;s",  # written otherwise by a sanitiser
        "one\xa0two",
        "one\rtwo",
    ],
)
def test_markup_that_a_parser_may_see_otherwise_is_not_tidy(source: str) -> None:
    assert not is_tidy(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<b>" * 64, False),
        ("<b>" * 65, True),
        ("<B>" * 65, True),
        ("<b>x</b>" * 500, False),
        ("<br>" * 65, False),
        ("<body>" * 65, False),
        ("<div>" * 512, False),
        ("<div>" * 513, True),
        ("<div></div>" * 600, False),
        ("<b>" * 60 + "<br>" * 4000, True),
    ],
)
def test_markup_with_too_many_open_elements_is_found(source: str, *, expected: bool) -> None:
    assert is_too_nested(source) is expected
