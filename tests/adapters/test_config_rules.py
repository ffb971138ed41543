"""Rules in feeds.yaml: names, examples, and the very character where something stands."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aggregator.adapters.config import examine
from aggregator.adapters.config.spots import aligned
from aggregator.core.errors import ConfigError, Problem
from aggregator.core.filter import Rule, View
from aggregator.core.settings import Rules
from tests.adapters.configs import error, problem, problems, settings
from tests.core.articles import NOON, article

NAMED = """\
rules:
  wire: [reuters, '"associated press"']
  long: words>300
outputs:
  - {id: x, keep: RULE}
"""


def rules_of(folder: Path, text: str) -> Rules:
    """The rules of the only output."""
    (output,) = settings(folder, text).outputs
    return output.rules


def kept(folder: Path, rule: str) -> Rule:
    found = rules_of(folder, NAMED.replace("RULE", rule)).keep
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("[@wire]", 'reuters OR "associated press"'),
        ("@wire", 'reuters OR "associated press"'),
        ("'@wire'", 'reuters OR "associated press"'),
        ('"@wire @long"', '(reuters OR "associated press") words>300'),
        ("@wire -@long", '(reuters OR "associated press") -words>300'),
        ("{any: [@wire, kursk], not: @long}", '(reuters OR "associated press" OR kursk)'),
    ],
)
def test_rules_are_called_by_name_with_or_without_quotes(
    tmp_path: Path, rule: str, text: str
) -> None:
    assert kept(tmp_path, rule).text.startswith(text)


def test_rules_may_stand_below_the_outputs_that_use_them(tmp_path: Path) -> None:
    found = rules_of(tmp_path, "outputs: [{id: x, drop: @ads}]\nrules: {ads: [advert, promo]}\n")
    assert str(found.drop) == "advert OR promo"


def test_an_at_sign_means_nothing_special_elsewhere(tmp_path: Path) -> None:
    found = settings(tmp_path, "title: @home\ncontact: '@me@example.org'\nuser_agent: a@b # @c\n")
    assert (found.title, found.contact, found.user_agent) == ("@home", "@me@example.org", "a@b")
    assert settings(tmp_path, "title: '\ue000@\ue001'").title == "\ue000@\ue001"


def test_settings_know_the_named_rules_in_order(tmp_path: Path) -> None:
    found = settings(tmp_path, "rules: {b: x, a: '@b y'}").named
    assert [(each.name, each.rule.text) for each in found] == [("b", "x"), ("a", "x y")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "rules: {wire: x}\noutputs:\n  - {id: x, keep: [kursk, @wier]}",
            '3:27: outputs[0].keep[1]: no rule "@wier" (did you mean "wire"?',
        ),
        (
            "rules:\n  a: x @b\n  b: '@c OR y'\n  c: -@a\n",
            "4:7: rules.c: @a needs itself (@a → @b → @c → @a)",
        ),
        ("rules: {a: '@a'}", "1:13: rules.a: @a needs itself (@a → @a)"),
        ("rules: {a: [x, 'titel:y']}", '1:17: rules.a[1]: no field "titel"'),
        ("rules: [a, b]", "1:8: rules: expected keys, found a list (write rules: {name: rule})"),
        ("rules: {A B: x}", '1:9: rules: "A B" is not an id'),
        ("rules: {@a: x}", '1:9: rules: the name is written without @ here: "@a" (write a: …)'),
        ("rules: {a: ~}", "1:12: rules.a: the rule is empty"),
        (
            "rules: {a: {expect: {keep: x}}}",
            "1:12: rules.a: the mapping is empty (leave the key out to have no rule)",
        ),
    ],
)
def test_a_mistake_with_names_is_told_at_its_character(
    tmp_path: Path, text: str, said: str
) -> None:
    found = str(problem(tmp_path, text))
    assert f"feeds.yaml:{said}" in found
    line, column = (int(part) for part in said.split(":")[:2])
    *_, excerpt, caret = found.splitlines()
    assert excerpt.strip() == text.splitlines()[line - 1].strip()
    assert caret.index("^") - 4 == column - 1


@pytest.mark.parametrize(
    ("spelled", "line", "column"),
    [
        ("kursk titel:x", 3, 17),
        ("'kursk titel:x'", 3, 18),
        ('"kursk titel:x"', 3, 18),
        ("'it''s titel:x'", 3, 18),
        ('"k\\u0075rsk \\"a\\" titel:x"', 3, 29),
        ('"a\\\n      b titel:x"', 4, 9),
        ("kursk\n      sumy titel:x", 4, 12),
        (">-\n      kursk OR\n      sumy titel:x", 5, 12),
        (">\n      kursk OR\n\n        sumy\n      titel:x", 7, 7),
        ("|\n      kursk OR\n      sumy titel:x\n", 5, 12),
        (">2-\n      kursk titel:x", 4, 13),
        ("&rule kursk titel:x", 3, 23),
        ("!!str kursk titel:x", 3, 23),
        ("'kursk\n\n      titel:x'", 5, 7),
    ],
)
def test_a_mistake_is_found_in_every_style_of_scalar(
    tmp_path: Path, spelled: str, line: int, column: int
) -> None:
    text = f"outputs:\n  - id: x\n    keep: {spelled}\n"
    found = problem(tmp_path, text)
    assert 'no field "titel"' in found.what
    assert (found.line, found.column) == (line, column)


def test_a_mistake_in_an_alias_is_told_where_the_alias_stands(tmp_path: Path) -> None:
    text = "outputs:\n  - {id: x, keep: &bad 'a titel:x'}\n  - {id: y, keep: *bad}\n"
    assert [(each.line, each.column) for each in problems(tmp_path, text)] == [(2, 27), (3, 19)]


_VALUE = st.text(alphabet="ab '\"\\:#\n\t é🚀", max_size=30)


@given(value=_VALUE, style=st.sampled_from(["'", '"', "|", ">", None]), width=st.integers(10, 40))
def test_every_visible_character_is_found_in_what_yaml_makes_of_a_text(
    value: str, style: str | None, width: int
) -> None:
    raw = yaml.dump(value, default_style=style, width=width, allow_unicode=True)
    raw = raw.removesuffix("...\n").rstrip("\n") + "\n"
    if yaml.safe_load(raw) != value:
        return
    offsets = aligned(raw, value)
    for character, offset in zip(value, offsets, strict=False):
        if not character.isspace() and raw[offset] != "\\":
            assert raw[offset] == character
    assert len(offsets) in (0, len(value) + 1)
    assert offsets or not value or style in ("|", ">")


def test_the_rule_that_decided_is_named_with_its_line_in_a_long_text(tmp_path: Path) -> None:
    text = "outputs:\n  - id: x\n    drop: >-\n      kursk OR\n      sumy OR\n      (a b)\n"
    drop = rules_of(tmp_path, text).drop
    assert drop is not None
    found = drop.first_match(View(article(title="Sumy"), now=NOON))
    assert found is not None
    assert found.place is not None
    assert (found.place.line, found.place.column) == (5, 7)


# --- expect


def examined(folder: Path, text: str) -> tuple[Problem, ...]:
    """What `check` finds wrong."""
    settings(folder, text)  # no start is stopped by it
    with pytest.raises(ConfigError) as caught:
        examine(folder / "feeds.yaml", environ={}, now=NOON)
    return caught.value.problems


def test_an_example_that_comes_out_otherwise_is_told_with_line_and_caret(tmp_path: Path) -> None:
    text = """\
outputs:
  - id: x
    drop: [sponsored, giveaway]
    expect:
      keep: [Kursk falls, "Sponsored: x"]
      drop:
        - A giveaway
        - title: Ten deals
          author: Ada
"""
    first, second = map(str, examined(tmp_path, text))
    assert first.endswith(
        'feeds.yaml:5:27: outputs[0].expect.keep[1]: "Sponsored: x" should be kept, and is '
        "dropped: sponsored (line 3) drops it\n"
        '          keep: [Kursk falls, "Sponsored: x"]\n'
        "                              ^"
    )
    assert "feeds.yaml:8:11: outputs[0].expect.drop[1]: title: Ten deals, author: Ada" in second


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("[a]", "1:36: outputs[0].expect: expected keys, found a list"),
        ("{kep: a}", '1:37: outputs[0].expect.kep: unknown key "kep" (did you mean "keep"?)'),
        ("{keep: [{titel: a}]}", "1:52: outputs[0].expect.keep[0].titel: an example has no field"),
        ("{drop: [[a, b]]}", "1:44: outputs[0].expect.drop[0].title: title takes one value"),
        ("{drop: {words: x}}", '1:51: outputs[0].expect.drop.words: "x" is no amount of words'),
        ("{drop: [~]}", "1:44: outputs[0].expect.drop[0].title: expected text as title"),
    ],
)
def test_an_example_that_cannot_be_read_stops_the_start(
    tmp_path: Path, expect: str, said: str
) -> None:
    found = str(error(tmp_path, f"outputs: [{{id: x, keep: a, expect: {expect}}}]"))
    assert f"feeds.yaml:{said}" in found


def test_a_rule_has_no_more_than_a_thousand_examples_of_a_kind(tmp_path: Path) -> None:
    many = ", ".join(f"a{number}" for number in range(1001))
    found = problem(tmp_path, f"outputs: [{{id: x, keep: a, expect: {{keep: [{many}]}}}}]")
    assert found.what == "more than 1000 examples"


def test_a_kind_of_examples_without_any_is_left_out(tmp_path: Path) -> None:
    assert rules_of(tmp_path, "outputs: [{id: x, keep: a, expect: {keep: ~}}]").examples == ()


def test_a_name_beside_what_cannot_be_cut_into_words_is_told_with_it(tmp_path: Path) -> None:
    found = problem(tmp_path, "rules: {a: 'x', b: '@a “c”'}")
    assert found.what == "“ is not a quote here"


def test_examples_without_rules_are_tried_too(tmp_path: Path) -> None:
    (found,) = examined(tmp_path, "outputs: [{id: x, expect: {drop: a}}]")
    assert "no rule speaks of it" in found.what


def test_hints_come_with_caret_and_are_no_mistakes(tmp_path: Path) -> None:
    text = "contact: x\noutputs:\n  - id: x\n    drop: [kursk, 'sumy OR Kursk']\n"
    (tmp_path / "feeds.yaml").write_text(text, encoding="utf-8")
    found = examine(tmp_path / "feeds.yaml", environ={}, now=NOON + timedelta(days=1))
    assert found.settings == settings(tmp_path, text)
    (hint,) = map(str, found.hints)
    assert hint.endswith(
        "feeds.yaml:4:28: outputs[0].drop: Kursk adds nothing: kursk (line 4) matches whatever "
        "it does\n        drop: [kursk, 'sumy OR Kursk']\n" + " " * 31 + "^"
    )


def test_rules_and_examples_are_no_secrets_in_excerpts(tmp_path: Path) -> None:
    text = "rules: {a: 'titel:x'}\noutputs: [{id: x, expect: {keep: {titel: y}}}]"
    assert ["titel" in each.excerpt for each in problems(tmp_path, text)] == [True, True]


def test_the_schema_knows_names_and_examples() -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "feeds.schema.json").read_text())
    assert "propertyNames" in json.dumps(schema["properties"]["rules"])
    assert "expect" in json.dumps(schema["$defs"]["OutputShape"])
