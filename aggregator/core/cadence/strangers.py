"""Another feed at the address of the known one: a domain that expired and was bought. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from aggregator.core.model import FeedInfo, Reading, SourceState

REPLACED = (
    "another feed stands at this address: other title, id and site, none of the known entries; "
    "if that is right, set accept_replacement: true for this source"
)


def is_replaced(state: SourceState, *, reading: Reading | None, known: int) -> bool:
    """Tell whether nothing of the document is as it was (S39).

    So it is when none of its entries is `known`, and title, site and id (of those that were
    known) are all others. Title and site must have been known, as feeds without them look alike.
    An empty document counts, else it would be taken for the feed, and what follows for its news.
    """
    if reading is None or known or not state.body_hash:
        return False
    before, after = state.info, reading.feed.info
    if not (before.title and _host(before.link)):
        return False
    return not any(_kept(before, after))


def _kept(before: FeedInfo, after: FeedInfo) -> Iterator[bool]:
    yield _folded(before.title) == _folded(after.title)
    yield bool(before.id) and before.id == after.id
    yield _same_site(_host(before.link), _host(after.link))


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())


def _host(link: str) -> str:
    try:
        return (urlsplit(link).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _same_site(before: str, after: str) -> bool:
    """One host, a host below the other, or two below one name (`co.uk` is none)."""
    if before == after or before.endswith(f".{after}") or after.endswith(f".{before}"):
        return True
    one, other = before.split("."), after.split(".")
    if one[-2:] != other[-2:] or len(one) < 2:
        return False
    return len(one[-2]) > 3 or one[-3:] == other[-3:]
