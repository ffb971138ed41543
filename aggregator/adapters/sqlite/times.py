"""`updated` of a story: an edit by a publisher moves it, another copy does not (RFC 4287 §4.2.15).

Another source's copy, though it may be the better one and is shown from now on, tells the same
story: readers who have seen it are not told again. And whatever is shown after what, the time of an
id never goes back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from aggregator.adapters.sqlite.codec import many, to_moment
from aggregator.core.judge import Decision
from aggregator.core.known import OwnCopy

_LATEST = """
SELECT e.slug_hash, max(e.updated) FROM json_each(?) AS wanted
CROSS JOIN entries AS e ON e.slug_hash = wanted.value WHERE e.held = 0 GROUP BY e.slug_hash
"""


def with_steady_times(
    connection: sqlite3.Connection,
    decisions: Iterable[Decision],
    own: Mapping[int, OwnCopy],
    now: Callable[[int], int],
) -> list[Decision]:
    """Return the decisions; `updated` of those that touch a stored story goes by its history.

    A copy of another source takes the story's time, an edit at least that. The source's own
    new guid (`own`) takes no earlier time than its last one. `now` says what an article has
    become.
    """
    decisions = list(decisions)
    touched = {now(each.slug_hash) for each in decisions if not each.mint}
    if not touched:
        return decisions
    latest = {
        slug_hash: to_moment(updated)
        for slug_hash, updated in connection.execute(_LATEST, (many(touched),))
    }
    return [
        replace(each, updated=_time(each, latest.get(now(each.slug_hash)), own))
        for each in decisions
    ]


def _time(decision: Decision, latest: datetime | None, own: Mapping[int, OwnCopy]) -> datetime:
    if decision.churned and decision.slug_hash in own:
        return max(decision.updated, own[decision.slug_hash].updated)
    if decision.mint or decision.churned or latest is None:
        return decision.updated
    if decision.action == "new":
        return latest
    return max(decision.updated, latest)
