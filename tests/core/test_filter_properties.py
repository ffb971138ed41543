"""Both spellings mean the same, and they mean what a naive reading of the rule says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.filter import RuleError, View, compile_rule, verdict
from aggregator.core.filter.fold import fold, words_of
from aggregator.core.model import Article
from tests.core.articles import NOON, article, nasty_article

# As written, and as folded words by hand: the naive reading uses nothing of the program's.
VOCABULARY = {
    "Kursk": "kursk",
    "ÜBER": "uber",
    "größe": "grosse",
    "covid-19": "covid 19",
    "Київ": "київ",
    "東京": "東 京",
    "京都": "京 都",
    "near": "near",
    "OR": "or",
    "not": "not",
}
FIELDS = ("title", "summary", "content", "tag", "text", "")
PARTS = {
    "text": ("title", "summary", "content"),
    "": ("title", "summary", "content", "tag"),
}

Texts = dict[str, tuple[str, ...]]  # of an article: field -> texts


@dataclass(frozen=True)
class Spelled:
    """One rule in both spellings, and what it means."""

    line: str
    yaml: object
    meaning: Callable[[Texts], bool]


def texts_of(subject: Article) -> Texts:
    entry = subject.entry
    return {
        "title": (entry.title,),
        "summary": (entry.summary.removeprefix("<p>").removesuffix("</p>"),),
        "content": (entry.content.removeprefix("<p>").removesuffix("</p>"),),
        "tag": entry.categories,
    }


def naive_line(text: str) -> str:
    """Text of vocabulary words as folded words with spaces around."""
    return f" {' '.join(VOCABULARY[word] for word in text.split())} "


def word_rule(field: str, words: list[str]) -> Spelled:
    phrase = " ".join(words)
    value = f'"{phrase}"'
    wanted = naive_line(phrase)

    def meaning(texts: Texts) -> bool:
        parts = PARTS.get(field, (field,))
        return any(wanted in naive_line(text) for part in parts for text in texts[part])

    line = f"{field}:{value}" if field else value
    return Spelled(line, {field: value} if field else value, meaning)


def pattern_rule(field: str, word: str) -> Spelled:
    value = f"/{re.escape(word)}/"

    def meaning(texts: Texts) -> bool:
        parts = PARTS.get(field, (field,))
        return any(word in text for part in parts for text in texts[part])

    line = f"{field}:{value}" if field else value
    return Spelled(line, {field: value} if field else value, meaning)


def either_rule(rules: list[Spelled]) -> Spelled:
    line = " OR ".join(f"({rule.line})" for rule in rules)
    return Spelled(
        line,
        [rule.yaml for rule in rules],
        lambda texts: any(rule.meaning(texts) for rule in rules),
    )


def every_rule(rules: list[Spelled]) -> Spelled:
    line = " ".join(f"({rule.line})" for rule in rules)
    return Spelled(
        line,
        {"all": [rule.yaml for rule in rules]},
        lambda texts: all(rule.meaning(texts) for rule in rules),
    )


def not_rule(rule: Spelled) -> Spelled:
    return Spelled(f"NOT ({rule.line})", {"not": rule.yaml}, lambda texts: not rule.meaning(texts))


word = st.sampled_from(sorted(VOCABULARY))
words = st.lists(word, min_size=1, max_size=2)
leaf = st.one_of(
    st.builds(word_rule, st.sampled_from(FIELDS), words),
    st.builds(pattern_rule, st.sampled_from(FIELDS), word),
)
spelled = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(either_rule),
        st.lists(inner, min_size=1, max_size=3).map(every_rule),
        inner.map(not_rule),
    ),
    max_leaves=12,
)
text = st.lists(word, max_size=5).map(" ".join)
story = st.builds(
    lambda title, summary, content, tags: article(
        title=title, summary=summary, content=f"<p>{content}</p>", categories=tuple(tags)
    ),
    text,
    text,
    text,
    st.lists(text, max_size=2),
)


def says(value: object, subject: Article) -> bool:
    return compile_rule(value).matches(subject, now=NOON)


@given(rule=spelled, subject=story)
def test_both_spellings_say_what_a_naive_reading_says(rule: Spelled, subject: Article) -> None:
    expected = rule.meaning(texts_of(subject))
    assert says(rule.line, subject) == expected
    assert says(rule.yaml, subject) == expected


@given(rule=spelled)
def test_both_spellings_become_the_same_text_which_compiles_to_itself(rule: Spelled) -> None:
    compiled = compile_rule(rule.line)
    assert compile_rule(rule.yaml) == compiled
    assert compile_rule(compiled.text).text == compiled.text


@given(rule=spelled, subject=story)
def test_the_canonical_text_means_what_was_written(rule: Spelled, subject: Article) -> None:
    assert says(compile_rule(rule.yaml).text, subject) == says(rule.yaml, subject)


@given(rule=spelled, subject=story)
def test_a_rule_or_its_opposite_matches_and_not_not_changes_nothing(
    rule: Spelled, subject: Article
) -> None:
    assert says(f"-({rule.line})", subject) != says(rule.line, subject)
    assert says({"not": {"not": rule.yaml}}, subject) == says(rule.yaml, subject)


@given(rule=spelled, more=spelled, subject=story)
def test_more_alternatives_match_more_and_more_conditions_less(
    rule: Spelled, more: Spelled, subject: Article
) -> None:
    alone = says(rule.yaml, subject)
    assert says([rule.yaml, more.yaml], subject) >= alone
    assert says({"all": [rule.yaml, more.yaml]}, subject) <= alone


@given(rules=st.lists(spelled, min_size=2, max_size=6), subject=story)
def test_the_first_item_that_matches_is_the_one_named(
    rules: list[Spelled], subject: Article
) -> None:
    rule = compile_rule([item.yaml for item in rules])
    match = rule.first_match(View(subject, now=NOON))
    named = None if match is None else match.text
    hits = [compile_rule(item.yaml) for item in rules if item.meaning(texts_of(subject))]
    assert (named is None) == (not hits)
    if hits and named is not None:
        # An item that is itself a list takes part with each of its own items.
        first = hits[0].first_match(View(subject, now=NOON))
        whole = (rule.text, hits[0].text)
        assert first is not None
        assert named == first.text or named in whole


EVERY_FIELD = compile_rule(
    [
        "zzz title:zzz",
        "-summary:/./ content:zzz",
        "host:zzz.example lang:zz source:zz link:zz author:zz",
        "words>3 seen_in>=2 age<7d date>=2025-06-01 has:image",
        "-has:author -has:enclosure",
        "🚀 tag:🚀",
    ]
)


@given(subject=nasty_article, words=st.integers(0, 5))
def test_no_article_makes_a_rule_raise(subject: Article, words: int) -> None:
    subject = replace(subject, words=words)
    found = verdict(
        subject,
        source_keep=EVERY_FIELD,
        source_drop=compile_rule("date<1999-01-01T00:00Z"),
        output_keep=compile_rule("-EVERYTHING"),
        output_drop=EVERY_FIELD,
        now=NOON,
    )
    assert found.rule or found.kept


@given(line=st.text(alphabet='ab "()/-\\:<>=ORNT7dtile\u0301東\u200b', max_size=30))
def test_any_text_is_a_rule_or_a_rule_error(line: str) -> None:
    try:
        rule = compile_rule(line)
    except RuleError:
        return
    assert compile_rule(rule.text).text == rule.text


@given(text=st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert words_of(fold(text.upper())) == words_of(fold(text.upper().lower()))


@given(days=st.integers(-3, 20), bound=st.integers(0, 20))
def test_age_is_the_arithmetic_of_dates(days: int, bound: int) -> None:
    subject = replace(article(), sort_at=NOON - timedelta(days=days))
    assert says(f"age<{bound}d", subject) == (days < bound)
    assert says(f"age>={bound}d", subject) == (days >= bound)
