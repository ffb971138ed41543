"""What rules match: one example for every word of docs/filters.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.core.filter import compile_rule
from aggregator.core.model import Article, Enclosure, FeedInfo, Person, Sighting
from tests.core.articles import INFO, NOON, article


def matches(rule: object, subject: Article, *, now: datetime = NOON) -> bool:
    return compile_rule(rule).matches(subject, now=now)


def titled(title: str) -> Article:
    return article(title=title, summary="", content="", categories=())


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        ("sponsored", "Sponsored: ten deals"),
        ("uber", "Über alles"),
        ("Über", "UBER"),
        ("groesse OR grosse", "Größe"),
        ("cafe", "Cafe\u0301 opens"),
        ("cafe\u0301", "Café opens"),
        ("Київ", "новини: київ сьогодні"),
        ("елка", "Ёлка"),
        ("Αθηνα", "ΑΘΉΝΑ"),
        ("istanbul", "İSTANBUL"),
        ("lodz", "Łódź"),
        ("코로나", "코로나 뉴스"),
        ("दिल्ली", "आज दिल्ली में"),
        ("محمد", "مُحَمَّد"),
        ("שלום", "שָׁלוֹם"),
        ("北京", "在北京的会议"),
        ("東京", "今日の東京タワー"),
        ("タワー", "東京ﾀﾜｰ"),
        ("กรุงเทพ", "ข่าวกรุงเทพวันนี้"),
        ("iphone", "苹果iPhone发布"),
        ("covid-19", "COVID 19 again"),
        ("don't", "Don’t panic"),
        ("ukraine", "Ukraine's army"),
        ("C++", "Modern C++ in anger"),
        ("c#", "C# 14"),
        ("🚀", "Lift-off 🚀🚀"),
        ("half-price", "half\u00adprice, half\u2010price"),
        ("2025", "In 2025"),
        ("2025", "عام ٢٠٢٥"),
        ("१२", "12 लोग"),
        ("فارسی", "فارسي"),
        ("کتاب", "كتاب"),
        ("أحمد", "احمد"),
        ('"hawai\'i"', "Hawaiʻi"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("თბილისი", "ᲗᲑᲘᲚᲘᲡᲘ"),
        ("ﬁnance", "finance"),
        ("𝐛𝐨𝐥𝐝", "bold"),
        ("Việt", "VIỆT NAM"),
        ("ខ្មែរ", "ភាសាខ្មែរ"),
        ("မြန်မာ", "မြန်မာနိုင်ငံ"),
        ("བོད", "བོད་ལྗོངས"),
        ("አዲስ", "አዲስ፡አበባ"),
        ("ภาษาไทย", "เรียนภาษาไทยกัน"),
    ],
)
def test_a_plain_word_is_found_whatever_its_case_accents_and_script(rule: str, title: str) -> None:
    assert matches(rule, titled(title))


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        ("art", "party"),
        ("мой", "мои"),
        ("c", "C++ and C#"),
        ("か", "が"),
        ("京北", "北京"),
        ("covid-19", "covid in 19 towns"),
        ("दिल", "दिल्ली"),
    ],
)
def test_a_plain_word_matches_whole_words_only(rule: str, title: str) -> None:
    assert not matches(rule, titled(title))


@pytest.mark.parametrize("where", ["title", "summary", "content"])
def test_a_plain_word_is_looked_for_in_title_summary_and_content(where: str) -> None:
    empty = titled("")
    subject = replace(empty, entry=replace(empty.entry, **{where: "kursk"}))  # type: ignore[arg-type]
    assert not matches("kursk", empty)
    assert matches("kursk", subject)


def test_a_plain_word_is_looked_for_in_tags_but_not_in_author_or_link() -> None:
    assert matches('"long reads"', article())
    assert not matches("ada", article())
    assert not matches("example", article())


def test_markup_is_not_text() -> None:
    subject = article(title="x", summary="", content='<p class="ad">a&amp;b <b>bo</b>ld</p>')
    assert not matches("class OR ad OR p OR amp", subject)
    assert matches("bold", subject)


def test_a_phrase_never_reaches_from_one_text_into_the_next() -> None:
    subject = article(title="far", summary="away", content="", categories=("big", "apple"))
    assert not matches('"far away" OR "big apple"', subject)


def test_words_side_by_side_must_all_be_there() -> None:
    assert matches("kursk offensive", titled("Offensive near Kursk"))
    assert not matches("kursk offensive", titled("Kursk"))
    assert matches("kursk AND offensive", titled("Offensive near Kursk"))


def test_or_binds_weaker_than_side_by_side_and_not_binds_strongest() -> None:
    rule = "red green OR -blue black"
    assert matches(rule, titled("red green blue"))
    assert matches(rule, titled("black"))
    assert not matches(rule, titled("black blue"))
    assert not matches("(red OR green) NOT blue", titled("red blue"))


def test_a_phrase_is_words_in_order() -> None:
    assert matches('"Breaking news"', titled("breaking  NEWS!"))
    assert not matches('"breaking news"', titled("news breaking"))


def test_a_regular_expression_sees_the_text_as_written() -> None:
    assert matches("/Kursk|Sumy/", titled("In Sumy"))
    assert not matches("/kursk|sumy/", titled("In Sumy"))
    assert matches("/kursk|sumy/i", titled("In Sumy"))
    assert matches("/^in.+y$/i", titled("In Sumy"))
    assert matches(r"title:/24\/7/", titled("open 24/7"))
    assert matches("/caf\u00e9/", titled("cafe\u0301"))


def test_each_text_field_is_asked_alone() -> None:
    subject = article(title="alpha", summary="beta", content="gamma", categories=("delta",))
    assert matches("title:alpha summary:beta content:gamma tag:delta", subject)
    assert matches("text:alpha text:beta text:gamma", subject)
    assert not matches("title:beta OR summary:alpha OR content:beta OR text:delta", subject)


def test_a_field_takes_phrases_regular_expressions_and_groups() -> None:
    subject = titled("Offensive near Kursk")
    assert matches('title:"near kursk" title:/^off/i title:(kursk OR sumy)', subject)
    assert not matches("title:(kursk -near)", subject)


def test_author_is_a_name_or_address_and_falls_back_to_the_feed() -> None:
    assert matches("author:ada author:ada@example.org", article())
    info = FeedInfo(authors=(Person("The Bot"),))
    assert matches("author:bot", article(info=info, authors=()))
    origin = FeedInfo(authors=(Person("Grace"),))
    assert matches("author:grace -author:bot", article(info=info, authors=(), origin=origin))


def test_host_covers_subdomains_and_both_spellings_of_international_names() -> None:
    assert matches("host:example.org", article(link="https://www.Example.org/x"))
    assert matches("host:www.example.org", article(link="https://www.example.org/x"))
    assert not matches("host:ample.org", article(link="https://example.org/x"))
    assert matches("host:bücher.example", article(link="https://xn--bcher-kva.example/"))
    assert matches("host:*.example.org", article(link="https://a.example.org/"))
    assert matches("host:/^www\\./", article(link="https://www.example.org/"))


@pytest.mark.parametrize("link", ["", "https://[::1", "https://xn--\udc80/"])
def test_a_missing_or_broken_host_is_no_match(link: str) -> None:
    assert not matches("host:example.org", article(link=link))


def test_link_is_searched_as_words_and_by_regular_expression() -> None:
    subject = article(link="https://example.org/sport/football?page=2")
    assert matches('link:sport link:"example.org/sport" link:/\\/football/', subject)
    assert matches("link:https://example.org/sport", subject)
    assert not matches("link:foot", subject)


def test_source_is_the_id_of_the_source_shown() -> None:
    assert matches("source:example", article())
    assert not matches("source:exam", article())
    subject = replace(article(), sightings=(Sighting(source="bbc", title="", link=""),))
    assert not matches("source:bbc", subject)


def test_lang_covers_regions_and_falls_back_to_the_feed() -> None:
    assert matches("lang:en", article())
    assert matches("lang:pt", article(language="pt_BR"))
    assert matches("lang:pt-br", article(language="pt-BR"))
    assert not matches("lang:p OR lang:en", article(language="pt-BR"))
    assert not matches("lang:en", article(info=replace(INFO, language="")))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("words>300", True),
        ("words>301", False),
        ("words>=301", True),
        ("words<302", True),
        ("words<=300", False),
        ("words=301", True),
        ("words:301", True),
        ("words!=301", False),
        ("words > 300", True),
        ("words:>300", True),
        ("words:(>300 <302)", True),
    ],
)
def test_words_are_compared(rule: str, expected: bool) -> None:
    assert matches(rule, replace(article(), words=301)) is expected


def test_seen_in_counts_the_sources_that_carry_the_story() -> None:
    other = Sighting(source="bbc", title="", link="")
    assert matches("seen_in=1", article())
    assert matches("seen_in>=2", replace(article(), sightings=(other, other)))
    assert not matches("seen_in>2", replace(article(), sightings=(other, other)))


def test_age_is_counted_from_the_date_the_article_is_sorted_by() -> None:
    later = NOON + timedelta(days=7)
    assert matches("age<7d1s", article(), now=later)
    assert not matches("age<7d", article(), now=later)
    assert matches("age>=1w", article(), now=later)
    assert matches("age<=168h", article(), now=later)
    assert matches("age<7d", article(), now=NOON - timedelta(days=1))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("date=2026-11-22", True),
        ("date>2026-11-22", False),
        ("date>=2026-11-22", True),
        ("date<=2026-11-22", True),
        ("date<2026-11-23", True),
        ("date>2026-11-22T11:59Z", True),
        ("date>2026-11-22T12:00", False),
        ("date>=2026-11-22T14:00+02:00", True),
    ],
)
def test_a_day_counts_as_a_whole_and_a_moment_exactly(rule: str, expected: bool) -> None:
    assert matches(rule, article()) is expected


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("age<2026-11-22", "date>2026-11-22"),
        ("age>=2026-11-22T10:00Z", "date<=2026-11-22T10:00Z"),
        ("age:2026-11-22", "date=2026-11-22"),
    ],
)
def test_an_age_against_a_day_is_a_date_what_is_younger_came_after_it(rule: str, text: str) -> None:
    compiled = compile_rule(rule)
    assert compiled.text == text
    assert not compiled.timed
    tomorrow = replace(article(), sort_at=NOON + timedelta(days=1))
    assert matches("age<2026-11-22", tomorrow)
    assert not matches("age<2026-11-22", article())


def test_has_asks_for_what_an_article_may_lack() -> None:
    assert matches("has:enclosure has:image has:author", article())
    bare = article(info=FeedInfo(), enclosures=(), image="", authors=())
    assert not matches("has:enclosure OR has:image OR has:author", bare)
    picture = Enclosure(href="https://example.org/x.png", type="image/png")
    assert matches("has:image", article(image="", enclosures=(picture,)))
    assert matches("has:image", article(image="", content='<p><img src="https://x/"></p>'))
    assert matches("has:image", article(image="", summary='<img alt="x">'))


def test_only_age_depends_on_the_clock() -> None:
    assert compile_rule("a OR -(b age<7d)").timed
    assert not compile_rule("date>2025-01-01 words>3").timed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("sponsored", "sponsored"),
        (["sponsored", "giveaway", "/\\bad\\b/i"], "sponsored OR giveaway OR /\\bad\\b/i"),
        ({"title": ["kursk", "sumy"]}, "title:kursk OR title:sumy"),
        ({"title": "kursk sumy"}, "title:kursk title:sumy"),
        ({"title": {"any": ["a", "b"], "not": "c"}}, "(title:a OR title:b) -title:c"),
        ({"all": ["a", {"any": ["b", "c"]}]}, "a (b OR c)"),
        ({"all": {"title": "a", "tag": "b"}}, "title:a tag:b"),
        ({"not": ["a", "b"]}, "-(a OR b)"),
        ({"not": {"title": "a", "tag": "b"}}, "-(title:a tag:b)"),
        ({"not": "-a"}, "a"),
        ({"any": "a"}, "a"),
        ({"words": ">300 <500"}, "words>300 words<500"),
        ({"words": 300}, "words=300"),
        ({"has": ["enclosure", "image"]}, "has:enclosure OR has:image"),
        ({"title": 2025}, "title:2025"),
        ({"date": datetime(2025, 6, 1, tzinfo=UTC).date()}, "date=2025-06-01"),
        ({"link": "https://example.com/a?b=c"}, 'link:"https://example.com/a?b=c"'),
        (
            {
                "any": [{"title": ["kursk", "sumy"]}, {"all": [{"tag": "defence"}, "words>300"]}],
                "not": {"author": "bot"},
            },
            "(title:kursk OR title:sumy OR tag:defence words>300) -author:bot",
        ),
        ('(a OR (b OR c)) ((d e)) --f "or" OR "OR"', '(a OR b OR c) d e f "or" OR "OR"'),
        ("a a OR a", "a"),
        ('"say \\"hi\\" \\\\ now"', '"say \\"hi\\" \\\\ now"'),
        ("title:/a\\/b/si", "title:/a\\/b/is"),
        ("HAS OR has:Image", "HAS OR has:image"),
        ("a OR or OR b", 'a OR "or" OR b'),
    ],
)
def test_both_spellings_become_one_canonical_line(value: object, text: str) -> None:
    rule = compile_rule(value)
    assert rule.text == text == str(rule)
    assert compile_rule(rule.text) == rule
