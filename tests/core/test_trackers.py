"""core/trackers: what follows readers is taken off, and what is left still leads to the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.clean import HtmlCleaner, text_of
from aggregator.core.identify import identify
from aggregator.core.links import canonical_link
from aggregator.core.model import Document, Entry, Identity
from aggregator.core.parse import parse
from aggregator.core.settings import Source
from aggregator.core.trackers import CAMPAIGN, Cleaning, without_tracking
from tests.core.documents import URL, atom, one, one_atom, read, rss

BASE = "https://h.example/dir/page.html"
NOTHING = Cleaning(pixels=False, tracking_parameters=False)
NAMES = [*sorted(CAMPAIGN), "utm_source", "UTM_Medium", "hsa_x", "id", "ref", "share", "p", "sig"]


@pytest.mark.parametrize(
    ("link", "followed"),
    [
        ("https://e.example/a", "https://e.example/a"),
        ("https://e.example/a?utm_source=rss&utm_medium=feed", "https://e.example/a"),
        ("https://e.example/a?id=1&utm_source=rss&b=%20;x", "https://e.example/a?id=1&b=%20;x"),
        ("https://e.example/a?fbclid=x&a=&a=2&&c", "https://e.example/a?a=&a=2&&c"),
        ("https://e.example/a?UTM_Source=x#part", "https://e.example/a#part"),
        ("https://e.example/a#utm_source=rss&utm_medium=x", "https://e.example/a"),
        ("https://e.example/a#xtor=RSS-1", "https://e.example/a"),
        ("https://e.example/a#/utm_source", "https://e.example/a#/utm_source"),
        (
            "https://e.example/?ref=home&source=x&share=1",
            "https://e.example/?ref=home&source=x&share=1",
        ),
        (
            "https://e.example/a?utm_id=1&Signature=abc",
            "https://e.example/a?utm_id=1&Signature=abc",
        ),
        ("https://e.example/utm_source=x?", "https://e.example/utm_source=x?"),
        ("", ""),
    ],
)
def test_links_lose_what_only_says_where_the_reader_came_from(link: str, followed: str) -> None:
    assert without_tracking(link) == followed


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text("a1%=&#;", max_size=4)), max_size=6))
def test_a_link_without_tracking_still_means_the_same_page(
    parameters: list[tuple[str, str]],
) -> None:
    link = "https://e.example/path?" + "&".join(f"{name}={value}" for name, value in parameters)
    followed = without_tracking(link)
    assert canonical_link(followed) == canonical_link(link)
    assert without_tracking(followed) == followed


def test_links_inside_texts_lose_tracking_and_keep_the_rest() -> None:
    markup = (
        '<p title=" href=&quot;https://t.example/?utm_a=1&quot;">'
        '<a title="t" href="/x?utm_source=rss&id=1&copy=2#c">x</a>'
        ' https://t.example/?utm_source=typed <a href="mailto:a@h.example?utm_x=1">m</a></p>'
    )
    cleaned = HtmlCleaner(BASE).clean(markup)
    assert '<a title="t" href="https://h.example/x?id=1&amp;copy=2#c"' in cleaned
    assert "https://t.example/?utm_source=typed" in cleaned
    assert 'title=" href=&quot;https://t.example/?utm_a=1&quot;"' in cleaned
    assert "mailto:a@h.example?utm_x=1" in cleaned
    assert HtmlCleaner(BASE).clean(cleaned) == cleaned


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.text("a1%<>&\"'\xa0", max_size=5)), max_size=4)
)
def test_cleaning_links_twice_is_cleaning_them_once(parameters: list[tuple[str, str]]) -> None:
    query = "&".join(f"{name}={value}" for name, value in parameters).replace('"', "&quot;")
    once = HtmlCleaner(BASE).clean(f'<a href="https://e.example/a?{query}">x</a>')
    assert HtmlCleaner(BASE).clean(once) == once
    assert text_of(once) == "x"


# S32
@pytest.mark.parametrize(
    "image",
    [
        '<img src="https://t.example/p" width="1" height="1">',
        '<img src="https://t.example/p" height=0 width=1px alt="x">',
        '<img src="https://t.example/p" style="display:none">',
        "<IMG SRC='https://t.example/p' STYLE='a:b; Visibility : hidden'>",
        '<img style="height:1px;width:1px" src="https://t.example/p">',
        '<img src="https://pixel.wp.com/b.gif?host=h.example&blog=1">',
        '<img src="//feeds.feedburner.com/~r/Site/~4/abc">',
        '<img src="http://vg08.met.vgwort.de/na/0123456789abcdef">',
    ],
)
def test_pixels_go_by_default_and_stay_when_they_are_wanted(image: str) -> None:
    assert HtmlCleaner(BASE).clean(f"<p>a {image}b</p>") == "<p>a b</p>"
    assert "<img " in HtmlCleaner(BASE, NOTHING).clean(f"<p>a {image}b</p>")


@pytest.mark.parametrize(
    "image",
    [
        '<img src="https://h.example/a.jpg" width="1">',
        '<img src="https://h.example/a.jpg" width="100" height="10">',
        '<img src="https://h.example/a.jpg" style="border-width:0px;line-height:1px">',
        '<img src="https://h.example/a.jpg" style="width:100%;height:1px">',
        '<img src="https://h.example/a.jpg" alt="display:none">',
        '<img src="https://h.example/pixel.wp.com/b.gif">',
    ],
)
def test_pictures_stay(image: str) -> None:
    assert '<img src="https://h.example/' in HtmlCleaner(BASE).clean(image)


def test_links_of_entries_and_of_the_site_lose_tracking_and_ids_do_not() -> None:
    link = "https://h.example/story?id=7&amp;utm_source=rss"
    without = "https://h.example/story?id=7"
    found = one(f"<title>t</title><link>{link}</link>")
    assert (found.link, found.guid) == (without, f"{without}&utm_source=rss")
    found = one_atom(f'<title>t</title><id>{link}</id><link href="{link}"/>')
    assert (found.link, found.guid) == (without, f"{without}&utm_source=rss")
    channel = "<title>F</title><link>https://h.example/?utm_source=rss</link>"
    assert read(rss("", channel)).info.link == "https://h.example/"


def test_links_of_json_feeds_lose_tracking() -> None:
    item = '{"id": "1", "url": "https://h.example/a?utm_source=x", "title": "t"}'
    body = (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "F",'
        f' "home_page_url": "https://h.example/?fbclid=1", "items": [{item}]}}'
    )
    feed = read(body)
    assert feed.info.link == "https://h.example/"
    assert feed.entries[0].link == "https://h.example/a"


def test_enclosures_and_images_keep_every_parameter() -> None:
    address = "https://m.example/a.mp3?utm_source=rss&amp;sid=1"
    picture = "https://m.example/a.jpg?utm_source=rss"
    found = one(
        f'<title>t</title><enclosure url="{address}" type="audio/mpeg" length="5"/>'
        f'<media:thumbnail url="{picture}"/>'
        f"<description><![CDATA[<p><img src='{picture}'><audio src='{picture}'></p>]]>"
        "</description>"
    )
    assert found.enclosures[0].href == "https://m.example/a.mp3?utm_source=rss&sid=1"
    assert found.image == picture
    assert found.content.count(f'src="{picture}"') == 2


def cleaned(cleaning: Cleaning) -> tuple[Entry, Identity]:
    body = atom(
        '<entry><title>t</title><id>urn:1</id><link href="https://h.example/1?utm_source=a"/>'
        '<content type="html">&lt;p&gt;Some words &lt;a href="/x?utm_source=a"&gt;y&lt;/a&gt;'
        '&lt;img src="https://pixel.wp.com/b.gif"&gt;&lt;/p&gt;</content></entry>'
    ).encode()
    feed = parse(Document(url=URL, body=body), max_entries=9, cleaning=cleaning)
    return feed.entries[0], identify(feed, source=Source(id="s"))[0]


def test_cleaning_is_no_edit_and_makes_no_new_entry() -> None:
    (entry, identity), (raw, before) = cleaned(Cleaning()), cleaned(NOTHING)
    assert entry != raw
    assert "utm_" not in entry.content + entry.link
    assert "utm_" in raw.content
    assert "utm_" in raw.link
    assert "<img" in raw.content
    assert identity == before
