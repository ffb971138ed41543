"""Which articles an output carries: rules, verdicts and the selection. Pure.

    compile_rule(text or YAML) -> Rule        raises RuleError
    compile_named(definitions) -> rules       that use each other as @name
    verdict(article, rules...) -> Verdict     which names the rule that decided
    select(articles, judge...) -> articles

The language is described in docs/filters.md. The only importer of regex. What belongs to the
language is loaded when it is asked for: most runs have no rule to compile.
"""

from typing import TYPE_CHECKING

from aggregator.core.late import late

if TYPE_CHECKING:
    from aggregator.core.filter.decide import Selection, select, verdict, verdict_on
    from aggregator.core.filter.example import Example, read_example
    from aggregator.core.filter.fields import FIELDS
    from aggregator.core.filter.named import Definition, compile_named
    from aggregator.core.filter.problem import RuleError
    from aggregator.core.filter.rule import Match, Rule, compile_rule
    from aggregator.core.filter.view import View

__all__ = [
    "FIELDS",
    "Definition",
    "Example",
    "Match",
    "Rule",
    "RuleError",
    "Selection",
    "View",
    "compile_named",
    "compile_rule",
    "read_example",
    "select",
    "verdict",
    "verdict_on",
]

__getattr__ = late(
    __name__,
    {
        "decide": ("Selection", "select", "verdict", "verdict_on"),
        "example": ("Example", "read_example"),
        "fields": ("FIELDS",),
        "named": ("Definition", "compile_named"),
        "problem": ("RuleError",),
        "rule": ("Match", "Rule", "compile_rule"),
        "view": ("View",),
    },
)
