"""The forty rules of tests/data/rules.yaml, compiled from both spellings."""

from __future__ import annotations

from aggregator.adapters.config.problems import Problems
from aggregator.adapters.config.tree import Items, Keys, compose, find, texts
from aggregator.core.filter import Definition, Rule, compile_named, compile_rule
from tests.conftest import PROJECT

_FILE = PROJECT / "tests" / "data" / "rules.yaml"


def rule_pairs() -> tuple[tuple[Rule, Rule], ...]:
    """Each rule as compiled from its line, and from its YAML."""
    text = _FILE.read_text(encoding="utf-8")
    tree = compose(text, Problems(str(_FILE), text))
    definitions = find(tree, ("named",))
    pairs = find(tree, ("rules",))
    assert isinstance(definitions, Keys)
    assert isinstance(pairs, Items)
    named, mistakes = compile_named(
        {key.text: Definition(texts(node)) for key, node in definitions.pairs}
    )
    assert not mistakes
    return tuple(
        (
            compile_rule(texts(find(pair, ("line",))), named=named),
            compile_rule(texts(find(pair, ("yaml",))), named=named),
        )
        for pair in pairs.nodes
    )
