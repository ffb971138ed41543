"""A rule out of an address (`?q=`): the one-line spelling, from strangers, so within bounds. Pure.

Whoever asks pays nothing, so a rule may cost little memory, before it costs any time. A regular
expression of a few characters can take hundreds of megabytes when its repeats are counted or
nested; without counts, and with few groups, its size is that of its text.
"""

from __future__ import annotations

from typing import Final

from aggregator.core.filter.lexer import Token, tokens_of
from aggregator.core.filter.problem import RuleError
from aggregator.core.filter.rule import Rule, compile_rule

MAX_QUERY: Final = 1_000  # characters
MAX_QUERY_PATTERNS: Final = 2
MAX_QUERY_PATTERN: Final = 100  # characters
MAX_QUERY_GROUPS: Final = 4


def compile_query(text: str) -> Rule:
    """Compile a rule that anybody may have written; raises RuleError."""
    if len(text) > MAX_QUERY:
        raise RuleError(
            f"the rule has {len(text)} characters",
            hint=f"at most {MAX_QUERY} in an address",
            offset=MAX_QUERY,
        )
    patterns = 0
    for token in tokens_of(text):
        patterns += token.kind == "regex"
        _check(token, patterns)
    return compile_rule(text)


def _check(token: Token, patterns: int) -> None:
    if token.kind == "rule":
        raise RuleError(
            "named rules are not for addresses", hint="write out what it says", offset=token.offset
        )
    if token.kind != "regex":
        return
    hint = "in an address words and phrases serve better: title:(one OR two)"
    if patterns > MAX_QUERY_PATTERNS:
        raise RuleError("too many regular expressions", hint=hint, offset=token.offset)
    if len(token.text) > MAX_QUERY_PATTERN:
        raise RuleError("this regular expression is too long", hint=hint, offset=token.offset)
    if "{" in token.text or token.text.count("(") > MAX_QUERY_GROUPS:
        what = "this regular expression is too complicated"
        raise RuleError(what, hint=f"no {{…}} and few groups; {hint}", offset=token.offset)
