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
    known = {state.source: state for state in states}
    groups: dict[tuple[str, ...], list[str]] = {}
    for source in sources:
        for key in dict.fromkeys(_keys(source, known.get(source.id))):
            groups.setdefault(key, []).append(source.id)
    found: dict[tuple[str, ...], str] = {}
    for key, names in sorted(groups.items(), key=lambda group: _ORDER.index(group[0][0])):
        if len(names) > 1:
            found.setdefault(tuple(names), key[0])
    return tuple(SameFeed(names, because) for names, because in found.items())


_ORDER = (_ADDRESS, _NAME, _ID)


def _keys(source: Source, state: SourceState | None) -> Iterator[tuple[str, ...]]:
    """Yield what another source must share to be the same feed."""
    yield _ADDRESS, str(source.path) if source.path else address_key(source.url)
    if state is None or state.url != source.url:  # what is known belongs to another address
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
