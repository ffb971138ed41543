"""Any rule, in whichever spelling, is the same rule: rules made up over all fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.filter import Definition, Rule, View, compile_named, compile_rule
from aggregator.core.model import Article, Document, Sighting
from aggregator.core.parse import parse
from tests.conftest import PROJECT
from tests.core.articles import NOON, article, nasty_article


@dataclass(frozen=True)
class Pair:
    """One rule as a line and as YAML, and the named rules that its YAML uses."""

    line: str
    yaml: object
    named: tuple[tuple[str, object], ...] = ()


def in_field(field: str, value: str) -> Pair:
    return Pair(f"{field}:{value}", {field: value})


def bare(value: str) -> Pair:
    return Pair(value, value)


def compared(field: str, sign: str, amount: str) -> Pair:
    return Pair(f"{field}{sign}{amount}", {field: f"{sign}{amount}"})


WORDS = ("moon", "Über", '"field notes"', "/^[A-Z]/", "/o.e/i", "東京", "the", '"OR"', "c++", "🚀")
NAMES = {
    "host": ("example.org", "field-notes.example", "/^www/", "*.example"),
    "source": ("example", "other", "/x/"),
    "lang": ("en", "en-GB", "de", "/^e/"),
    "has": ("enclosure", "image", "author"),
}
AMOUNTS = {
    "words": ("0", "3", "40", "300"),
    "seen_in": ("1", "2", "3"),
    "date": ("2026-11-22", "2026-11-22T11:59Z", "2003-12-13"),
}
word_fields = st.sampled_from(["title", "summary", "content", "text", "tag", "author", "link"])
leaf = st.one_of(
    st.builds(bare, st.sampled_from(WORDS)),
    st.builds(in_field, word_fields, st.sampled_from(WORDS)),
    st.sampled_from(sorted(NAMES)).flatmap(
        lambda field: st.builds(in_field, st.just(field), st.sampled_from(NAMES[field]))
    ),
    st.sampled_from(sorted(AMOUNTS)).flatmap(
        lambda field: st.builds(
            compared,
            st.just(field),
            st.sampled_from([">", ">=", "<", "<=", "=", "!="]),
            st.sampled_from(AMOUNTS[field]),
        )
    ),
    st.builds(
        compared,
        st.just("age"),
        st.sampled_from([">", ">=", "<", "<="]),
        st.sampled_from(["36h", "7d", "1w2d", "2026-11-20"]),
    ),
)


def joined(pairs: list[Pair]) -> tuple[tuple[str, object], ...]:
    """The names of all parts: equal names are equal rules."""
    return tuple({name: (name, value) for pair in pairs for name, value in pair.named}.values())


def any_of(pairs: list[Pair], explicit: bool) -> Pair:
    values = [pair.yaml for pair in pairs]
    line = " OR ".join(f"({pair.line})" for pair in pairs)
    return Pair(line, {"any": values} if explicit else values, joined(pairs))


def all_of(pairs: list[Pair], word: str) -> Pair:
    line = f" {word} ".join(f"({pair.line})" for pair in pairs)
    return Pair(line, {"all": [pair.yaml for pair in pairs]}, joined(pairs))


def none_of(pairs: list[Pair], sign: str) -> Pair:
    line = " ".join(f"{sign}({pair.line})" for pair in pairs)
    values = [{"not": pair.yaml} for pair in pairs]
    return Pair(line, {"all": values} if len(values) > 1 else values[0], joined(pairs))


def called(pair: Pair) -> Pair:
    """The rule by a name that follows from what it says."""
    name = f"r{sum(map(ord, pair.line))}-{len(pair.line)}"
    known = dict(pair.named)
    if name in known:
        return pair
    return Pair(f"({pair.line})", f"@{name}", (*pair.named, (name, pair.yaml)))


rule: st.SearchStrategy[Pair] = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(any_of, st.lists(inner, min_size=1, max_size=3), st.booleans()),
        st.builds(all_of, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["", "AND"])),
        st.builds(none_of, st.lists(inner, min_size=1, max_size=2), st.sampled_from(["-", "NOT "])),
        st.builds(called, inner),
    ),
    max_leaves=10,
)


@cache
def own_articles() -> tuple[Article, ...]:
    """The entries of the feeds that the project ships and tests with."""
    files = [PROJECT / "samples" / "field-notes.xml"]
    files += sorted((PROJECT / "tests" / "data").glob("*.xml"))
    found = []
    for number, file in enumerate(files):
        document = Document(url="https://h.example/feed.xml", body=file.read_bytes())
        feed = parse(document, max_entries=100)
        for index, entry in enumerate(feed.entries):
            others = range((number + index) % 3)
            found.append(
                replace(
                    article(),
                    source=("example", "other")[index % 2],
                    info=feed.info,
                    entry=entry,
                    sort_at=entry.published or NOON - timedelta(hours=30 * index),
                    sightings=tuple(Sighting(source=f"s{n}", title="", link="") for n in others),
                    words=41 * index,
                )
            )
    return tuple(found)


def compiled(pair: Pair) -> tuple[Rule, Rule]:
    named, mistakes = compile_named({name: Definition(value) for name, value in pair.named})
    assert not mistakes
    return compile_rule(pair.line), compile_rule(pair.yaml, named=named)


def verdicts(rule: Rule, subjects: list[Article]) -> list[str | None]:
    """Of each article the item that matched, if any did."""
    found = (rule.first_match(View(subject, now=NOON)) for subject in subjects)
    return [match.text if match else None for match in found]


@given(pair=rule, strangers=st.lists(nasty_article, max_size=3))
def test_any_rule_in_both_spellings_judges_every_article_alike(
    pair: Pair, strangers: list[Article]
) -> None:
    line, yaml = compiled(pair)
    subjects = [*own_articles(), *strangers]
    assert verdicts(line, subjects) == verdicts(yaml, subjects)
    assert verdicts(compile_rule(line.text), subjects) == verdicts(line, subjects)


@given(pair=rule)
def test_any_rule_in_both_spellings_has_one_canonical_line(pair: Pair) -> None:
    line, yaml = compiled(pair)
    assert line == yaml
    assert (line.timed, line.alternatives) == (yaml.timed, yaml.alternatives)
    assert compile_rule(line.text) == line


def test_the_projects_own_articles_are_many_and_unlike() -> None:
    subjects = list(own_articles())
    assert len(subjects) >= 15
    for text in ("has:author", "has:enclosure", "seen_in>1", "words>100", "lang:en", "tag:/./"):
        found = verdicts(compile_rule(text), subjects)
        assert None in found
        assert set(found) != {None}
