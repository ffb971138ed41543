"""Headlines become slugs that people read and machines compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.slug import (
    HASH_DIGITS,
    STEM_LENGTH,
    hash64,
    hash_digits,
    headline,
    slug_of,
    slugify,
    stem,
    tail,
)


def test_the_stem_of_the_known_headline_is_the_known_stem() -> None:
    title = "Ukraine Holds Kursk Foothold Inside Russia, Commander Affirms"
    assert stem(title) == "ukraine-holds-kursk-foothold-inside-russia-comman"


def test_a_slug_ends_in_thirteen_hex_digits() -> None:
    slug = slug_of("a-title", hash64("1", "a-title"))
    assert slug.startswith("a-title-")
    assert len(slug.removeprefix("a-title-")) == HASH_DIGITS
    int(slug[-HASH_DIGITS:], 16)


def test_the_slug_hash_is_the_same_on_every_machine() -> None:
    assert hash_digits(hash64("1", "", "fed-holds-rates")) == "9f183bc94d5ee"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("São Paulo’s Zürich", "sao-paulos-zurich"),
        ("Łódź Œuvre ß", "lodz-oeuvre-ss"),
        ("İstanbul ﬁnance Ⅷ", "istanbul-finance-viii"),
        ("他来了", "他来了"),
        ("हिन्दी में समाचार", "हिन्दी-में-समाचार"),
        ("أخبار اليوم", "أخبار-اليوم"),
        ("Ελλάδα", "ελλάδα"),
        ("x\u200by\u00ad", "xy"),
        ("a -- b / c", "a-b-c"),
        ("🚀", ""),
        ("---", ""),
    ],
)
def test_every_script_keeps_its_letters(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_two_chinese_headlines_that_differ_in_one_letter_differ() -> None:
    assert slugify("他来了") != slugify("她来了")


@pytest.mark.parametrize(
    "title",
    [
        "Fed holds rates",
        "UPDATE 2-Fed holds rates",
        "WRAPUP 1-UPDATE 3-Fed holds rates",
        "BREAKING: Fed holds rates",
        "World › Fed holds rates",
        "Fed holds rates - Reuters",
        "Fed holds rates | The Republic",
        "Fed holds rates (Video)",
        "Fed holds rates [PHOTOS]",
        "Fed  holds\u00a0rates",
        "‘Fed’ holds “rates”",
        "FED HOLDS RATES",
        "Fed holds rates -sources",
        "<b>Fed</b> holds rates",
        "Fed holds&nbsp;rates",
        "Fed ho\u00adlds rates",
    ],
)
def test_the_decorations_of_syndication_do_not_change_the_headline(title: str) -> None:
    assert headline(title, site_names={"reuters", "the-republic"}) == "fed-holds-rates"


def test_a_tail_that_is_no_site_name_belongs_to_the_headline() -> None:
    assert headline("Fed holds rates - for now", site_names={"reuters"}) == (
        "fed-holds-rates-for-now"
    )


def test_mojibake_is_undone_where_all_of_it_can_be() -> None:
    broken = "Café “x” – y".encode().decode("cp1252", "replace")
    assert "\ufffd" in broken or headline(broken) == headline("Café “x” – y")
    assert headline("CafÃ© â€“ ZÃ¼rich") == headline("Café – Zürich")


def test_a_headline_of_decorations_alone_is_kept() -> None:
    assert headline("UPDATE 1-") == "update-1"


def test_the_tail_is_what_follows_the_last_separator() -> None:
    assert tail("A - B | The Site") == "the-site"
    assert tail("no separator") == ""


@given(st.text(max_size=200))
def test_a_slug_is_a_fixed_point(text: str) -> None:
    once = slugify(text)
    assert slugify(once) == once


@given(st.text(max_size=300))
def test_a_stem_is_short_and_has_no_dangling_hyphen(text: str) -> None:
    short = stem(text)
    assert len(short) <= STEM_LENGTH
    assert short == short.strip("-")
    assert " " not in short


@given(st.text(max_size=200), st.sampled_from(["UPDATE 1-", "BREAKING: ", "VIDEO: "]))
def test_a_prefix_never_changes_the_headline_of_a_title(text: str, prefix: str) -> None:
    title = f"Title {text}"
    assert headline(prefix + title) == headline(title)


@pytest.mark.parametrize(
    ("decorated", "bare"),
    [
        ("GLOBAL MARKETS-World stocks decline", "World stocks decline"),
        ("UPDATE 1-US STOCKS SNAPSHOT-Wall St opens lower", "Wall St opens lower"),
        ("Buyer agrees to deal -- 4th Update", "Buyer agrees to deal"),
        ("Bank test announced- sources", "Bank test announced"),
        ('"UPDATE" 2-Wall St opens lower', "Wall St opens lower"),
        ("UPDATE 1\u2011Wall St opens lower", "Wall St opens lower"),
        ("UPDATE 3-Europe: Bank holds rates", "Bank holds rates"),
    ],
)
def test_what_the_wires_put_around_a_headline_goes(decorated: str, bare: str) -> None:
    assert headline(decorated) == headline(bare)


@pytest.mark.parametrize(
    "title", ["NATO: allies agree", "HONG KONG - SHARES SINK", "Annual co-report", "Anti-update"]
)
def test_what_only_looks_like_a_decoration_stays(title: str) -> None:
    assert headline(title) == slugify(title)


def test_a_headline_that_was_cut_short_says_so() -> None:
    assert headline("Bank holds rates … | The Republic", site_names={"the-republic"}) == (
        "bank-holds-rates\u2026"
    )
    assert headline("Bank holds rates....") == "bank-holds-rates\u2026"


@given(st.text(alphabet="aZ9 -'’“…«éÅøßǄ\u0301\u0308\u200d\xad½ﬁ", max_size=12))
def test_a_latin_title_has_the_same_slug_beside_another_script(text: str) -> None:
    assert slugify(f"{text} 世") == f"{slugify(text)}-世".removeprefix("-")


def test_a_quote_that_was_read_in_the_wrong_charset_is_repaired() -> None:
    assert headline("City\u00e2\u20ac\u2122s plant may close") == headline("City's plant may close")
