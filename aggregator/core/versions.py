"""Which entries of a published document are new since a version a client holds. Pure.

A version of a document is known by its tag. Of each entry in the newest version it is noted in
which version it came, byte for byte as it is now. So what is new since an older version is
found without keeping its text, and is cut from the document's own bytes (RFC 3229: `A-IM: feed`).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Final

from aggregator.core.spans import spans_of

RECORDED: Final = ("atom", "rss")  # the forms whose versions are recorded
MOST_VERSIONS: Final = 500  # with a change every five minutes nearly two days
_ID = re.compile(rb"<(id|guid)(?: [^>]*)?>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`versions`: tag -> number, oldest first. `since`: entry digest -> number it came with."""

    versions: Mapping[str, int] = field(default_factory=dict)
    since: Mapping[str, int] = field(default_factory=dict)


def tag_of(body: bytes) -> str:
    """The opaque tag of a version: a hash of its bytes, the same on every server."""
    return blake2b(body, digest_size=12).hexdigest()


def recorded(history: History, body: bytes, *, no_news: Collection[str] = ()) -> History:
    """The history with `body` as its newest version; bounded, the oldest are forgotten.

    `no_news` are ids of entries that are in it for the first time and still no news to anybody:
    they count as part of every earlier version.
    """
    tag = tag_of(body)
    number = max(history.versions.values(), default=0) + 1
    versions = {name: known for name, known in history.versions.items() if name != tag}
    versions[tag] = number
    kept = islice(versions.items(), max(0, len(versions) - MOST_VERSIONS), None)
    since: dict[str, int] = {}
    for start, end in spans_of(body):
        entry = body[start:end]
        digest = _digest(entry)
        first = 0 if no_news and _id_of(entry) in no_news else number
        since[digest] = history.since.get(digest, first)
    return History(versions=dict(kept), since=since)


def news(history: History, body: bytes, *, tag: str) -> bytes | None:
    """`body` with only the entries that are new or changed since the version `tag`.

    None when that version is not known, or when no entry is old: then the whole document
    says the same. An entry that was taken out since cannot be told. `body` may be newer than
    the newest version recorded.
    """
    number = history.versions.get(tag)
    if number is None:
        return None
    spans = spans_of(body)
    entries = [body[start:end] for start, end in spans]
    fresh = [entry for entry in entries if not _is_old(history, entry, number)]
    if len(fresh) == len(entries):
        return None
    return b"".join((body[: spans[0].start], *fresh, body[spans[-1].end :]))


def _id_of(entry: bytes) -> str:
    """The id of an entry, which stands before anything else that has one; "" without any."""
    found = _ID.search(entry)
    return html.unescape(found[2].decode("utf-8", "replace")) if found else ""


def _is_old(history: History, entry: bytes, number: int) -> bool:
    came = history.since.get(_digest(entry))
    return came is not None and came <= number


def _digest(entry: bytes) -> str:
    return blake2b(entry.rstrip(), digest_size=8).hexdigest()


def to_text(history: History) -> str:
    """For the store."""
    return json.dumps([dict(history.versions), dict(history.since)], separators=(",", ":"))


def from_text(text: str) -> History:
    """What `to_text` wrote; "" is the empty history."""
    if not text:
        return History()
    versions, since = json.loads(text)
    return History(versions=versions, since=since)
