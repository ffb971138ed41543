"""How sources and rules stand, on a terminal: in a line or two, or in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click

from aggregator.explain import RuleCount
from aggregator.logs import escaped
from aggregator.standing import Standing, facts
from aggregator.standing.words import counted, distance, stamp

_COLOURS = {"failing": "red", "gone": "red", "parked": "yellow", "new": "cyan", "ok": "green"}
_LABELS = 16  # columns


def overview(told: Standing, *, now: datetime) -> Iterator[str]:
    """Yield a line about a source, and one for each thing that somebody should look at."""
    yield f"{_heading(told)}, {escaped('; '.join(_in_short(told, now=now)))}"
    for note in told.urgent:
        yield f"    {escaped(str(note))}"


def full_account(told: Standing, *, now: datetime) -> Iterator[str]:
    """Yield everything that is known of a source, a line each."""
    yield _heading(told) + (", never polled" if told.last_attempt_at is None else "")
    if told.title != told.source:
        yield _line("title", told.title)
    for fact in facts(told):
        if fact.at is None:
            yield _line(fact.label, fact.text or "never")
        else:
            moment = f"{stamp(fact.at)}, {distance(fact.at, now)}"
            yield _line(fact.label, f"{moment}: {fact.text}" if fact.text else moment)
    for note in told.notes:
        yield _line("attention" if note.urgent else "note", str(note))


def rule_account(count: RuleCount) -> Iterator[str]:
    """Yield a line about a rule, and one for what should be known of it."""
    hits = f"{count.week} in 7 days, {count.quarter} in 90 days"
    place = count.place or "?"
    yield f"{place}: {count.owner}, {count.key}: {hits}  {escaped(shortened(count.rule))}"
    if count.note:
        instead = count.shadowed_by
        by = f" by {shortened(instead.text)} at {instead.place or '?'}" if instead else ""
        yield f"    {escaped(count.note + by)}"


def shortened(rule: str, length: int = 80) -> str:
    """Return the text of a rule, cut where it fills more than a line."""
    return rule if len(rule) <= length else rule[: length - 1] + "…"


def _heading(told: Standing) -> str:
    return f"{told.source}: {click.style(told.state, fg=_COLOURS[told.state])}"


def _line(label: str, text: str) -> str:
    return f"  {label:{_LABELS}}{escaped(text)}"


def _in_short(told: Standing, *, now: datetime) -> Iterator[str]:
    if told.last_attempt_at is None:
        yield "never polled"
    elif told.last_error:
        yield _trouble(told, now=now)
    elif told.last_change_at is not None:
        yield f"last change {distance(told.last_change_at, now)}"
    if told.polling:
        yield "being polled now"
    elif told.next_poll_at is None:
        yield f"no more polls ({told.next_reason})"
    else:
        when = distance(max(told.next_poll_at, now), now)
        yield f"next poll {when}" + (f" ({told.next_reason})" if told.next_reason else "")


def _trouble(told: Standing, *, now: datetime) -> str:
    failures = counted(told.fail_count, "failure")
    if told.fail_count > 1:
        failures += " in a row"
    since = f" since {distance(told.failing_since, now)}" if told.failing_since else ""
    return f"{told.last_error} ({failures}{since})"
