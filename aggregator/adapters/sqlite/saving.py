"""One poll in one transaction: read what is known, let the judge decide, write what is new."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from aggregator.adapters.sqlite import aliases, ledger, memories, renaming, states, waiting, wording
from aggregator.adapters.sqlite.codec import (
    entry_to_json,
    legal,
    sketch_to_blob,
    to_optional_seconds,
    to_seconds,
)
from aggregator.adapters.sqlite.keys import write_keys
from aggregator.adapters.sqlite.knowing import Knowledge, knowledge
from aggregator.adapters.sqlite.naming import with_free_names
from aggregator.adapters.sqlite.times import with_steady_times
from aggregator.core import judge
from aggregator.core.judge import Decision
from aggregator.core.model import Novelty, Reading
from aggregator.core.outcome import Outcome, Saved
from aggregator.core.witness import witness

_INSERT_ENTRY = """
INSERT INTO entries (entry_key, source, guid, slug_hash, link, title, rule, evidence, first_seen,
    published, publisher_updated, updated, content_hash, changes, words, sketch, held, headline,
    home, matched, sort_at)
VALUES (:entry_key, :source, :guid, :slug_hash, :link, :title, :rule, :evidence, :first_seen,
    :published, :publisher_updated, :updated, :content_hash, :changes, :words, :sketch, :held,
    :headline, :home, :matched, (SELECT sort_at FROM articles WHERE slug_hash = :slug_hash))
"""
# What an edit may change. Where the entry belongs and where it is sorted stays.
_UPDATE_ENTRY = """
UPDATE entries SET link = :link, title = :title, published = :published,
    publisher_updated = :publisher_updated, updated = :updated, content_hash = :content_hash,
    changes = :changes, words = :words, sketch = :sketch, headline = :headline
WHERE entry_key = :entry_key
"""
_INSERT_BODY = "INSERT INTO bodies (entry_key, body) VALUES (:entry_key, :body)"
# What retention has dropped stays dropped, whatever its publisher still does to it.
_UPDATE_BODY = "UPDATE bodies SET body = :body WHERE entry_key = :entry_key"
_INSERT_BODY_OF_ALIAS = """
INSERT INTO bodies (entry_key, body) SELECT :entry_key, :body
FROM entries AS own WHERE own.entry_key = :entry_key AND EXISTS (
    SELECT 1 FROM entries AS e CROSS JOIN bodies AS b ON b.entry_key = e.entry_key
    WHERE e.slug_hash = own.slug_hash)
"""
_INSERT_ARTICLE = """
INSERT INTO articles (slug_hash, slug, atom_id, headline, sort_at, first_seen)
VALUES (:slug_hash, :slug, :atom_id, :headline, :sort_at, :first_seen)
"""


def save_alone(connection: sqlite3.Connection, outcome: Outcome) -> Saved:
    """Save a poll that may touch anything; its lease is checked."""
    novelty = Novelty()
    if outcome.reading is not None:
        novelty = _save_reading(connection, outcome, outcome.reading)
    state = states.settled(outcome, novelty, queued=_let_out(connection, outcome, novelty))
    states.write_all(connection, [(outcome.state, state)])
    return Saved(state, novelty)


def _let_out(connection: sqlite3.Connection, outcome: Outcome, novelty: Novelty) -> int:
    """Fill what the new entries left of the capacity from the queue; return what still waits."""
    if not outcome.state.queued and not novelty.held:
        return 0
    shown = novelty.new - novelty.churned - novelty.held
    source, room = outcome.state.source, outcome.capacity - shown
    if room > 0 and (let_out := waiting.let_out(connection, source, room=room)):
        ledger.mark_changed(connection, let_out)
    return waiting.count(connection, source)


def _save_reading(connection: sqlite3.Connection, outcome: Outcome, reading: Reading) -> Novelty:
    if outcome.state.last_success_at is None:
        renaming.take_over(connection, reading, source=outcome.state.source)
    # The id of the state, as everywhere: a Source is only what the judge wants to know of it.
    found = knowledge(
        connection,
        reading,
        source=outcome.state.source,
        window=outcome.source.dedupe.window,
        now=outcome.now,
    )
    decisions = judge.resolve(
        found.reading,
        source=outcome.source,
        known=found.known,
        now=outcome.now,
        capacity=outcome.capacity,
        first=outcome.state.last_success_at is None,
    )
    touched = [decision for decision in decisions if decision.action != "unchanged"]
    if touched:
        touched = with_free_names(connection, found.reading, touched)
        touched = with_steady_times(connection, touched, found.known.own, found.now)
        _write(connection, found, touched, source=outcome.state.source)
        _drop_old_aliases(connection, outcome, found, touched)
        ledger.mark_changed(connection, {found.now(each.slug_hash) for each in touched})
    memories.keep(connection, outcome.state.source, found.reading.memory)
    return judge.novelty(decisions, seen=len(found.reading.seen))


def _drop_old_aliases(
    connection: sqlite3.Connection,
    outcome: Outcome,
    found: Knowledge,
    decisions: Iterable[Decision],
) -> None:
    churned = {found.now(decision.slug_hash) for decision in decisions if decision.churned}
    if churned:
        aliases.drop_old(
            connection,
            churned,
            present=_entry_keys(found.reading),
            source=outcome.state.source,
            pool=outcome.source.dedupe.pool,
        )


def _entry_keys(reading: Reading) -> list[int]:
    read = (identity.entry_key for identity in reading.identities)
    return [*read, *(seen.entry_key for seen in reading.seen)]


def _write(
    connection: sqlite3.Connection, found: Knowledge, decisions: Sequence[Decision], *, source: str
) -> None:
    """Write articles first: their entries and keys take the time they are sorted by.

    Keys go to the article that was decided on, entries to the one that this is now.
    """
    reading = found.reading
    matched = _matched(found, decisions, source=source)

    def row(decision: Decision) -> dict[str, object]:
        present = found.now(decision.slug_hash)
        moved = None if present == decision.slug_hash else decision.slug_hash
        placed = {"slug_hash": present, "home": moved, "matched": matched.get(decision.index)}
        return _entry_row(reading, decision, source) | placed

    minted = [decision for decision in decisions if decision.mint]
    connection.executemany(_INSERT_ARTICLE, (_article_row(reading, each) for each in minted))
    new = [decision for decision in decisions if decision.action == "new"]
    connection.executemany(_INSERT_ENTRY, map(row, new))
    edited = [decision for decision in decisions if decision.action == "updated"]
    connection.executemany(_UPDATE_ENTRY, map(row, edited))
    _write_bodies(connection, reading, new)
    connection.executemany(_UPDATE_BODY, (_body_row(reading, each) for each in edited))
    write_keys(connection, [(key, each.slug_hash) for each in decisions for key in each.keys])
    wording.add(connection, _new_titles(found, decisions))


def _new_titles(found: Knowledge, decisions: Iterable[Decision]) -> Iterator[tuple[int, str]]:
    """Slug hash and title of each entry that words its headline as the store does not know it."""
    known = found.known.entries
    stories = {
        candidate.slug_hash: {member.headline for member in candidate.members}
        for shared in found.known.candidates.values()
        for candidate in shared
    }
    for each in decisions:
        identity = found.reading.identities[each.index]
        before = known.get(identity.entry_key)
        told = stories.get(each.slug_hash, ()) if before is None else (before.headline,)
        if identity.headline not in told:
            yield each.slug_hash, found.reading.feed.entries[each.index].title


def _write_bodies(
    connection: sqlite3.Connection, reading: Reading, new: Sequence[Decision]
) -> None:
    for statement, churned in ((_INSERT_BODY, False), (_INSERT_BODY_OF_ALIAS, True)):
        bodies = (_body_row(reading, each) for each in new if each.churned == churned)
        connection.executemany(statement, bodies)


def _matched(found: Knowledge, decisions: Sequence[Decision], *, source: str) -> dict[int, int]:
    """By its place in the document, the entry key of what each entry that joined was known by."""
    joined = [each for each in decisions if each.action == "new" and not each.mint]
    if not joined:
        return {}
    members = {
        candidate.slug_hash: candidate.members
        for shared in found.known.candidates.values()
        for candidate in shared
    }
    identities = found.reading.identities
    founders = {each.slug_hash: identities[each.index].entry_key for each in decisions if each.mint}
    matched = {each.index: founders.get(each.slug_hash) for each in joined}
    for each in joined:
        if each.slug_hash in members:
            entry = found.reading.feed.entries[each.index]
            matched[each.index] = witness(
                entry, identities[each.index], source=source, members=members[each.slug_hash]
            )
    return {index: entry_key for index, entry_key in matched.items() if entry_key is not None}


def _article_row(reading: Reading, decision: Decision) -> dict[str, object]:
    return {
        "slug_hash": decision.slug_hash,
        "slug": decision.slug,
        "atom_id": decision.atom_id,
        "headline": reading.identities[decision.index].headline,
        "sort_at": to_seconds(decision.sort_at),
        "first_seen": to_seconds(decision.first_seen),
    }


def _entry_row(reading: Reading, decision: Decision, source: str) -> dict[str, object]:
    entry = reading.feed.entries[decision.index]
    identity = reading.identities[decision.index]
    return {
        "entry_key": identity.entry_key,
        "source": source,
        "guid": legal(entry.guid),
        "link": legal(entry.link),
        "title": legal(entry.title),
        "rule": decision.rule,
        "evidence": decision.evidence,
        "first_seen": to_seconds(decision.first_seen),
        "published": to_optional_seconds(entry.published),
        "publisher_updated": to_optional_seconds(entry.updated),
        "updated": to_seconds(decision.updated),
        "content_hash": identity.content_hash,
        "changes": decision.changes,
        "words": identity.words,
        "sketch": sketch_to_blob(identity.sketch),
        "held": decision.held,
        "headline": identity.headline,
    }


def _body_row(reading: Reading, decision: Decision) -> dict[str, object]:
    return {
        "entry_key": reading.identities[decision.index].entry_key,
        "body": entry_to_json(reading.feed.entries[decision.index]),
    }
