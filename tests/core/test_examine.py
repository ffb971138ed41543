"""What `check` says of rules: examples that come out otherwise, and hints that are proofs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.examine import failed_examples, hints
from aggregator.core.filter import RuleError, View, compile_rule, read_example
from aggregator.core.filter.doubts import alternatives, why_never
from aggregator.core.filter.match import check_of
from aggregator.core.filter.prove import Prover, Shelf
from aggregator.core.filter.tree import Node
from aggregator.core.model import Article, Person
from tests.adapters.configs import settings
from tests.core.articles import NOON, article

SOURCES = """\
sources:
  - {id: bbc, url: "https://bbc.example/", drop: [sponsored, "words<50"]}
  - {id: wire, url: "https://wire.example/", keep: "lang:en", drop: advert OR sponsored}
"""


def hinted(folder: Path, text: str) -> list[str]:
    """Each hint as "where: what"."""
    return [f"{hint.where}: {hint.what}" for hint in hints(settings(folder, text))]


def of_rule(folder: Path, rule: str, *, kind: str = "drop") -> list[str]:
    """The hints on a rule of an output of sources without rules."""
    text = (
        f"sources: [{{id: bbc, url: 'https://a.example/'}}]\noutputs: [{{id: x, {kind}: {rule}}}]"
    )
    return [hint.partition(": ")[2] for hint in hinted(folder, text)]


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("title:x -title:x", "title:x and -title:x (line 2) exclude each other"),
        ("title:kursk -kursk", "title:kursk and -kursk (line 2) exclude each other"),
        ("'\"breaking news\" -breaking'", '"breaking news" and -breaking (line 2) exclude'),
        ("words>300 words<100", "words>300 and words<100 (line 2) exclude each other"),
        ("words>3 words<4", "words>3 and words<4 (line 2) exclude each other"),
        ("words=3 words!=3", "words=3 and words!=3 (line 2) exclude each other"),
        ("words!=3 words=3", "words!=3 and words=3 (line 2) exclude each other"),
        ("(a b OR words=3) words!=3 -a", "exclude each other"),
        ("age<1d age>36h", "age<1d and age>36h (line 2) exclude each other"),
        ("date>2025-06-01 date<=2025-06-01T23:59Z", "exclude each other"),
        ("date=2025-06-01 age>2025-06-01", "exclude each other"),
        ("host:a.example host:b.example", "exclude each other"),
        ("lang:de lang:en", "lang:de and lang:en (line 2) exclude each other"),
        ("has:image -has:image", "exclude each other"),
        ("author:bot -has:author", "exclude each other"),
        ("/ad/i -/ad/i", "exclude each other"),
        ("(a OR b) -a -b", "exclude each other"),
        ("seen_in<1", "there is nothing that seen_in<1 could be"),
        ("words<0", "there is nothing that words<0 could be"),
        ("x seen_in<1", "there is nothing that seen_in<1 could be"),
        ("source:bcc", 'no source has the id "bcc" (did you mean "bbc"?)'),
        ("{all: [a, {not: a}]}", "a and -a (line 2) exclude each other"),
        ("a (b OR -a c)", "-a c never matches"),
        ("(a OR b) -a", "a never matches: -a (line 2) excludes it"),
    ],
)
def test_what_can_never_match_is_a_hint(tmp_path: Path, rule: str, what: str) -> None:
    (hint,) = of_rule(tmp_path, rule)
    assert what in hint


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("[a, A]", "A adds nothing: a (line 2) matches whatever it does"),
        ("[a, a]", "a stands here twice: a (line 2)"),
        ("a a", "a stands here twice"),
        ("[news, '\"breaking news\"']", '"breaking news" adds nothing: news (line 2)'),
        ("['\"breaking news\"', news]", '"breaking news" adds nothing: news (line 2)'),
        ("[title:a, a]", "title:a adds nothing: a (line 2)"),
        ("[title:a, text:a]", "title:a adds nothing: text:a (line 2)"),
        ("[a b, a]", "a b adds nothing: a (line 2)"),
        ("[host:example.com, host:news.example.com]", "host:news.example.com adds nothing"),
        ("[lang:en, lang:en-GB]", "lang:en-gb adds nothing: lang:en (line 2)"),
        ("[words>300, words>=500]", "words>=500 adds nothing: words>300 (line 2)"),
        ("[words!=3, words>5]", "words>5 adds nothing: words!=3 (line 2)"),
        ("[-a, -(a OR b)]", "-(a OR b) adds nothing: -a (line 2)"),
        ("[a b c, a b]", "a b c adds nothing: a b (line 2)"),
        ("[(a OR b) c, (a OR b OR d) c]", "(a OR b) c adds nothing"),
        ("[age<7d, age<36h]", "age<36h adds nothing: age<7d (line 2)"),
        ("[title:/a/, /a/]", "title:/a/ adds nothing: /a/ (line 2)"),
        ("[a, Á, 'b a c']", "adds nothing"),
        ("[東京, 東京タワー]", "東京タワー adds nothing: 東京 (line 2)"),
        ("[a, -a]", "-a or its opposite: this matches everything"),
        ("words>=0", "always matches"),
        ("seen_in>=1 kursk", "seen_in>=1 always matches"),
        ("/sponsored|/", "matches every text: it can match nothing at all"),
        ("[x, /b*/i]", "matches every text"),
    ],
)
def test_what_adds_nothing_or_takes_everything_is_a_hint(
    tmp_path: Path, rule: str, what: str
) -> None:
    assert what in of_rule(tmp_path, rule)[0]


@pytest.mark.parametrize(
    "rule",
    [
        "[kursk, sumy, title:belgorod]",
        "[a, 'ab']",
        "title:x -summary:x",
        "kursk -title:kursk",
        'breaking -"breaking news"',
        "words>300 words<500",
        "words>=3 words<4",
        "words!=3 words!=4",
        "[words!=3, words!=4 words<9]",
        "[words!=3, seen_in>2]",
        "date>=2025-06-01 date<=2025-06-01",
        "date=2025-06-01 date>2025-06-01T11:00Z",
        "age<7d date>2025-06-01",
        "host:example.com host:news.example.com",
        "lang:en lang:en-gb",
        "has:image -has:enclosure",
        "-a -b -c",
        "[a b, a c, b c]",
        "[title:a, summary:a, tag:a]",
        "[text:a, tag:a]",
        "['\"a b\"', '\"b a\"']",
        "[words>300, words<10]",
        "[/^$/, /a/, /a/i]",
        "[/\\bad\\b/, '/(?=x)/', '/^/']",
        "[🚀, '🚀🚀']",
        "[seen_in>=2, words>0]",
        "source:bbc",
        "-source:bbc",
        "[lang:/en/, lang:en]",
    ],
)
def test_what_may_well_be_meant_is_no_hint(tmp_path: Path, rule: str) -> None:
    assert of_rule(tmp_path, rule) == []


def test_a_keep_that_its_drop_takes_again_and_a_drop_of_what_is_not_kept_are_hints(
    tmp_path: Path,
) -> None:
    text = "outputs: [{id: x, keep: [kursk sponsored, words>99], drop: [sponsored, words<50, b]}]"
    assert hinted(tmp_path, text) == [
        "outputs[0]: kursk sponsored keeps nothing: sponsored (line 1) drops it again"
    ]
    text = "outputs: [{id: x, keep: words>300, drop: [words<100, kursk]}]"
    assert hinted(tmp_path, text) == [
        "outputs[0]: words<100 drops nothing: words>300 (line 1) keeps none of it"
    ]


@pytest.mark.parametrize(
    ("sources", "rule", "expected"),
    [
        ("all", "drop: [sponsored, kursk]", ["sponsored never gets to decide: sponsored (line 3)"]),
        ("all", "drop: '\"sponsored post\"'", ['"sponsored post" never gets to decide']),
        ("bbc", "drop: words<30", ["words<30 never gets to decide: words<50 (line 2)"]),
        ("all", "drop: words<30", []),
        ("all", "drop: advert", []),
        ("wire", "drop: lang:de", ["lang:de never gets to decide: lang:en (line 3) excludes it"]),
        ("wire", "keep: lang:en-gb", []),
        ("wire", "keep: [source:bbc, x]", ["source:bbc never gets to decide"]),
        ("all", "keep: source:bbc", []),
        ("all", "keep: [kursk, advert sponsored]", ["advert sponsored never gets to decide"]),
    ],
)
def test_what_the_rules_of_all_its_sources_leave_nothing_of_is_a_hint(
    tmp_path: Path, sources: str, rule: str, expected: list[str]
) -> None:
    text = f"{SOURCES}outputs:\n  - {{id: x, sources: {sources}, {rule}}}\n"
    found = hinted(tmp_path, text)
    assert len(found) == len(expected)
    assert all(what in hint for what, hint in zip(expected, found, strict=True))


def test_rules_with_names_are_looked_at_where_they_stand(tmp_path: Path) -> None:
    text = """\
rules:
  wire: [reuters, Reuters, ap]
  unused: '@wire kursk'
  spare: -(x y)
outputs:
  - {id: x, keep: ['@wire', AP, kursk]}
  - {id: y, keep: [reuters, '@wire']}
"""
    assert hinted(tmp_path, text) == [
        "rules.wire: Reuters adds nothing: reuters (line 2) matches whatever it does",
        "rules.unused: nothing uses @unused",
        "rules.spare: nothing uses @spare",
        "outputs[0].keep: AP adds nothing: ap (line 2) matches whatever it does",
    ]


def test_rules_of_thousands_of_parts_are_looked_at_in_bounded_time(tmp_path: Path) -> None:
    many = ", ".join(f"title:/w{n % 90}/ x{n} -y{n}" for n in range(90))
    words = ", ".join(f"w{n}" for n in range(4000))
    text = f"outputs: [{{id: x, keep: [{words}], drop: [{many}]}}, {{id: y, drop: [{words}, w1]}}]"
    assert hinted(tmp_path, text) == ["outputs[1].drop: w1 stands here twice: w1 (line 1)"]


# --- every hint is a proof

_WORDS = ("kursk", "near", "near kursk", "Kursk", "sumy")
_leaf = st.one_of(
    st.builds(
        lambda field, word: f'{field}"{word}"',
        st.sampled_from(["", "title:", "text:", "summary:", "tag:"]),
        st.sampled_from(_WORDS),
    ),
    st.builds(
        lambda field, sign, amount: f"{field}{sign}{amount}",
        st.sampled_from(["words", "seen_in"]),
        st.sampled_from([">", ">=", "<", "<=", "=", "!="]),
        st.integers(0, 4),
    ),
    st.builds(
        lambda sign, literal: f"date{sign}{literal}",
        st.sampled_from([">", ">=", "<", "<=", "=", "!="]),
        st.sampled_from(["2026-11-21", "2026-11-22", "2026-11-22T12:00Z", "2026-11-23"]),
    ),
    st.builds(lambda sign, days: f"age{sign}{days}d", st.sampled_from("<>"), st.integers(0, 2)),
    st.sampled_from(
        ["host:example.org", "host:a.example.org", "host:b.example.org", "lang:en", "lang:en-gb"]
    ),
    st.sampled_from(["lang:de", "has:author", "author:ada", "author:/a/", "title:/k/", "/k/"]),
)
_line = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' '.join(parts)})"),
        inner.map("-{}".format),
    ),
    max_leaves=6,
)
node = _line.map(lambda line: compile_rule(line).tree)
_text = st.lists(st.sampled_from(["kursk", "near", "sumy", "x"]), max_size=3).map(" ".join)


@st.composite
def subjects(draw: st.DrawFn) -> Article:
    host = draw(st.sampled_from(["example.org", "a.example.org", "b.example.org", "x.example"]))
    found = article(
        title=draw(_text),
        summary=draw(_text),
        content=draw(_text),
        categories=(draw(_text),),
        link=f"https://{host}/",
        language=draw(st.sampled_from(["en", "en-GB", "de", "fr"])),
        authors=draw(st.sampled_from([(), (Person("Ada"),), (Person("Bob"),)])),
    )
    return replace(
        found,
        info=replace(found.info, authors=()),
        words=draw(st.integers(0, 4)),
        sort_at=NOON + timedelta(hours=draw(st.integers(-60, 30))),
    )


def says(node: Node, subject: Article) -> bool:
    return bool(check_of(node).answer(View(subject, now=NOON)))


@given(one=node, other=node, subject=subjects())
def test_what_is_said_to_follow_or_to_be_excluded_does_and_is(
    one: Node, other: Node, subject: Article
) -> None:
    prover = Prover()
    if says(one, subject):
        assert says(other, subject) or not prover.implies(one, other)
        assert not (says(other, subject) and prover.excludes(one, other))
        wider = Shelf(alternatives(other), prover).wider(one)
        assert wider is None or says(wider, subject)


@given(rule=node, fact=node, subject=subjects())
def test_what_is_said_to_match_never_does_not(rule: Node, fact: Node, subject: Article) -> None:
    if says(rule, subject):
        assert why_never(rule, (), Prover()) is None
        assert not says(fact, subject) or why_never(rule, (fact,), Prover()) is None


# --- examples


def failed(folder: Path, text: str) -> list[str]:
    """Each failed example as "line where: what"."""
    remarks = failed_examples(settings(folder, text), now=NOON)
    return [
        f"{remark.place.line} {remark.where}: {remark.what}" for remark in remarks if remark.place
    ]


def test_examples_that_come_out_as_expected_are_not_mentioned(tmp_path: Path) -> None:
    text = """\
rules:
  wire: {any: [reuters, {author: ap}], expect: {keep: Reuters, drop: [AP, {title: x}]}}
sources:
  - {id: bbc, url: "https://bbc.example/", keep: source:bbc, expect: {keep: [x]}}
outputs:
  - id: x
    keep: '@wire words>=3 -age>1d'
    expect:
      keep:
        - {title: Reuters, words: 3}
        - {author: [Ada, AP], content: one two three, age: 20h}
      drop: [Reuters, {title: Reuters, words: 3, age: 2d}]
"""
    assert failed(tmp_path, text) == []


def test_an_example_that_comes_out_otherwise_says_by_which_rule(tmp_path: Path) -> None:
    text = """\
rules: {wire: {all: [reuters], expect: {drop: [Reuters says]}}}
sources:
  - id: bbc
    url: https://bbc.example/
    drop: [sponsored, giveaway]
    expect: {keep: [A giveaway], drop: [Anything]}
outputs:
  - id: x
    keep: '@wire'
    drop: title:/(a+)+$/
    expect:
      keep: [Kursk, {title: Reuters, words: 3}]
      drop: Reuters
"""
    kept = "should be dropped, and is kept:"
    dropped = "should be kept, and is dropped:"
    keeps = "keeps it, and nothing drops it"
    assert failed(tmp_path, text) == [
        f'1 rules.wire.expect.drop[0]: "Reuters says" {kept} reuters (line 1) {keeps}',
        f'6 sources[0].expect.keep[0]: "A giveaway" {dropped} giveaway (line 5) drops it',
        f'6 sources[0].expect.drop[0]: "Anything" {kept} no rule speaks of it',
        f'12 outputs[0].expect.keep[0]: "Kursk" {dropped} reuters (line 9) does not match it',
        f'13 outputs[0].expect.drop: "Reuters" {kept} reuters (line 9) {keeps}',
    ]


def test_a_pattern_that_ran_out_of_time_on_an_example_is_named(tmp_path: Path) -> None:
    title = "a" * 300 + "!"
    text = f"outputs: [{{id: x, drop: 'title:/(a+)+$/', expect: {{drop: '{title}'}}}}]"
    (remark,) = failed(tmp_path, text)
    assert remark.endswith("no rule speaks of it; out of time: title:/(a+)+$/")


@pytest.mark.parametrize(
    ("example", "rule"),
    [
        ("Kursk falls", "title:kursk"),
        ({"title": "x", "summary": "a & b <c>"}, 'summary:"a b c" summary:/<c>/'),
        ({"content": "one two"}, "content:two words:2"),
        ({"summary": "one two three"}, "words:3"),
        ({"tag": ["a b", "c"]}, 'tag:"a b" tag:c'),
        ({"author": "Ada"}, "author:ada has:author"),
        ({"link": "https://news.example.com/a"}, "host:example.com link:news"),
        ({"host": "example.com"}, "host:example.com"),
        ({"source": "bbc"}, "source:bbc"),
        ({"lang": "de-AT"}, "lang:de"),
        ({"words": "12"}, "words:12"),
        ({"seen_in": "3"}, "seen_in:3"),
        ({"age": "36h"}, "age>1d age<2d"),
        ({"age": "999999w"}, "age>90w"),
        ({"date": "2025-06-01"}, "date:2025-06-01"),
        ({"date": "2025-06-01T12:30Z"}, "date=2025-06-01T12:30Z"),
        ({"has": ["enclosure", "image", "author"]}, "has:enclosure has:image has:author"),
        ("x", "-has:enclosure -has:image -has:author age<1s words:0 seen_in:1"),
    ],
)
def test_an_example_is_an_article_with_what_it_says(example: object, rule: str) -> None:
    read = read_example(example, kept=True, place=None, where="")
    assert compile_rule(rule).matches(read.article(NOON), now=NOON)


@pytest.mark.parametrize(
    ("example", "what", "hint"),
    [
        ({"titel": "x"}, 'an example has no field "titel"', 'did you mean "title"?'),
        ({"text": "x"}, 'an example has no field "text"', "title"),
        ({}, "the example is empty", "write a title"),
        (None, "expected text as title", "a title"),
        ({"title": ["a", "b"]}, "title takes one value", ""),
        ({"words": "many"}, '"many" is no amount of words', "write words: 300"),
        ({"age": ">7d"}, '">7d" is no amount of age', "write age: 36h"),
        ({"seen_in": "0"}, "seen_in is from 1 to 1000", ""),
        ({"has": "video"}, 'has: knows no "video"', "enclosure, image, author"),
    ],
)
def test_an_example_that_cannot_be_read_is_a_mistake(example: object, what: str, hint: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_example(example, kept=True, place=None, where="")
    assert caught.value.message == what
    assert hint in caught.value.hint
