"""Verdicts name what decided; the selection is lazy, sorted and limited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.filter import Rule, View, compile_rule, select, verdict
from aggregator.core.model import Article, Place, Verdict
from aggregator.core.shares import Quota, of_source
from tests.core.articles import NOON, article


def rule(value: object, *, line: int = 1) -> Rule:
    """A rule whose list items stand on the lines after it."""

    def places(path: tuple[str | int, ...], offset: int | None = None, /) -> Place:
        item = path[0] if path and isinstance(path[0], int) else -1
        return Place("feeds.yaml", line + 1 + item, 5)

    return compile_rule(value, places=places)


def judged(subject: Article, **rules: Rule) -> Verdict:
    nothing: dict[str, Rule | None] = dict.fromkeys(
        ("source_keep", "source_drop", "output_keep", "output_drop")
    )
    return verdict(subject, now=NOON, **{**nothing, **rules})


def titled(title: str) -> Article:
    return article(title=title, summary="", content="", categories=())


def test_without_rules_everything_is_kept_and_nothing_decided() -> None:
    assert judged(titled("x")) == Verdict(kept=True)


def test_a_verdict_names_the_item_of_the_list_that_dropped() -> None:
    drop = rule(["sponsored", "giveaway", "title:/ad/"], line=10)
    assert judged(titled("A giveaway"), output_drop=drop) == Verdict(
        kept=False, rule="giveaway", place=Place("feeds.yaml", 12, 5), by="output drop"
    )
    assert judged(titled("read"), output_drop=drop).rule == "title:/ad/"


def test_the_first_item_written_decides_when_several_match() -> None:
    drop = rule(["title:/gi/", "giveaway", "has:author", "sponsored"], line=10)
    assert judged(titled("Sponsored giveaway"), output_drop=drop).rule == "title:/gi/"
    drop = rule(["sponsored", "title:/gi/", "giveaway"], line=10)
    assert judged(titled("Sponsored giveaway"), output_drop=drop).rule == "sponsored"


def test_words_that_fold_alike_and_phrases_are_named_in_the_order_written() -> None:
    drop = rule(["KURSK", '"near kursk"', '"near kursk region"', "kursk", "near"])
    assert judged(titled("near Kursk region"), output_drop=drop).rule == "KURSK"
    drop = rule(['"near kursk region"', '"near kursk"', "near"])
    assert judged(titled("near Kursk region"), output_drop=drop).rule == '"near kursk region"'
    assert judged(titled("near Kursk"), output_drop=drop).rule == '"near kursk"'
    assert judged(titled("near it"), output_drop=drop).rule == "near"


def test_a_keep_that_does_not_match_is_named_as_a_whole() -> None:
    keep = rule(["kursk", "sumy"], line=10)
    assert judged(titled("x"), output_keep=keep) == Verdict(
        kept=False, rule="kursk OR sumy", place=Place("feeds.yaml", 10, 5), by="output keep"
    )


def test_a_kept_article_names_the_item_that_kept_it() -> None:
    keep = rule(["kursk", "sumy"], line=10)
    found = judged(titled("Sumy"), source_keep=keep)
    assert (found.kept, found.rule, found.by) == (True, "sumy", "source keep")
    assert found.place == Place("feeds.yaml", 12, 5)


def test_the_source_speaks_before_the_output() -> None:
    rules = {
        "source_keep": rule("news"),
        "source_drop": rule("old"),
        "output_keep": rule("news"),
        "output_drop": rule("stale"),
    }
    assert judged(titled("x"), **rules).by == "source keep"
    assert judged(titled("old stale news"), **rules).by == "source drop"
    assert judged(titled("stale news"), **rules).by == "output drop"
    assert judged(titled("news"), **rules).by == "output keep"
    assert judged(titled("news"), **{**rules, "output_keep": rule("x")}).by == "output keep"


def test_a_verdict_names_the_patterns_that_ran_out_of_time() -> None:
    drop = rule(["title:/(a+)+$/"])
    found = judged(titled("a" * 5000 + "!"), output_drop=drop)
    assert found.kept
    assert found.timed_out == ("title:/(a+)+$/",)


def dated(number: int) -> Article:
    """Article number n is n days old."""
    return replace(article(number), sort_at=NOON - timedelta(days=number))


def keep_even(subject: Article) -> Verdict:
    return Verdict(kept=subject.slug_hash % 2 == 0)


def chosen(articles: Iterator[Article], **options: object) -> list[int]:
    settings = {"judge": keep_even, "limit": 3, "max_age": None, "order": "newest", "now": NOON}
    found = select(articles, **{**settings, **options})  # type: ignore[arg-type]
    return [subject.slug_hash for subject in found]


def test_the_newest_kept_articles_are_selected() -> None:
    assert chosen(map(dated, range(100))) == [0, 2, 4]


def test_order_turns_the_result_and_never_changes_it() -> None:
    assert chosen(map(dated, range(100)), order="oldest") == [4, 2, 0]


def test_reading_stops_at_the_limit() -> None:
    articles = map(dated, range(100))
    chosen(articles)
    assert next(articles).slug_hash == 5


def test_reading_stops_at_the_age() -> None:
    articles = map(dated, range(100))
    assert chosen(articles, limit=50, max_age=timedelta(days=4)) == [0, 2, 4]
    assert next(articles).slug_hash == 6


def test_no_source_takes_more_than_its_share() -> None:
    loud = (replace(dated(number), source="loud") for number in range(0, 40, 2))
    quiet = (replace(dated(number), source="quiet") for number in range(100, 140, 2))
    articles = chain(loud, quiet)
    shares = (of_source(Quota(3)),)
    assert chosen(articles, limit=5, shares=shares) == [0, 2, 4, 100, 102]


def test_a_limit_of_nothing_reads_nothing() -> None:
    articles = map(dated, range(100))
    assert chosen(articles, limit=0) == []
    assert next(articles).slug_hash == 0


@given(
    ages=st.lists(st.integers(0, 60), max_size=30),
    limit=st.integers(0, 12),
    oldest=st.booleans(),
    days=st.none() | st.integers(0, 60),
)
def test_a_selection_is_a_sorted_subset_within_limit_and_age(
    ages: list[int], limit: int, oldest: bool, days: int | None
) -> None:
    max_age = None if days is None else timedelta(days=days)
    order = "oldest" if oldest else "newest"
    found = chosen(map(dated, sorted(ages)), limit=limit, order=order, max_age=max_age)
    allowed = [age for age in sorted(ages) if age % 2 == 0 and (days is None or age <= days)]
    assert found == sorted(allowed[:limit], reverse=oldest)


def test_a_view_asked_again_shares_what_was_derived_and_not_the_time() -> None:
    view = View(titled("a" * 5000 + "!"), now=NOON)
    slow = rule("title:/(a+)+$/")
    assert slow.first_match(view) is None
    other = view.again()
    assert other.timed_out == []
    assert other.folded("title") is view.folded("title")
    assert (other.article, other.now) == (view.article, view.now)
