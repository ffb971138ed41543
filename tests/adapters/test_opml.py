"""OPML in and out."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.opml import OpmlFeed, read_opml, write_opml
from aggregator.core.errors import ConfigError
from aggregator.core.settings import Settings, Source
from tests.adapters.configs import settings


def opml(body: str) -> bytes:
    return f'<?xml version="1.0"?><opml version="2.0"><body>{body}</body></opml>'.encode()


def test_feeds_come_with_title_folders_and_categories() -> None:
    data = opml(
        '<outline text="News"><outline text="World &amp; war">'
        '<outline type="rss" text="A" title="A feed" xmlUrl="https://a.example/f" '
        'category="/daily/x, news"/></outline></outline>'
        '<outline TEXT="B" XMLURL=" http://b.example/f#top "/>'
    )
    assert read_opml(data) == (
        OpmlFeed(
            url="https://a.example/f",
            title="A feed",
            tags=("News", "World & war", "daily/x", "news"),
        ),
        OpmlFeed(url="http://b.example/f", title="B"),
    )


# S25
def test_the_same_address_twice_is_one_feed() -> None:
    data = opml('<outline text="1" xmlUrl="https://a.example/"/>' * 3)
    assert len(read_opml(data)) == 1


# S6 S25
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x/",
        "ftp://x/",
        "javascript:x",
        "//x/",
        "x.example",
        "https:",
        "https://a b/",
        "https://a&#10;b/",
        "https://[::1/",
        "https://" + "x" * 5000,
    ],
)
def test_only_http_addresses_are_taken(url: str) -> None:
    assert read_opml(opml(f'<outline text="x" xmlUrl="{url}"/>')) == ()


# S25
@pytest.mark.no_cover
def test_a_hundred_thousand_outlines_are_read_and_no_more() -> None:
    outline = '<outline text="x" xmlUrl="https://a.example/{}"/>'
    many = "".join(outline.format(number) for number in range(100_000))
    assert len(read_opml(opml(many))) == 100_000
    with pytest.raises(ConfigError, match="more than 100,000 outlines"):
        read_opml(opml(many + outline))


# S25
def test_outlines_ten_thousand_deep_are_refused() -> None:
    with pytest.raises(ConfigError, match="nested more than 100 deep"):
        read_opml(opml('<outline text="x">' * 10_000 + "</outline>" * 10_000))


# S18
@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "x">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "http://x.example/d"> %p;',
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">',
    ],
)
def test_entities_are_refused_and_never_expanded(subset: str) -> None:
    data = f'<!DOCTYPE opml [{subset}]><opml><body><outline text="&a;"/></body></opml>'
    with pytest.raises(ConfigError, match="declares the entity"):
        read_opml(data.encode())


def test_a_doctype_without_entities_is_harmless() -> None:
    data = b'<!DOCTYPE opml SYSTEM "http://x.example/opml.dtd"><opml><body/></opml>'
    assert read_opml(data) == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "OPML:1:1: not well-formed"),
        (b"<opml><body>\n</opml>", "OPML:2:3: not well-formed"),
        (b"<rss/>", "OPML:1:1: not OPML: the root element is <rss>"),
        (b'<?xml version="1.0" encoding="nope"?><opml/>', "unknown encoding: nope"),
        (b'<?xml version="1.0" encoding="utf-7"?><opml/>', "not readable"),
        (b"\xff\xfe\x00", "not well-formed"),
    ],
)
def test_what_is_not_opml_is_an_error_with_a_place(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_opml(data)
    assert message in str(raised.value)


_TEXT = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
_FRAGMENTS = [
    "<outline",
    "xmlUrl=",
    '"',
    "'",
    ">",
    "</",
    "<![CDATA[",
    "&#0;",
    "&x;",
    "<!ENTITY",
    "\0",
]
_SOUND = opml('<outline text="a"><outline xmlUrl="https://a.example/?a=1&amp;b=2"/></outline>')


@given(at=st.integers(0, len(_SOUND)), length=st.integers(0, 9), new=st.sampled_from(_FRAGMENTS))
def test_mutated_opml_is_read_or_refused(at: int, length: int, new: str) -> None:
    try:
        found = read_opml(_SOUND[:at] + new.encode() + _SOUND[at + length :])
    except ConfigError:
        return
    assert all(feed.url.startswith(("http://", "https://")) for feed in found)


# W51
def test_sources_are_written_as_opml_2_without_credentials(tmp_path: Path) -> None:
    text = """\
title: Mine & yours
sources:
  - {id: a, url: 'https://user:hunter2@a.example/f?x=1&y=2', title: 'A "feed"', tags: [x, y]}
  - {id: b, url: 'https://b.example/', username: joe, password: hunter2, headers: {X: hunter2}}
  - {id: c, path: feeds.yaml}
"""
    written = write_opml(settings(tmp_path, text), known={"b": ("", "https://b.example/home")})
    root = ET.fromstring(written)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == "Mine & yours"
    first, second = root.findall("body/outline")
    assert first.attrib == {
        "type": "rss",
        "text": 'A "feed"',
        "title": 'A "feed"',
        "xmlUrl": "https://a.example/f?x=1&y=2",
        "category": "x,y",
    }
    assert (second.get("text"), second.get("htmlUrl")) == ("b", "https://b.example/home")
    assert b"hunter2" not in written
    assert b"user" not in written
    assert b"joe" not in written


@given(titles=st.lists(st.text(_TEXT, min_size=1, max_size=20), max_size=5))
def test_what_is_written_is_read_again(tmp_path: Path, titles: list[str]) -> None:
    sources = tuple(
        Source(id=f"s{number}", url=f"https://a.example/{number}?a&b", title=title, tags=("t",))
        for number, title in enumerate(titles)
    )
    written = write_opml(Settings(file=tmp_path, data_dir=tmp_path, sources=sources))
    found = read_opml(written)
    assert [feed.url for feed in found] == [source.url for source in sources]
    assert all(feed.tags == ("t",) for feed in found)


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    found = settings(tmp_path, "sources: [https://a.example/, https://b.example/]")
    assert write_opml(found) == write_opml(found)


@given(name=st.text(), title=st.text(), tag=st.text())
def test_the_list_has_the_bytes_that_an_xml_writer_gives_it(
    name: str, title: str, tag: str
) -> None:
    source = Source(id="s", url="https://s.example/?a=1&b", title=title, tags=(tag,))
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = name
    said = {"type": "rss", "text": title or "s", "title": title or "s", "xmlUrl": source.url}
    ET.SubElement(ET.SubElement(root, "body"), "outline", {**said, "category": tag})
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    found = Settings(file=Path(), data_dir=Path(), title=name, sources=(source,))
    assert write_opml(found) == written + b"\n"


def test_a_list_without_sources_is_one_as_well() -> None:
    written = write_opml(Settings(file=Path(), data_dir=Path(), title=""))
    assert b"<title />" in written
    assert b"<body />" in written
    assert read_opml(written) == ()
