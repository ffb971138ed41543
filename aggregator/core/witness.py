"""Which entry of an article another one was recognised by: for explanations alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from aggregator.core.identify import entry_key_of, guid_keys
from aggregator.core.model import Entry, Identity
from aggregator.core.story import Member


def witness(entry: Entry, identity: Identity, *, source: str, members: Sequence[Member]) -> int:
    """Return the entry key of the member that an entry resembles most; the first of equals.

    What weighs: the same source by its guid, then the link, the headline, the text.
    """

    def alike(member: Member) -> tuple[bool, bool, bool, int]:
        return (
            member.source == source and not own.isdisjoint(guid_keys(member.guid, source=source)),
            bool(entry.link) and member.link == entry.link,
            bool(identity.headline) and member.headline == identity.headline,
            len(sketch.intersection(member.sketch)),
        )

    own = frozenset(guid_keys(entry.guid, source=source))
    sketch = set(identity.sketch)
    best = max(members, key=alike)
    return entry_key_of(best.source, best.guid)
