"""A rule, compiled once and asked of many articles. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.core.filter.bounds import MAX_TEXT
from aggregator.core.filter.match import Check, EitherCheck, check_of
from aggregator.core.filter.oneline import Notes
from aggregator.core.filter.problem import RuleError, did_you_mean
from aggregator.core.filter.progressive import Places, read_yaml
from aggregator.core.filter.spell import spell
from aggregator.core.filter.tree import Compare, Either, Node, leaves
from aggregator.core.filter.view import View
from aggregator.core.model import Article, Place


@dataclass(frozen=True, slots=True)
class Match:
    """What of a rule decided: one item of a list, or the whole rule."""

    text: str
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What `keep:` or `drop:` says. Made by compile_rule; equal when `text` is.

    `text` is the whole rule in one line, in one canonical spelling. `timed` rules depend on
    the clock (age): their answer changes although nothing else does. `names` are the named
    rules it uses itself; what they say is part of it. `repeats` are what it says twice: the
    repetition, and what stands before it.
    """

    text: str
    place: Place | None = field(default=None, compare=False)
    timed: bool = field(default=False, compare=False)
    alternatives: tuple[Match, ...] = field(default=(), compare=False, repr=False)
    check: Check = field(compare=False, repr=False)
    tree: Node = field(compare=False, repr=False)
    names: tuple[str, ...] = field(default=(), compare=False, repr=False)
    repeats: tuple[tuple[Node, Node], ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    @property
    def whole(self) -> Match:
        """All of it, as what decided."""
        return Match(self.text, self.place)

    def matches(self, article: Article, *, now: datetime) -> bool:
        """Does the rule speak of this article? Never raises."""
        return self.first_match(View(article, now=now)) is not None

    def first_match(self, view: View) -> Match | None:
        """The first alternative that matches, in the order written; None when none does.

        A regular expression that runs out of time is no match; `view.timed_out` names it.
        """
        if isinstance(self.check, EitherCheck):
            answer, position = self.check.decide(view)
            return self.alternatives[position] if answer else None
        return self.whole if self.check.answer(view) else None


def compile_rule(
    value: object, *, places: Places | None = None, named: Mapping[str, Rule] | None = None
) -> Rule:
    """Compile a rule in either spelling: a one-line text, or a list or mapping from YAML.

    `places` gives the place of the YAML node at a path within the value, or of a character in
    it; `named` is what @name stands for. Raises RuleError, whose `all` holds every mistake.
    """
    notes = Notes()
    rules = named or {}

    def lookup(name: str) -> Node:
        if name not in rules:
            raise unknown_name(name, tuple(rules))
        return rules[name].tree

    node = read_yaml(value, places=places, notes=notes, named=lookup)
    place = places(()) if places else None
    for name in notes.names[:1]:
        if node is rules[name].tree:  # nothing but the name: hundreds may share a long list
            return replace(rules[name], place=place, names=(name,), repeats=())
    return rule_of(node, notes=notes, place=place)


def unknown_name(name: str, known: tuple[str, ...]) -> RuleError:
    """The mistake of using a named rule that there is not."""
    hint = did_you_mean(name, known) if known else "no rule has a name: write them under rules:"
    return RuleError(f'no rule "@{name}"', hint=f"{hint}; to search for the text, quote it")


def rule_of(node: Node, *, notes: Notes, place: Place | None) -> Rule:
    """A tree, ready to be asked; raises RuleError when it is too long."""
    text = spell(node)
    if len(text) > MAX_TEXT:
        raise RuleError(f"the rule has {len(text)} characters", hint=f"at most {MAX_TEXT}")
    return Rule(
        text=text,
        place=place,
        timed=any(isinstance(leaf, Compare) and leaf.field == "age" for leaf in leaves(node)),
        alternatives=_alternatives(node),
        check=check_of(node),
        tree=node,
        names=tuple(dict.fromkeys(notes.names)),
        repeats=tuple(notes.repeats),
    )


def _alternatives(node: Node) -> tuple[Match, ...]:
    if not isinstance(node, Either):
        return ()
    return tuple(Match(spell(child), child.place) for child in node.children)
