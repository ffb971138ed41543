"""Which sources are the same feed, listed twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aggregator.core.model import SourceState
from aggregator.core.settings import Source

_DEFAULT_PORTS = (None, 80, 443)
_ADDRESS = "they lead to the same address"
_NAME = "they call themselves by the same address and title"
_ID = "they have the same feed id"
_SHOWN = 3  # of those that are the same feed


@dataclass(frozen=True, slots=True)
class SameFeed:
    """Sources that are one feed, in the order of feeds.yaml, and how that was found out."""

    sources: tuple[str, ...]
    because: str

    def besides(self, source: str) -> tuple[str, ...]:
        """Return the first of the others."""
        return tuple(name for name in self.sources[: _SHOWN + 1] if name != source)[:_SHOWN]

    def __str__(self) -> str:
        told = ", ".join(self.sources[: _SHOWN + 1])
        more = len(self.sources) - _SHOWN - 1
        return told if more <= 0 else f"{told} and {more} more"


def same_feeds(sources: Sequence[Source], states: Iterable[SourceState]) -> tuple[SameFeed, ...]:
    """Find the feeds that are listed more than once.

    They lead to one address (as configured, or by permanent redirects), or what they serve has
    one feed id, or names one address (rel=self, else where it was fetched from) and one title.
    """
    listed = {source.id: source for source in sources}
    twins = Twins(sources)
    for state in states:
        if state.source in listed:
            twins.hear(listed[state.source], state)
    return twins.found()


class Twins:
    """Hears of sources one by one, and keeps no more of each than what another may share."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._place = {source.id: place for place, source in enumerate(sources)}
        self._first: dict[tuple[str, ...], str] = {}
        self._shared: dict[tuple[str, ...], set[str]] = {}
        for source in sources:
            own = str(source.path) if source.path else address_key(source.url)
            self._note((_ADDRESS, own), source.id)

    def hear(self, source: Source, state: SourceState) -> None:
        """Take note of what is known of a source."""
        for key in _keys(source, state):
            self._note(key, source.id)

    def _note(self, key: tuple[str, ...], name: str) -> None:
        first = self._first.setdefault(key, name)
        if first != name:
            self._shared.setdefault(key, {first}).add(name)

    def found(self) -> tuple[SameFeed, ...]:
        """Those that are one feed, in the order of feeds.yaml, each with the surest reason."""
        reasons: dict[tuple[str, ...], str] = {}
        for key, names in self._shared.items():
            together = tuple(sorted(names, key=self._place.__getitem__))
            reasons[together] = min(key[0], reasons.get(together, key[0]), key=_ORDER.index)
        ordered = sorted(
            reasons.items(), key=lambda one: (_ORDER.index(one[1]), self._place[one[0][0]])
        )
        return tuple(SameFeed(names, because) for names, because in ordered)


_ORDER = (_ADDRESS, _NAME, _ID)


def _keys(source: Source, state: SourceState) -> Iterator[tuple[str, ...]]:
    """Yield what another source must share to be the same feed, beside its configured address."""
    if state.url != source.url:  # what is known belongs to another address
        return
    for address in (state.effective_url, state.moved_to):
        if address:
            yield _ADDRESS, address_key(address)
    info = state.info
    if info.id:
        yield _ID, info.id
    if info.self_link and info.title:
        yield _NAME, address_key(info.self_link), info.title


def by_source(found: Iterable[SameFeed]) -> dict[str, SameFeed]:
    """Return for each source that is listed twice the first reason that was found."""
    known: dict[str, SameFeed] = {}
    for same in found:
        for source in same.sources:
            known.setdefault(source, same)
    return known


def address_key(url: str) -> str:
    """Return what two spellings of an address share: no scheme, default port, user, fragment."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port in _DEFAULT_PORTS else f":{parts.port}"
    except ValueError:
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.hostname or ''}{port}{parts.path or '/'}{query}"
