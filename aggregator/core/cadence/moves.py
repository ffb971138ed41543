"""Permanent redirects: when a new address is believed, and when it is not. Pure.

A move counts once the target was seen on 5 polls over 7 days, because misconfigured servers
redirect "permanently" for an afternoon. feeds.yaml is never rewritten; `effective_url` stands
beside it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from aggregator.core.model import FeedInfo, Fetched, Reading, SourceState, Validators

MOVE_POLLS = 5
MOVE_SPAN = timedelta(days=7)
_DEFAULT_PORTS = {"http": (None, 80), "https": (None, 443)}


def after_redirect(
    state: SourceState, *, url: str, moved_to: str | None, now: datetime
) -> SourceState:
    """Return `state` after a good poll that was permanently redirected, or was not.

    `moved_to` is the last address before the first temporary hop (RFC 9110 §15.4).
    """
    current = state.effective_url or url
    if not moved_to or moved_to == current or _is_downgrade(current, moved_to):
        return forget_move(state)
    if _is_upgrade(current, moved_to):
        return settle_at(state, url=url, target=moved_to)
    pending = _count(state, moved_to=moved_to, now=now)
    first = pending.moved_first_at
    if pending.moved_count >= MOVE_POLLS and first is not None and now - first >= MOVE_SPAN:
        return settle_at(pending, url=url, target=moved_to)
    return pending


def _count(state: SourceState, *, moved_to: str, now: datetime) -> SourceState:
    if state.moved_to != moved_to or state.moved_first_at is None:
        return replace(state, moved_to=moved_to, moved_first_at=now, moved_count=1)
    return replace(state, moved_count=state.moved_count + 1)


def forget_move(state: SourceState) -> SourceState:
    """Return `state` without a pending move."""
    if not state.moved_to and state.moved_first_at is None and not state.moved_count:
        return state
    return replace(state, moved_to="", moved_first_at=None, moved_count=0)


def settle_at(state: SourceState, *, url: str, target: str) -> SourceState:
    """Return `state` polling `target` from now on."""
    return replace(forget_move(state), effective_url="" if target == url else target)


def after_missing(state: SourceState) -> SourceState:
    """Return `state` after a 404 or 410.

    While a move is pending the old address has served its time: the move is applied. An
    applied move whose target is missing is taken back, so that the configured address has
    its say again; the validators belonged to the target (RFC 9110 §8.8.1).
    """
    if state.moved_to:
        return settle_at(state, url=state.url, target=state.moved_to)
    if state.effective_url:
        return replace(state, effective_url="", validators=Validators())
    return state


def is_another_feed(
    state: SourceState, *, fetched: Fetched, reading: Reading | None, known: int
) -> bool:
    """Tell whether a permanent redirect led to something else than the feed we know.

    So it is when id and title both differ and none of its entries is `known`. Once found it
    stays so until a document says otherwise.
    """
    if fetched.moved_to is None or not state.body_hash:  # nothing known of this address
        return False
    suspected = state.last_error_kind == "moved"
    if reading is None:  # not modified; or the very bytes we know, which settles it
        return suspected and fetched.document is None
    if _same_feed(state.info, reading.feed.info):
        return False
    return suspected or (known == 0 and reading.size > 0)


def _same_feed(known: FeedInfo, found: FeedInfo) -> bool:
    """A feed keeps its id or its title; one of which we know neither is given the benefit."""
    if not known.id and not known.title:
        return True
    same_id = bool(known.id) and known.id == found.id
    same_title = bool(known.title) and _folded(known.title) == _folded(found.title)
    return same_id or same_title


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())


def _is_upgrade(old: str, new: str) -> bool:
    """Plain http to https, same host, path and query."""
    before, after = _parts(old), _parts(new)
    if before is None or after is None or (before.scheme, after.scheme) != ("http", "https"):
        return False
    return _place(before) == _place(after) and _on_default_port(before) and _on_default_port(after)


def _is_downgrade(old: str, new: str) -> bool:
    """Https to http gains nobody anything, so asking https first stays right for ever."""
    before, after = _parts(old), _parts(new)
    return after is None or (before is not None and before.scheme == "https" != after.scheme)


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no number
    except ValueError:
        return None
    return parts


def _place(parts: SplitResult) -> tuple[str | None, str, str]:
    return parts.hostname, parts.path or "/", parts.query


def _on_default_port(parts: SplitResult) -> bool:
    return parts.port in _DEFAULT_PORTS[parts.scheme]
