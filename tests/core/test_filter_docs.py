"""docs/filters.md tells the truth: every recipe does what is said below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from aggregator.core.filter import FIELDS, RuleError, bounds, compile_rule, fields
from aggregator.core.model import Article, Enclosure, Person, Sighting
from tests.core.articles import NOON, article

DOCS = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")


def recipes() -> Iterator[tuple[str, str]]:
    """Each YAML block as (its rule, one line of what it matches or not)."""
    for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL):
        rule = "".join(line for line in block.splitlines(True) if not line.startswith("# "))
        for line in block.splitlines():
            if line.startswith("# "):
                yield rule, line.removeprefix("# ")


def described(text: str) -> Article:
    """The article that a line such as {title: x, words: 3} describes."""
    said = yaml.load(text, Loader=yaml.BaseLoader)
    subject = article(
        title=said.get("title", ""),
        summary=said.get("summary", ""),
        content=said.get("content", ""),
        link=said.get("link", ""),
        language=said.get("lang", ""),
        categories=tuple(said.get("tags", ())),
        authors=(Person(said.get("author", "Ada")),),
        enclosures=tuple(
            Enclosure(href="https://example.org/1", type=said[key])
            for key in said
            if key == "enclosure"
        ),
    )
    date = said.get("date")
    others = range(1, int(said.get("seen_in", "1")))
    return replace(
        subject,
        words=int(said.get("words", "0")),
        sort_at=datetime.fromisoformat(date).replace(tzinfo=UTC) if date else NOON,
        sightings=tuple(Sighting(source=f"s{number}", title="", link="") for number in others),
    )


@pytest.mark.parametrize(("block", "claim"), list(recipes()))
def test_every_recipe_does_what_it_says(block: str, claim: str) -> None:
    ((_, value),) = yaml.load(block, Loader=yaml.BaseLoader).items()
    verb, _, subject = claim.partition(" ")
    assert verb in ("matches", "not")
    assert compile_rule(value).matches(described(subject), now=NOON) == (verb == "matches")


def test_every_recipe_is_run() -> None:
    assert len({rule for rule, _ in recipes()}) == DOCS.count("```yaml") == 11


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
