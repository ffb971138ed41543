"""RSS 2.0 and JSON Feed 1.1: the same articles as in the Atom document, in other words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.core.model import Article, Enclosure, Sighting
from aggregator.core.render import ARCHIVE_FORMATS, FORMATS, Rendered, is_own, render
from aggregator.core.settings import Access, Output, Secret
from tests.core.articles import ENTRY, INFO, OUTPUT, article, nasty_article
from tests.core.valid import assert_json_feed, assert_rfc_822, assert_rss

BASE = "https://feeds.example.net/sub/"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
PACE = "{http://purl.org/rss/1.0/modules/syndication/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
HUB = "https://hub.example/"


def rendered(
    *articles: Article,
    output: Output = OUTPUT,
    page: int = 0,
    previous: int = 0,
    ttl: int = 60,
) -> Rendered:
    return render(
        output,
        articles,
        base_url=output.base_of(BASE),
        atom_id="urn:example:all",
        settings_changed_at=LONG_AGO,
        page=page,
        previous=previous,
        ttl=ttl,
    )


def atom(*articles: Article, **options: Any) -> Any:
    return etree.fromstring(rendered(*articles, **options).bodies["atom"])


def rss(*articles: Article, **options: Any) -> Any:
    return assert_rss(rendered(*articles, **options).bodies["rss"])


def json_feed(*articles: Article, **options: Any) -> dict[str, Any]:
    return assert_json_feed(rendered(*articles, **options).bodies["json"])


def links(element: Any) -> list[tuple[str, str]]:
    return [(link.get("rel"), link.get("href")) for link in element.findall(ATOM + "link")]


# W1
@given(articles=st.lists(nasty_article, max_size=3))
def test_whatever_the_store_holds_every_form_is_valid(articles: list[Article]) -> None:
    result = rendered(*articles)
    assert_rss(result.bodies["rss"])
    assert_json_feed(result.bodies["json"])
    assert set(result.bodies) == set(FORMATS)


# W15
@given(hostile=nasty_article)
def test_every_form_holds_characters_of_xml_only(hostile: Article) -> None:
    for body in rendered(hostile).bodies.values():
        text = body.decode("utf-8")
        assert not {character for character in text if is_illegal(character)}


def is_illegal(character: str) -> bool:
    code = ord(character)
    control = code < 0x20 and character not in "\t\n\r"
    return control or code in (0xFFFE, 0xFFFF) or 0xD800 <= code <= 0xDFFF


# W15
def test_an_illegal_character_leaves_a_mark() -> None:
    odd = article(1, title="a\x00b\ud800c\ufffed")
    assert atom(odd).findtext(f"{ATOM}entry/{ATOM}title") == "a\ufffdb\ufffdc\ufffdd"
    assert rss(odd).findtext("item/title") == "a\ufffdb\ufffdc\ufffdd"
    assert json_feed(odd)["items"][0]["title"] == "a\ufffdb\ufffdc\ufffdd"


# W49 W50
@given(articles=st.lists(nasty_article, max_size=4))
def test_all_forms_have_the_same_ids_in_the_same_order(articles: list[Article]) -> None:
    numbered = [replace(one, id=f"{one.id}{number}") for number, one in enumerate(articles)]
    result = rendered(*numbered)
    entries = etree.fromstring(result.bodies["atom"]).findall(ATOM + "entry")
    items = etree.fromstring(result.bodies["rss"])[0].findall("item")
    found = assert_json_feed(result.bodies["json"])["items"]
    ids = [entry.findtext(ATOM + "id") for entry in entries]
    assert [item.findtext("guid") for item in items] == ids
    assert [item["id"] for item in found] == ids
    assert len(ids) == len(articles)


def test_only_the_forms_that_are_wanted_are_made() -> None:
    result = render(
        OUTPUT,
        [article(1)],
        base_url=BASE,
        atom_id="urn:x",
        settings_changed_at=LONG_AGO,
        forms=("json",),
    )
    assert set(result.bodies) == {"json"}


def test_documents_of_ours_are_known_in_every_form() -> None:
    for body in rendered(article(1)).bodies.values():
        assert is_own(body[:4096])
    assert not is_own(b'{"version":"https://jsonfeed.org/version/1.1","title":"_aggregator"}')


# W6
@pytest.mark.parametrize("form", FORMATS)
def test_every_form_names_itself_and_where_people_look(form: str) -> None:
    home = "https://feeds.example.net/sub/feeds/all/"
    own = f"https://feeds.example.net/sub/feeds/all.{form}"
    if form == "json":
        feed = json_feed()
        assert (feed["feed_url"], feed["home_page_url"]) == (own, home)
        return
    element = atom() if form == "atom" else rss()
    found = links(element)
    assert found[:2] == [("self", own), ("alternate", home)]
    assert {rel for rel, _ in found[2:]} == {"alternate"}
    types = [link.get("type") for link in element.findall(ATOM + "link")[1:]]
    assert len(set(types)) == len(types)


# --- RSS


# W50
def test_an_rss_item_says_what_rss_has_words_for() -> None:
    (item,) = rss(article(1)).findall("item")
    assert item.findtext("title") == "A story"
    assert item.findtext("link") == ENTRY.link
    assert item.findtext("description") == ENTRY.summary
    assert item.findtext(CONTENT) == ENTRY.content
    assert [each.text for each in item.findall("category")] == ["science", "long reads"]
    assert [each.text for each in item.findall(CREATOR)] == ["Ada"]
    assert assert_rfc_822(item.findtext("pubDate")) == ENTRY.published
    assert item.findtext(ATOM + "updated") == "2026-11-22T10:00:00+00:00"
    source = item.find("source")
    assert (source.get("url"), source.text) == (INFO.self_link, INFO.title)
    assert dict(item.find("enclosure").attrib) == {
        "url": "https://example.org/1.mp3",
        "length": "1234",
        "type": "audio/mpeg",
    }


# W50
@pytest.mark.parametrize(
    ("guid", "expected"), [("urn:example:1", "false"), ("https://example.org/1", "true")]
)
def test_a_guid_is_a_permalink_only_when_it_is_the_link(guid: str, expected: str) -> None:
    (item,) = rss(replace(article(1), id=guid)).findall("item")
    assert (item.findtext("guid"), item.find("guid").get("isPermaLink")) == (guid, expected)


@pytest.mark.parametrize(
    ("title", "summary", "content", "expected"),
    [
        ("t", "<p>s</p>", "<p>c</p>", ("t", "<p>s</p>", "<p>c</p>")),
        ("t", "", "<p>c</p>", ("t", None, "<p>c</p>")),
        ("", "", "<p>c</p>", (None, "", "<p>c</p>")),
        ("t", "<p>s</p>", "", ("t", "<p>s</p>", None)),
        ("t", "", "", ("t", None, None)),
        ("", "", "", (None, "", None)),
    ],
)
def test_summary_and_content_have_an_element_each(
    title: str, summary: str, content: str, expected: tuple[str | None, ...]
) -> None:
    (item,) = rss(article(1, title=title, summary=summary, content=content)).findall("item")
    found = [item.find(name) for name in ("title", "description", CONTENT)]
    assert tuple(None if one is None else one.text or "" for one in found) == expected


def test_an_entry_that_leads_nowhere_says_its_title_once() -> None:
    (item,) = rss(article(1, link="", summary="", content="")).findall("item")
    assert (item.findtext("title"), item.find("description")) == ("A story", None)


def test_an_item_has_a_date_even_if_the_publisher_gave_none() -> None:
    (item,) = rss(article(1, published=None)).findall("item")
    assert assert_rfc_822(item.findtext("pubDate")) == article(1).updated


def test_rss_has_one_enclosure_and_links_to_the_other_files_and_sources() -> None:
    files = tuple(Enclosure(href=f"https://example.org/{name}") for name in "ab")
    seen = Sighting(source="b", title="The B", link="https://b.example/1")
    (item,) = rss(replace(article(1, enclosures=files), sightings=(seen,))).findall("item")
    assert dict(item.find("enclosure").attrib) == {
        "url": "https://example.org/a",
        "length": "0",
        "type": "application/octet-stream",
    }
    assert sorted(links(item)) == [
        ("enclosure", "https://example.org/b"),
        ("related", "https://b.example/1"),
    ]


# W33
@pytest.mark.parametrize(("minutes", "frequency"), [(60, "1"), (15, "4"), (5, "12"), (45, "1")])
def test_rss_says_how_long_it_stays_fresh(minutes: int, frequency: str) -> None:
    channel = rss(ttl=minutes)
    assert channel.findtext("ttl") == str(minutes)
    assert channel.findtext(PACE + "updatePeriod") == "hourly"
    assert channel.findtext(PACE + "updateFrequency") == frequency


# --- JSON Feed


# W49
def test_a_json_item_says_what_the_entry_says() -> None:
    feed = json_feed(article(1), previous=3, output=replace(OUTPUT, hub=HUB, language="fr"))
    (item,) = feed.pop("items")
    feed.pop("_aggregator")
    assert feed == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "All of it",
        "home_page_url": BASE + "feeds/all/",
        "feed_url": BASE + "feeds/all.json",
        "description": "Every source",
        "next_url": BASE + "feeds/all/archive/3.json",
        "authors": [{"name": "The desk"}],
        "language": "fr",
        "hubs": [{"type": "WebSub", "url": HUB}],
    }
    assert item == {
        "id": "urn:example:1",
        "url": "https://example.org/1",
        "title": "A story",
        "content_html": ENTRY.content,
        "summary": "In short.",
        "image": "https://example.org/1.png",
        "date_published": "2026-11-22T09:00:00+00:00",
        "date_modified": "2026-11-22T10:00:00+00:00",
        "authors": [{"name": "Ada", "url": "https://example.org/ada"}],
        "tags": ["science", "long reads"],
        "language": "en",
        "attachments": [
            {
                "url": "https://example.org/1.mp3",
                "mime_type": "audio/mpeg",
                "size_in_bytes": 1234,
            }
        ],
        "_source": {
            "id": INFO.id,
            "title": INFO.title,
            "url": INFO.link,
            "feed_url": INFO.self_link,
            "rights": INFO.rights,
        },
    }


def test_a_json_item_without_content_shows_its_summary_once() -> None:
    (item,) = json_feed(article(1, content=""))["items"]
    assert (item["content_html"], "summary" in item) == (ENTRY.summary, False)


def test_a_json_item_without_any_text_shows_its_title_as_text() -> None:
    (item,) = json_feed(article(1, title="a <b> c", link="", content="", summary=""))["items"]
    assert item["content_html"] == "a &lt;b&gt; c"


# --- archives and hubs


# W42
@pytest.mark.parametrize("form", ARCHIVE_FORMATS)
def test_a_page_of_the_archive_says_what_it_is_and_where_it_belongs(form: str) -> None:
    result = rendered(article(1), page=3, previous=2)
    archive = BASE + "feeds/all/archive/"
    if form == "json":
        feed = assert_json_feed(result.bodies["json"])
        assert (feed["feed_url"], feed["next_url"]) == (archive + "3.json", archive + "2.json")
        assert feed["expired"] is True
        return
    page = etree.fromstring(result.bodies[form])
    assert page.find(HISTORY + "archive") is not None
    assert page.findtext(ATOM + "id") == "urn:example:all"
    assert links(page) == [
        ("self", archive + "3.atom"),
        ("alternate", BASE + "feeds/all/"),
        ("alternate", archive + "3.json"),
        ("current", BASE + "feeds/all.atom"),
        ("prev-archive", archive + "2.atom"),
    ]


def test_the_first_page_of_an_archive_has_none_before() -> None:
    result = rendered(article(1), page=1)
    assert "prev-archive" not in dict(links(etree.fromstring(result.body)))
    assert "next_url" not in assert_json_feed(result.bodies["json"])


# W42
def test_the_current_document_leads_to_the_last_page() -> None:
    last = BASE + "feeds/all/archive/7.atom"
    assert dict(links(atom(article(1), previous=7)))["prev-archive"] == last
    assert dict(links(rss(article(1), previous=7)))["prev-archive"] == last
    assert atom(article(1), previous=7).find(HISTORY + "archive") is None


# W44
def test_a_document_is_complete_only_if_configured_and_never_pages_with_losses() -> None:
    complete = replace(OUTPUT, complete=True)
    for read in (atom, rss):
        assert read(article(1)).find(HISTORY + "complete") is None
        assert read(article(1), output=complete).find(HISTORY + "complete") is not None
        assert read(article(1), output=complete, page=1).find(HISTORY + "complete") is None
        for options in ({}, {"previous": 4}, {"page": 2, "previous": 1}):
            found = {rel for rel, _ in links(read(article(1), **options))}
            assert not found & {"first", "last", "next", "previous"}


# W47
def test_the_hub_is_named_in_every_form_of_the_current_document() -> None:
    output = replace(OUTPUT, hub=HUB)
    assert ("hub", HUB) in links(atom(output=output))
    assert ("hub", HUB) in links(rss(output=output))
    assert json_feed(output=output)["hubs"] == [{"type": "WebSub", "url": HUB}]
    assert "hubs" not in json_feed(output=output, page=1)
    assert "hub" not in dict(links(atom()))


def test_a_private_output_names_addresses_with_its_token_and_no_hub() -> None:
    access = Access(token=Secret(value="t0ken"))
    output = replace(OUTPUT, hub=HUB, access=access)
    assert dict(links(atom(output=output)))["self"] == BASE + "private/t0ken/feeds/all.atom"
    assert "hub" not in dict(links(atom(output=output)))


# W52
@pytest.mark.parametrize("form", ["atom", "rss"])
@pytest.mark.parametrize(("page", "root"), [(0, "../"), (3, "../../../")])
def test_a_browser_gets_a_style_sheet_and_no_xslt(form: str, page: int, root: str) -> None:
    first, second, *_ = rendered(article(1), page=page).bodies[form].splitlines()
    assert first == b"<?xml version='1.0' encoding='UTF-8'?>"
    assert second == f'<?xml-stylesheet type="text/css" href="{root}feed.css"?>'.encode()


# W52
def test_a_browser_can_follow_one_link_to_the_page_for_people() -> None:
    way = "{http://www.w3.org/1999/xhtml}a"
    for found in (atom(article(1)), rss(article(1))):
        links = list(found.iter(way))
        assert [link.get("href") for link in links] == [BASE + "feeds/all/"]
        assert not links[0].text
