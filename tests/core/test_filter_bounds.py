"""Rules and articles from strangers cost a bounded amount of time and memory."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from time import perf_counter, process_time

import pytest

from aggregator.core.filter import Rule, RuleError, View, compile_rule
from aggregator.core.filter.bounds import MAX_DEPTH, MAX_TERMS, MAX_TIMEOUTS
from tests.core.articles import NOON, article

EVIL_TITLE = "a" * 5000 + "!"


def seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def view(title: str = EVIL_TITLE) -> View:
    return View(article(title=title), now=NOON)


# S22
@pytest.mark.parametrize("pattern", ["/(a+)+$/", "/(a|a)*$/", r"/(\w*)*\1$/", "/(?R)?a$/"])
def test_a_regular_expression_that_backtracks_for_ever_is_stopped(pattern: str) -> None:
    rule = compile_rule(f"title:{pattern}")
    subject = view()
    assert seconds(lambda: rule.first_match(subject)) < 1
    assert rule.first_match(subject) is None
    assert subject.timed_out == [f"title:{pattern}"]


# S22
@pytest.mark.parametrize("letters", [28, 300, 20_000])
def test_one_hostile_pattern_takes_no_more_than_sixty_milliseconds(letters: int) -> None:
    """Of processor time: that is what the limit counts, and a busy machine shares."""
    rule = compile_rule("/(a+)+$/")
    text = "a" * letters + "!"
    subject = View(article(title=text, summary=text, content=text, categories=(text,)), now=NOON)
    before = process_time()
    assert rule.first_match(subject) is None
    assert process_time() - before < 0.06
    assert subject.timed_out == (["/(a+)+$/"] if letters > 28 else [])


# S22
def test_many_hostile_patterns_cost_one_article_no_more_than_a_few_timeouts() -> None:
    rule = compile_rule([f"title:/(a+)+{letter}$/" for letter in "bcdefghijklmnopqrstuvwxyz"])
    subject = view()
    assert seconds(lambda: rule.first_match(subject)) < 2
    assert len(subject.timed_out) == 25
    assert MAX_TIMEOUTS < 25


def test_a_pattern_out_of_time_decides_nothing_not_even_when_negated() -> None:
    slow = "title:/(a+)+$/"
    assert not compile_rule(slow).matches(article(title=EVIL_TITLE), now=NOON)
    assert not compile_rule(f"-{slow}").matches(article(title=EVIL_TITLE), now=NOON)
    assert not compile_rule(f"short {slow}").matches(article(title=EVIL_TITLE), now=NOON)
    assert not compile_rule(f"-{slow} -nowhere").matches(article(title=EVIL_TITLE), now=NOON)


def test_what_is_certain_without_the_slow_pattern_still_counts() -> None:
    slow = "title:/(a+)+$/"
    assert compile_rule([slow, "short"]).matches(article(title=EVIL_TITLE), now=NOON)
    assert compile_rule(f"-({slow} nowhere)").matches(article(title=EVIL_TITLE), now=NOON)


# S22
@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(((a{1000}){1000}){1000}){1000}", "multiply to too many"),
        ("a{1,99999}", "multiply to too many"),
        ("a{ 300 }{, 300 }", "multiply to too many"),
        ("(?:" * 9 + "a" + ")+" * 9, "nested too deeply"),
        ("[(](?:" * 9 + "a" + ")+" * 9, "nested too deeply"),
        ("a" * 501, "has 501 characters"),
    ],
)
def test_a_regular_expression_that_would_eat_memory_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        compile_rule(f"/{pattern}/")


@pytest.mark.parametrize("pattern", [r"\(\(\(\(\(\(\(\(\(", "[(((((((((]", r"\d{4}-\d{2}-\d{2}"])
def test_harmless_patterns_are_not_mistaken_for_bombs(pattern: str) -> None:
    compile_rule(f"/{pattern}/")


# S22
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a" * 100_001, "has 100001 characters"),
        (["x" * 90_000, "y" * 90_000], "characters"),
        ([str(number) for number in range(MAX_TERMS + 1)], "the rule is too long"),
        (" ".join(str(number) for number in range(MAX_TERMS + 1)), "the rule is too long"),
        ([f"/{number}/" for number in range(101)], "too many regular expressions"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), "nested too deeply"),
        ("-" * 50_000 + "a", "nested too deeply"),
        ("(" * 50_000, "nested too deeply"),
    ],
)
def test_a_rule_has_a_largest_size(value: object, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        compile_rule(value)


# S24
def test_a_yaml_value_that_holds_itself_or_explodes_is_refused() -> None:
    loop: list[object] = ["a"]
    loop.append(loop)
    with pytest.raises(RuleError, match="nested too deeply"):
        compile_rule(loop)
    bomb: object = "a"
    for _ in range(30):
        bomb = [bomb] * 10
    with pytest.raises(RuleError, match="too long"):
        compile_rule(bomb)


def test_five_hundred_words_cost_about_what_one_costs() -> None:
    words = [f"word{number}" for number in range(500)]
    one, many = compile_rule(words[:1]), compile_rule(words)
    text = "<p>" + "The quick brown fox “jumps” over the lazy dog. " * 100 + "</p>"
    subjects = [article(title=f"Number {number}", content=text) for number in range(20)]

    def cost(rule: Rule) -> float:
        def run() -> None:
            for subject in subjects:
                rule.matches(subject, now=NOON)

        return min(seconds(run) for _ in range(5))

    assert cost(many) < 3 * cost(one)


def test_a_rule_survives_pickling_and_copying() -> None:
    rule = compile_rule(["kursk", "/a+/i", {"not": {"words": ">3"}}])
    for twin in (pickle.loads(pickle.dumps(rule)), copy.deepcopy(rule)):
        assert twin == rule
        assert hash(twin) == hash(rule)
        assert twin.matches(article(title="Kursk"), now=NOON)
