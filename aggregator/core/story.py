"""Does an entry tell the story of an article? Headlines, texts, links, time as evidence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.sketch import containment

COPY = 0.25  # containment from which two texts are copies of each other
VETO = 0.08  # containment below which two texts are two stories, whatever their headlines say
ALIKE = 0.6  # share of the words that two headlines must have in common
ANOTHER_DAY = timedelta(hours=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of a candidate article, as the judge sees it."""

    source: str
    guid: str
    link: str
    headline: str = ""  # in its normal form
    published: datetime | None
    first_seen: datetime
    words: int
    sketch: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article that shares at least one key with an entry of the document."""

    slug_hash: int
    slug: str
    atom_id: str
    headline: str
    members: tuple[Member, ...]  # at most the eight oldest


def same_story(
    rule: str,
    member: Member,
    *,
    headline: str,
    distinctive: bool,
    candidate: Candidate,
    window: timedelta,
) -> str:
    """Return the evidence that an entry belongs to a candidate found by `rule`, "" if it does not.

    `guid` and `guid~` decide. `link` decides unless the texts or the headlines contradict it.
    The other rules only nominate: text, headline and time decide, and when in doubt the answer
    is no, because a story lost is worse than a story shown twice.
    """
    if rule in ("guid", "guid~"):
        return f"same {rule}"
    overlap = _overlap(member, candidate)
    same_headline = headline == candidate.headline
    if rule == "link":
        return _same_link(member, candidate, overlap=overlap, same_headline=same_headline)
    if rule == "id":
        alike = same_headline or _headlines_alike(headline, candidate.headline)
        return _by_text(overlap, unless=alike and distinctive)
    if not _within(member, candidate, window):
        return ""
    if rule == "urlslug":
        alike = _headlines_alike(headline, candidate.headline)
        return _by_text(overlap, unless=alike and distinctive)
    if _recurs(member, candidate):
        return _by_text(overlap, unless=False)
    if overlap is not None and overlap < VETO:
        return ""
    return _by_text(overlap, unless=distinctive)


def _by_text(overlap: float | None, *, unless: bool) -> str:
    """Evidence from the texts when they speak, else from the headline if it may speak alone."""
    if overlap is not None and overlap >= COPY:
        return f"text overlap {overlap:.2f}"
    if unless and (overlap is None or overlap >= VETO):
        return "distinctive headline" if overlap is None else f"headline, text {overlap:.2f}"
    return ""


def _same_link(
    member: Member, candidate: Candidate, *, overlap: float | None, same_headline: bool
) -> str:
    """A link decides, but an evergreen page (`/live`) shows another story under it each day."""
    if same_headline:
        return "same link and headline"
    if overlap is not None:
        return f"same link, text overlap {overlap:.2f}" if overlap >= VETO else ""
    if _recurs(member, candidate):
        return ""
    return "same link"


def _overlap(member: Member, candidate: Candidate) -> float | None:
    """The best containment with any entry of the candidate; None when no texts can be compared."""
    overlaps = [containment(member.sketch, other.sketch) for other in candidate.members]
    return max((overlap for overlap in overlaps if overlap is not None), default=None)


def _recurs(member: Member, candidate: Candidate) -> bool:
    """Does the same source carry it under another guid on another day: a recurring column?"""
    own = [other for other in candidate.members if other.source == member.source]
    return any(
        other.guid != member.guid and abs(_time(other) - _time(member)) > ANOTHER_DAY
        for other in own
    )


def _within(member: Member, candidate: Candidate, window: timedelta) -> bool:
    return any(abs(_time(other) - _time(member)) <= window for other in candidate.members)


def _time(member: Member) -> datetime:
    if member.published is None:
        return member.first_seen
    return min(member.published, member.first_seen)


def _headlines_alike(one: str, other: str) -> bool:
    """Do two headlines share most of their words, and all of their numbers?"""
    left, right = set(one.split("-")), set(other.split("-"))
    if {word for word in left ^ right if word.isdigit()}:
        return False
    return len(left & right) >= ALIKE * max(len(left), len(right), 1)
