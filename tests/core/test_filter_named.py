"""Rules with names: what stands under a name stands wherever it is called."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.filter import Definition, Rule, RuleError, compile_named, compile_rule
from aggregator.core.filter.bounds import MAX_DEPTH, MAX_TERMS
from aggregator.core.model import Place
from tests.core.articles import NOON, article
from tests.core.test_filter_properties import Spelled, spelled, story


def named(**values: object) -> Mapping[str, Rule]:
    rules, mistakes = compile_named({name: Definition(value) for name, value in values.items()})
    assert not mistakes
    return rules


def mistakes(**values: object) -> list[tuple[str, str, str]]:
    """(rule, what, hint) of everything that is wrong."""
    _, found = compile_named({name: Definition(value) for name, value in values.items()})
    return [(name, each.message, each.hint) for name, error in found for each in error.all]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("@wire", "reuters OR title:ap"),
        (["@wire"], "reuters OR title:ap"),
        (["@wire", "kursk"], "reuters OR title:ap OR kursk"),
        ("kursk @wire", "kursk (reuters OR title:ap)"),
        ("-@wire", "-(reuters OR title:ap)"),
        ({"not": "@wire", "tag": "x"}, "-(reuters OR title:ap) tag:x"),
        ({"any": ["@wire", {"title": "x"}]}, "reuters OR title:ap OR title:x"),
        ({"all": ["@wire", "@long"]}, "(reuters OR title:ap) words>300 -author:bot"),
        ("(@long OR x)@wire", "(words>300 -author:bot OR x) (reuters OR title:ap)"),
    ],
)
def test_a_name_stands_for_its_rule_in_both_spellings(value: object, text: str) -> None:
    rules = named(wire=["reuters", {"title": "ap"}], long="words>300 -author:bot")
    rule = compile_rule(value, named=rules)
    assert rule.text == text
    assert compile_rule(rule.text) == rule


def test_named_rules_use_each_other_whatever_their_order() -> None:
    values = {"a": "@b x", "b": ["@c", "@d"], "c": "c", "d": "-@c d"}
    texts = {
        tuple(sorted((name, rule.text) for name, rule in named(**dict(order)).items()))
        for order in permutations(values.items())
    }
    assert len(texts) == 1
    assert ("a", "(c OR -c d) x") in texts.pop()


def test_a_rule_knows_the_names_it_uses_itself() -> None:
    rules = named(a="@b x", b="y")
    assert rules["a"].names == ("b",)
    assert compile_rule("@a z -@a", named=rules).names == ("a",)


@given(rule=spelled, subject=story)
def test_calling_a_rule_is_writing_it_in_parentheses(rule: Spelled, subject: object) -> None:
    rules = named(one=rule.yaml)
    for before in ("", "-", "kursk ", "near OR "):
        called = compile_rule(f"{before}@one", named=rules)
        assert called == compile_rule(f"{before}({rule.line})")
        assert called.matches(subject, now=NOON) == compile_rule(called.text).matches(  # type: ignore[arg-type]
            subject,  # type: ignore[arg-type]
            now=NOON,
        )


def test_a_verdict_names_the_item_inside_the_named_rule() -> None:
    def places(path: tuple[str | int, ...], offset: int | None = None, /) -> Place:
        return Place("feeds.yaml", 1 + sum(step for step in path if isinstance(step, int)), 1)

    rules, _ = compile_named({"wire": Definition(["reuters", "ap"], places)})
    rule = compile_rule(["kursk", "@wire"], named=rules)
    assert [match.text for match in rule.alternatives] == ["kursk", "reuters", "ap"]
    assert rule.alternatives[2].place == Place("feeds.yaml", 2, 1)
    assert rule.matches(article(title="AP"), now=NOON)


@pytest.mark.parametrize(
    ("value", "what", "hint"),
    [
        ("@wir", 'no rule "@wir"', 'did you mean "wire"?'),
        ("@zzz", 'no rule "@zzz"', "known are wire"),
        ("title:@wire", "@wire stands inside title:", "has its own fields"),
        ({"title": ["x", "@wire"]}, "@wire stands inside title:", "has its own fields"),
        ("title:(a @wire)", "@wire stands inside title:", "has its own fields"),
        ("@", '"@" is no name of a rule', "quote it"),
        ("@Wire", '"@Wire" is no name of a rule', "a-z"),
        ("@wire! x", '"@wire!" is no name of a rule', "a-z"),
    ],
)
def test_a_name_that_means_nothing_is_a_mistake(value: object, what: str, hint: str) -> None:
    with pytest.raises(RuleError) as caught:
        compile_rule(value, named=named(wire="reuters"))
    assert caught.value.message == what
    assert hint in caught.value.hint


def test_where_nothing_has_a_name_the_hint_says_where_names_are_made() -> None:
    with pytest.raises(RuleError, match="write them under rules:"):
        compile_rule("a @b")


def test_the_place_of_a_mistaken_name_is_that_of_the_at_sign() -> None:
    with pytest.raises(RuleError) as caught:
        compile_rule({"any": ["x", "y -@wir"]}, named=named(wire="z"))
    assert (caught.value.path, caught.value.offset) == (("any", 1), 3)


def test_a_quoted_at_sign_and_one_inside_a_word_are_text() -> None:
    assert compile_rule('"@wire" ada@example.org').text == '"@wire" ada@example.org'


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": "@a"}, [("a", "@a needs itself", "@a → @a")]),
        ({"a": ["x", "y -@a"]}, [("a", "@a needs itself", "@a → @a")]),
        ({"a": "@b", "b": "@c", "c": "@a"}, [("c", "@a needs itself", "@a → @b → @c → @a")]),
        ({"x": "@a", "a": "@b", "b": "@a"}, [("b", "@a needs itself", "@a → @b → @a")]),
    ],
)
def test_a_rule_that_needs_itself_is_told_once_with_the_way_round(
    values: dict[str, object], expected: list[tuple[str, str, str]]
) -> None:
    assert mistakes(**values) == expected


def test_a_mistake_in_a_named_rule_is_told_where_it_is_and_not_where_it_is_used() -> None:
    assert mistakes(a="titel:x", b="@a y", c=["@b", "(x"]) == [
        ("a", 'no field "titel"', 'did you mean "title"?; to search for the text, quote it'),
        ("c", "this parenthesis is never closed", ""),
    ]


def test_a_long_chain_of_names_is_a_mistake_whichever_end_comes_first() -> None:
    chain = {f"r{number}": f"-(x @r{number + 1})" for number in range(200)} | {"r200": "y"}
    for order in (chain, dict(reversed(chain.items()))):
        found = mistakes(**order)
        assert any(f"at most {MAX_DEPTH} levels" in hint for _, _, hint in found)
        assert all("nested" in what for _, what, _ in found)


# S24
def test_names_that_multiply_each_other_are_stopped() -> None:
    doubled = {
        f"r{number}": f"(@r{number - 1} a{number}) OR (@r{number - 1} b{number})"
        for number in range(1, 40)
    } | {"r0": "x"}
    assert {(what, hint) for _, what, hint in mistakes(**doubled)} >= {
        ("the rule is too long", f"at most {MAX_TERMS} terms")
    }


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=1, max_size=8))
def test_any_graph_of_names_compiles_or_names_a_circle(graph: list[list[int]]) -> None:
    values = {
        f"r{number}": ["x", *(f"@r{used}" for used in needs)] for number, needs in enumerate(graph)
    }
    rules, found = compile_named({name: Definition(value) for name, value in values.items()})
    assert list(rules) == list(values)
    said = [each.message for _, error in found for each in error.all]
    assert all("needs itself" in what or "no rule" in what for what in said)
    known = range(len(graph))
    sound = all(used in known for needs in graph for used in needs)
    assert bool(found) == (not sound or _has_circle(graph))


def _has_circle(graph: list[list[int]]) -> bool:
    left = {number: set(needs) & set(range(len(graph))) for number, needs in enumerate(graph)}
    while free := [number for number, needs in left.items() if not needs & left.keys()]:
        for number in free:
            del left[number]
    return bool(left)
