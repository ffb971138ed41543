"""The published document: valid, stable, and honest about where each entry came from."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.core.model import Article, Enclosure, FeedInfo, Person, Sighting
from aggregator.core.render import MAX_DOCUMENT, MAX_TEXT, Rendered, is_own, render
from aggregator.core.render.cut import cut_html
from aggregator.core.settings import Output
from tests.core.articles import ENTRY, INFO, NOON, OUTPUT, article, nasty_article

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def rendered(*articles: Article, output: Output = OUTPUT) -> Rendered:
    return render(
        output,
        articles,
        base_url="https://feeds.example.net/sub/",
        atom_id="urn:uuid:0c8e5a4e-0000-4000-8000-000000000000",
        settings_changed_at=LONG_AGO,
    )


def document(*articles: Article, output: Output = OUTPUT) -> Any:
    return etree.fromstring(rendered(*articles, output=output).body)


def only_entry(given_article: Article) -> Any:
    (entry,) = document(given_article).findall(ATOM + "entry")
    return entry


def links(element: Any) -> dict[str, str]:
    return {link.get("rel"): link.get("href") for link in element.findall(ATOM + "link")}


@pytest.fixture(scope="session")
def schema(testkit: Path) -> Any:
    return etree.RelaxNG(etree.parse(testkit / "atom-rfc4287.rng"))


# W1 W16 W17 S34
@given(articles=st.lists(nasty_article, max_size=3))
def test_whatever_the_store_holds_the_document_is_valid(
    schema: Any, articles: list[Article]
) -> None:
    result = rendered(*articles)
    schema.assertValid(etree.fromstring(result.body))
    assert b"<!" not in result.body
    assert len(result.carried) + len(result.left_out) == len(articles)


@given(articles=st.lists(nasty_article, max_size=3))
def test_every_hostile_article_with_an_id_of_its_own_is_shown(articles: list[Article]) -> None:
    numbered = [replace(one, id=f"urn:x:{number}") for number, one in enumerate(articles)]
    assert rendered(*numbered).left_out == ()


# S28
@given(hostile=nasty_article)
def test_every_link_leads_to_the_web(hostile: Article) -> None:
    for link in document(hostile).iter(ATOM + "link"):
        assert link.get("href").lower().startswith(("http://", "https://"))
        assert not set(link.get("href")) & set(' \t\r\n<>"\\^`{|}')


# W11
def test_another_process_renders_the_same_bytes(tmp_path: Path) -> None:
    articles = [article(number) for number in range(5)]
    (tmp_path / "articles").write_bytes(pickle.dumps((OUTPUT, articles, LONG_AGO)))
    program = (
        "import pickle, sys; from aggregator.core.render import render;"
        "output, articles, then = pickle.load(open(sys.argv[1], 'rb'));"
        "sys.stdout.buffer.write(render(output, articles, base_url='https://x.example/',"
        " atom_id='urn:x', settings_changed_at=then).body)"
    )

    def run(seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"EST{seed}"}
        command = [sys.executable, "-c", program, str(tmp_path / "articles")]
        done = subprocess.run(command, env=environment, check=True, capture_output=True)
        return done.stdout

    here = render(
        OUTPUT,
        articles,
        base_url="https://x.example/",
        atom_id="urn:x",
        settings_changed_at=LONG_AGO,
    )
    assert run("1") == run("2") == here.body


@given(articles=st.lists(nasty_article, max_size=2))
def test_rendering_twice_gives_the_same_bytes(articles: list[Article]) -> None:
    assert rendered(*articles) == rendered(*articles)


# W11
def test_updated_is_that_of_the_newest_article() -> None:
    newer = replace(article(2), updated=NOON)
    result = rendered(article(1), newer)
    assert result.updated == NOON
    assert etree.fromstring(result.body).findtext(ATOM + "updated") == "2026-11-22T12:00:00+00:00"


# W11
def test_updated_is_never_before_the_settings_changed() -> None:
    assert rendered().updated == LONG_AGO
    older = replace(article(1), updated=LONG_AGO - timedelta(days=1))
    assert rendered(older).updated == LONG_AGO


# W2
def test_the_feed_has_one_id_one_title_and_one_updated() -> None:
    feed = document(article(1))
    assert [len(feed.findall(ATOM + name)) for name in ("id", "title", "updated")] == [1, 1, 1]
    assert feed.findtext(ATOM + "id") == "urn:uuid:0c8e5a4e-0000-4000-8000-000000000000"


# W5 W6
def test_self_and_alternate_are_made_from_the_public_address() -> None:
    base = "https://feeds.example.net/sub/feeds/all"
    found = [tuple(link.values()) for link in document().findall(ATOM + "link")]
    assert found == [
        ("self", "application/atom+xml", f"{base}.atom"),
        ("alternate", "text/html", f"{base}/"),
        ("alternate", "application/rss+xml", f"{base}.rss"),
        ("alternate", "application/feed+json", f"{base}.json"),
    ]


def test_the_id_of_an_article_is_kept_to_the_letter() -> None:
    odd = replace(article(1), id="tag:Example.ORG,2026:A%20b/../c")
    assert only_entry(odd).findtext(ATOM + "id") == "tag:Example.ORG,2026:A%20b/../c"


# W4
def test_an_id_is_never_given_twice() -> None:
    twin = replace(article(2), id=article(1).id)
    result = rendered(article(1), twin, article(3))
    assert len(result.carried) == 2
    assert result.left_out == (f"{twin.slug}: repeats the id urn:example:1",)


# W10
def test_dates_are_those_of_the_article() -> None:
    entry = only_entry(article(1))
    assert entry.findtext(ATOM + "published") == "2026-11-22T09:00:00+00:00"
    assert entry.findtext(ATOM + "updated") == "2026-11-22T10:00:00+00:00"


# W10
def test_published_is_never_later_than_updated() -> None:
    late = article(1, published=NOON + timedelta(days=400))
    assert only_entry(late).findtext(ATOM + "published") == "2026-11-22T10:00:00+00:00"


def test_an_undated_entry_claims_no_date_of_publication() -> None:
    assert only_entry(article(1, published=None)).find(ATOM + "published") is None


def test_the_order_is_the_one_given() -> None:
    feed = document(article(3), article(1), article(2))
    assert [entry.findtext(ATOM + "id")[-1] for entry in feed.findall(ATOM + "entry")] == [
        "3",
        "1",
        "2",
    ]


# W7
def test_every_entry_names_its_source() -> None:
    source = only_entry(article(1)).find(ATOM + "source")
    assert source.findtext(ATOM + "id") == INFO.id
    assert source.findtext(ATOM + "title") == INFO.title
    assert source.findtext(ATOM + "updated") == "2026-11-22T11:00:00+00:00"
    assert source.findtext(ATOM + "rights") == INFO.rights
    assert links(source) == {"self": INFO.self_link, "alternate": INFO.link}


# W7
def test_a_source_without_id_is_known_by_its_address() -> None:
    bare = FeedInfo(self_link="https://example.org/feed.xml")
    source = only_entry(article(1, info=bare)).find(ATOM + "source")
    assert source.findtext(ATOM + "id") == "https://example.org/feed.xml"
    assert source.findtext(ATOM + "title") == "example"
    assert source.findtext(ATOM + "updated") == "2026-11-22T10:00:00+00:00"


# W7 S37
def test_a_source_the_entry_brought_is_kept_and_ours_is_named_beside_it() -> None:
    origin = FeedInfo(title="Elsewhere", id="urn:elsewhere", link="https://elsewhere.example/")
    entry = only_entry(article(1, origin=origin))
    (source,) = entry.findall(ATOM + "source")
    assert source.findtext(ATOM + "id") == "urn:elsewhere"
    assert source.findtext(ATOM + "title") == "Elsewhere"
    (via,) = [link for link in entry.findall(ATOM + "link") if link.get("rel") == "via"]
    assert (via.get("href"), via.get("title")) == (INFO.self_link, INFO.title)


# W8
@pytest.mark.parametrize(
    ("authors", "of_source", "title", "expected"),
    [
        ((Person("Ada"),), (Person("Bob"),), "The Example", "Ada"),
        ((Person(" "),), (Person("Bob"),), "The Example", "Bob"),
        ((), (), "The Example", "The Example"),
        ((), (), "", "example"),
    ],
)
def test_every_entry_has_an_author(
    authors: tuple[Person, ...], of_source: tuple[Person, ...], title: str, expected: str
) -> None:
    info = replace(INFO, authors=of_source, title=title)
    entry = only_entry(article(1, info=info, authors=authors))
    assert [author.findtext(ATOM + "name") for author in entry.findall(ATOM + "author")] == [
        expected
    ]


def test_an_author_keeps_address_and_mail() -> None:
    author = only_entry(article(1)).find(ATOM + "author")
    assert author.findtext(ATOM + "uri") == "https://example.org/ada"
    assert author.findtext(ATOM + "email") == "ada@example.org"


# W13 W14 S33
def test_a_title_is_text_and_content_is_html() -> None:
    entry = only_entry(article(1, title="a <script>alert(1)</script> & b"))
    assert entry.findtext(ATOM + "title") == "a <script>alert(1)</script> & b"
    assert entry.find(ATOM + "title").get("type") is None
    assert entry.find(ATOM + "content").get("type") == "html"
    assert entry.findtext(ATOM + "content") == ENTRY.content
    assert entry.find(ATOM + "summary").get("type") == "html"
    assert entry.findtext(ATOM + "summary") == ENTRY.summary


# W17
def test_an_empty_title_stays_empty() -> None:
    entry = only_entry(article(1, title=""))
    assert entry.find(ATOM + "title") is not None
    assert not entry.findtext(ATOM + "title")


# W17
@pytest.mark.parametrize(
    ("content", "summary", "title", "expected"),
    [
        ("<p>c</p>", "<p>s</p>", "t", ("html", "<p>c</p>")),
        ("", "<p>s</p>", "t", ("html", "<p>s</p>")),
        ("", "", "t < u", ("text", "t < u")),
        ("", "", "", ("text", "")),
    ],
)
def test_an_entry_that_leads_nowhere_has_content(
    content: str, summary: str, title: str, expected: tuple[str, str]
) -> None:
    entry = only_entry(article(1, link="", content=content, summary=summary, title=title))
    found = entry.find(ATOM + "content")
    assert (found.get("type"), found.text or "") == expected
    assert "alternate" not in links(entry)


def test_an_entry_with_a_link_needs_no_content() -> None:
    entry = only_entry(article(1, content=""))
    assert entry.find(ATOM + "content") is None
    assert entry.findtext(ATOM + "summary") == ENTRY.summary


# W18
def test_files_and_pictures_are_kept() -> None:
    entry = only_entry(article(1))
    (enclosure,) = [link for link in entry.findall(ATOM + "link") if link.get("rel") == "enclosure"]
    assert dict(enclosure.attrib) == {
        "rel": "enclosure",
        "href": "https://example.org/1.mp3",
        "type": "audio/mpeg",
        "length": "1234",
    }
    assert entry.find(MEDIA + "thumbnail").get("url") == "https://example.org/1.png"


def test_a_file_of_unknown_type_and_length_claims_neither() -> None:
    vague = Enclosure(href="https://example.org/x", type="audio", length=-1)
    entry = only_entry(article(1, enclosures=(vague,)))
    (enclosure,) = [link for link in entry.findall(ATOM + "link") if link.get("rel") == "enclosure"]
    assert dict(enclosure.attrib) == {"rel": "enclosure", "href": "https://example.org/x"}


def test_other_sources_of_the_story_are_related_links() -> None:
    sightings = (
        Sighting(source="b", title="The B", link="https://b.example/1"),
        Sighting(source="c", title="The C", link=ENTRY.link),
        Sighting(source="d", title="The D", link=""),
    )
    entry = only_entry(replace(article(1), sightings=sightings))
    related = [link for link in entry.findall(ATOM + "link") if link.get("rel") == "related"]
    assert [(link.get("href"), link.get("title")) for link in related] == [
        ("https://b.example/1", "The B")
    ]


def test_categories_are_kept_once_each_in_order() -> None:
    entry = only_entry(article(1, categories=("b", "a", "b", "")))
    assert [category.get("term") for category in entry.findall(ATOM + "category")] == ["b", "a"]


def test_languages_are_those_of_output_entry_and_source() -> None:
    feed = document(
        article(1, language="de"),
        article(2),
        article(3, info=replace(INFO, language="not a language")),
        output=replace(OUTPUT, language="fr"),
    )
    assert feed.get(LANG) == "fr"
    assert [entry.get(LANG) for entry in feed.findall(ATOM + "entry")] == ["de", "en", None]


# W19
def test_the_generator_has_version_and_address() -> None:
    generator = document().find(ATOM + "generator")
    assert generator.text == "aggregator"
    assert generator.get("version")
    assert generator.get("uri") == "https://feeds.example.net/sub/"


# W20
def test_an_oversized_entry_is_cut_and_leads_to_the_original() -> None:
    entry = only_entry(article(1, content="<p>word word</p>" * 100_000))
    content = entry.findtext(ATOM + "content")
    assert len(content) < MAX_TEXT + 200
    assert content.endswith('</p><p><a href="https://example.org/1">…</a></p>')


# W20
def test_a_document_has_a_greatest_size() -> None:
    articles = [article(number, content="<p>" + "x " * 250_000) for number in range(30)]
    result = rendered(*articles)
    assert len(result.body) < MAX_DOCUMENT * 1.1
    assert 0 < len(result.carried) < 30
    assert len(result.left_out) == 30 - len(result.carried)


def test_an_article_that_cannot_be_rendered_costs_only_itself() -> None:
    nameless = replace(article(2), id="")
    zoneless = replace(article(3), updated=datetime(2026, 1, 1))  # noqa: DTZ001
    result = rendered(article(1), nameless, zoneless)
    assert len(result.carried) == 1
    assert [reason.partition(":")[0] for reason in result.left_out] == [
        nameless.slug,
        zoneless.slug,
    ]


def test_our_own_documents_are_recognised() -> None:
    assert is_own(rendered(article(1)).body[:4096])
    assert not is_own(b"<feed xmlns='http://www.w3.org/2005/Atom'><title>aggregator</title>")


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(["p", "b", "ul"])
    return st.builds("<{0}>{1}</{0}>".format, name, st.lists(children, max_size=3).map("".join))


# W20
@given(
    html=st.recursive(st.sampled_from(["word word", "&amp;", '<br title="a>b"/>']), element),
    limit=st.integers(0, 60),
)
def test_cutting_keeps_html_balanced(html: str, limit: int) -> None:
    cut = cut_html(html, limit=limit)
    etree.fromstring(f"<root>{cut}</root>")
    assert html.startswith(cut.partition("</")[0])


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (100, '<p>one <b title="a>b">two</b><br>three</p>'),
        (35, '<p>one <b title="a>b">two</b><br></p>'),
        (24, '<p>one <b title="a>b"></b></p>'),
        (20, "<p>one </p>"),
        (6, "<p></p>"),
        (2, ""),
    ],
)
def test_html_is_cut_between_tags_and_words(limit: int, expected: str) -> None:
    assert cut_html('<p>one <b title="a>b">two</b><br>three</p>', limit=limit) == expected


def test_a_stray_closing_tag_closes_nothing_else() -> None:
    assert cut_html("<p>one</b> two three", limit=15) == "<p>one</b> two</p>"
