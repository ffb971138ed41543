"""How all sources are, without keeping the states of all: there may be 100,000. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.core.model import SourceState
from aggregator.core.settings import Source
from aggregator.dispatch import host_key, is_private
from aggregator.standing.notes import notes_of
from aggregator.standing.told import (
    CONDITIONS,
    Standing,
    at_this_address,
    condition_of,
    standing_of,
)
from aggregator.standing.twins import SameFeed, Twins, by_source

StateOf = Callable[[str], SourceState | None]
_Rank = tuple[int, bool, str]  # place in CONDITIONS, is something urgent, id


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Which sources there are, in trouble first, and what each must know of the others."""

    order: tuple[str, ...]  # all ids: in trouble first, then with urgent notes
    telling: tuple[str, ...]  # ids of those with a note about something, in the same order
    counts: tuple[tuple[str, int], ...]  # how many are in each condition that occurs
    _sources: Mapping[str, Source]
    _same: Mapping[str, SameFeed]
    _parked: Mapping[str, datetime]

    def standings(
        self, names: Iterable[str], state_of: StateOf, *, now: datetime, public: bool = False
    ) -> Iterator[Standing]:
        """Yield how these sources are now; the state of each is asked for when its turn comes.

        `public`: for whoever asks the web server, so without the addresses of sources.
        """
        for name in names:
            yield standing_of(
                self._sources[name],
                with_neighbours(state_of(name), self._parked),
                same=self._same.get(name),
                now=now,
                public=public,
            )


def survey(
    sources: Sequence[Source],
    states: Iterable[SourceState],
    *,
    parked: Mapping[str, datetime],
    now: datetime,
) -> Survey:
    """Go through the states of all sources once. `parked` is as the store tells it: by address."""
    hosts = parked_hosts(parked, now=now)
    ranks, telling, twins = _ranked(sources, states, hosts, now=now)
    same = by_source(twins.found())
    order = _in_order((rank, urgent or name in same, name) for rank, urgent, name in ranks)
    found = Counter(rank for rank, _, _ in ranks)
    return Survey(
        order=order,
        telling=tuple(name for name in order if name in telling or name in same),
        counts=tuple((CONDITIONS[rank], count) for rank, count in sorted(found.items())),
        _sources={source.id: source for source in sources},
        _same=same,
        _parked=hosts,
    )


def _in_order(ranks: Iterable[_Rank]) -> tuple[str, ...]:
    """Sort, group by group: what comes by id is sorted at once, and 100,000 ranks would stop the
    event loop, as no other thread runs while a list is sorted."""
    groups: dict[tuple[int, bool], list[str]] = {}
    for rank, urgent, name in ranks:
        groups.setdefault((rank, not urgent), []).append(name)
    return tuple(name for group in sorted(groups) for name in sorted(groups[group]))


def _ranked(
    sources: Sequence[Source],
    states: Iterable[SourceState],
    hosts: Mapping[str, datetime],
    *,
    now: datetime,
) -> tuple[list[_Rank], set[str], Twins]:
    """Return of each source its condition and whether it has urgent notes; who has a note about
    something; and what they call themselves."""
    twins = Twins(sources)
    listed = {source.id: source for source in sources}
    ranks: list[_Rank] = []
    telling: set[str] = set()
    for state in states:
        source = listed.pop(state.source, None)
        if source is None:
            continue
        twins.hear(source, state)
        known = at_this_address(source, with_neighbours(state, hosts) or state)
        notes = tuple(notes_of(source, known, same=None, now=now))
        condition = CONDITIONS.index(condition_of(known, now=now))
        ranks.append((condition, any(note.urgent for note in notes), source.id))
        if any(note.subject for note in notes):
            telling.add(source.id)
    ranks.extend((CONDITIONS.index("new"), False, name) for name in listed)
    return ranks, telling, twins


def parked_hosts(parked: Mapping[str, datetime], *, now: datetime) -> dict[str, datetime]:
    """Return until when each host is parked: a 429 to one source speaks for its neighbours."""
    hosts: dict[str, datetime] = {}
    for address, until in parked.items():
        host = host_key(address)
        if until > now and host and not is_private(host):
            hosts[host] = max(until, hosts.get(host, until))
    return hosts


def with_neighbours(
    state: SourceState | None, parked: Mapping[str, datetime]
) -> SourceState | None:
    """Return `state` as the dispatcher will treat it: nobody on a parked host is asked."""
    if state is None or state.gone or not parked:
        return state
    until = parked.get(host_key(state.effective_url or state.url))
    if until is None or until <= (state.parked_until or state.next_poll_at):
        return state
    reason = "the host asked everybody to wait"
    return replace(state, parked_until=until, next_poll_at=until, next_reason=reason)


def standings(
    sources: Sequence[Source],
    states: Iterable[SourceState],
    *,
    now: datetime,
    public: bool = False,
) -> list[Standing]:
    """Return how all sources are, of as many as fit into memory."""
    known = {state.source: state for state in states}
    parked = {
        state.effective_url or state.url: state.parked_until
        for state in sorted(known.values(), key=lambda state: state.parked_until or now)
        if state.parked_until is not None
    }
    found = survey(sources, known.values(), parked=parked, now=now)
    return list(found.standings(found.order, known.get, now=now, public=public))
