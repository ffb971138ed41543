"""docs/filters.md tells the truth: every recipe does what is said below it."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

from aggregator.adapters.config import examine
from aggregator.core.errors import ConfigError
from aggregator.core.filter import FIELDS, RuleError, bounds, compile_rule, fields
from tests.adapters.configs import settings
from tests.core.articles import NOON

DOCS = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")


BLOCKS = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
RECIPES = re.findall(r"^(\d+)\. .+:\n\n```yaml\n", DOCS, re.MULTILINE)


def whole(block: str) -> str:
    """An example of the docs as a feeds.yaml: the keys of an output, or a file."""
    if "outputs:" not in block:
        block = f"outputs:\n  - id: x\n{indent(block, '    ')}"
    return f"contact: https://example.org/\n{block}"


def swapped(block: str) -> str:
    """With all that should be kept said to be dropped, and the other way round."""
    head, expect, said = block.partition("expect:")
    names = {"keep": "drop", "drop": "keep"}
    said = re.sub(r"\b(keep|drop)(?=:)", lambda found: names[found[1]], said)
    return head + expect + said


def examples_of(folder: Path, text: str) -> int:
    found = settings(folder, text)
    owners = [each.examples for each in found.named]
    owners += [output.rules.examples for output in found.outputs]
    return sum(map(len, owners))


@pytest.mark.parametrize("block", BLOCKS)
def test_every_recipe_keeps_and_drops_what_it_says_without_a_hint(
    tmp_path: Path, block: str
) -> None:
    (tmp_path / "feeds.yaml").write_text(whole(block), encoding="utf-8")
    found = examine(tmp_path / "feeds.yaml", environ={}, now=NOON)
    assert found.hints == ()
    kinds = {example.kept for output in found.settings.outputs for example in output.rules.examples}
    kinds |= {example.kept for each in found.settings.named for example in each.examples}
    assert kinds == {True, False}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.count("expect:") == 1])
def test_every_example_of_a_recipe_would_fail_if_it_said_the_opposite(
    tmp_path: Path, block: str
) -> None:
    text = whole(swapped(block))
    count = examples_of(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        examine(tmp_path / "feeds.yaml", environ={}, now=NOON)
    assert len(caught.value.problems) == count


def test_there_are_twenty_recipes() -> None:
    assert [str(number) for number in range(1, 21)] == RECIPES


def test_every_field_and_thing_is_documented() -> None:
    assert [field for field in FIELDS if f"`{field}" not in DOCS] == []
    assert [thing for thing in fields.THINGS if f"`{thing}`" not in DOCS] == []


def test_the_limits_are_the_documented_ones() -> None:
    said = DOCS[DOCS.index("## Limits") :]
    limits = (
        bounds.MAX_TEXT,
        bounds.MAX_TERMS,
        bounds.MAX_PATTERNS,
        bounds.MAX_PATTERN_TEXT,
        bounds.MAX_DEPTH,
        bounds.MAX_PATTERN_GROUPS,
        int(bounds.PATTERN_SECONDS * 1000),
    )
    assert [limit for limit in limits if f"{limit:,}" not in said] == []


def test_the_example_of_a_mistake_reads_as_documented() -> None:
    with pytest.raises(RuleError) as caught:
        compile_rule("titel:kursk")
    assert str(caught.value) in DOCS
