"""Does an entry tell the story of an article? Headlines, texts, links, time as evidence. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.core.gist import Likeness, is_distinctive, likeness
from aggregator.core.sketch import Overlap, overlap

COPY = 0.25  # containment from which two texts under one headline are copies of each other
STRONG = 0.5  # the same under headlines that do not distinguish
RETITLED = 0.6  # the same under another headline
LONG = 24  # comparable shingles from which texts that do not overlap veto a headline
SOME = 10  # the same of short texts that share nothing; and shared shingles of two copies at once
MUCH = 16  # shared shingles that hardly any stock phrases explain
PLENTY = 28  # the same where the headlines do not even resemble each other
VETO = 0.15  # containment below which two texts are two stories, whatever their headlines say
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why an entry belongs to an article; of several articles the greatest weight has it."""

    words: str
    weight: float = 2.0  # texts that overlap outweigh headlines, and those a GUESS


GUESS = 0.05  # a weight that a second candidate refutes


def same_story(
    rule: str,
    member: Member,
    *,
    candidate: Candidate,
    window: timedelta,
    present: Callable[[], bool],
) -> Evidence | None:
    """Return the evidence that an entry belongs to a candidate found by `rule`, None without.

    `guid` and `guid~` decide. `link` decides unless the texts or the headlines contradict it.
    The other rules only nominate: text, headline and time decide, and when in doubt the answer
    is no, because a story lost is worse than a story shown twice. `present`: the document holds
    another entry of the candidate or of this headline, so this one is hardly a second. It is
    asked late: most nominees are refuted by their texts, and those left by their headlines.
    """
    if rule in ("guid", "guid~"):
        return Evidence(words=f"same {rule}")
    if rule not in ("link", "id") and _apart(member, candidate) > window:
        return None
    texts = _overlap(member, candidate)
    if rule == "link":
        return _same_link(member, candidate, texts=texts)
    if texts is not None and _refute(texts):
        return None
    headlines = _likeness(member, candidate)
    same = headlines in (Likeness.SAME, Likeness.CUT)
    doubtful = same and (not is_distinctive(member.headline) or _recurs(member, candidate))
    twice = same and present()
    if texts is not None:
        return _by_text(texts, headlines, doubtful=doubtful, present=twice)
    if not same or doubtful or twice:
        return None
    apart = min(_apart(member, candidate) / window, 1.0) if window else 1.0
    return _by_headline(headlines, apart=apart)


def _refute(texts: Overlap) -> bool:
    """Are these texts of two stories, whatever the headlines say?"""
    if texts.compared >= LONG:
        return texts.share < VETO
    return texts.compared >= SOME and not texts.shared


def _by_text(
    texts: Overlap, headlines: Likeness, *, doubtful: bool, present: bool
) -> Evidence | None:
    """Evidence from texts that can be compared; the headlines say how much it takes."""
    needed, much = _needed(headlines, doubtful=doubtful, present=present)
    if texts.share < needed or texts.shared < much:
        return None
    if texts.share >= COPY:
        return Evidence(words=f"text overlap {texts.share:.2f}", weight=1.0 + texts.share)
    words = f"{headlines.value}, text {texts.share:.2f}"
    return Evidence(words=words, weight=2 * GUESS + texts.share)


def _needed(headlines: Likeness, *, doubtful: bool, present: bool) -> tuple[float, int]:
    """The least share, and the least number of shared shingles, of texts of one story.

    Where a headline stands for its story it is enough that the texts do not refute it.
    """
    if headlines is Likeness.OTHER:
        return RETITLED, PLENTY
    if headlines is Likeness.ALIKE:
        return RETITLED, MUCH
    if doubtful or (present and headlines is Likeness.CUT):
        return STRONG, MUCH
    if present:
        return STRONG, SOME
    return 0.0, 0


def _by_headline(headlines: Likeness, *, apart: float) -> Evidence:
    """Evidence from a distinctive headline alone; of two stories under it the nearer in time."""
    if headlines is Likeness.SAME:
        return Evidence(words="distinctive headline", weight=0.9 - 0.1 * apart)
    return Evidence(words="distinctive headline, cut", weight=GUESS)


def _same_link(member: Member, candidate: Candidate, *, texts: Overlap | None) -> Evidence | None:
    """A link decides, but an evergreen page (`/live`) shows another story under it each day."""
    if _likeness(member, candidate) is Likeness.SAME:
        return Evidence(words="same link and headline")
    if texts is not None:
        if texts.share < VETO:
            return None
        return Evidence(words=f"same link, text overlap {texts.share:.2f}")
    if _recurs(member, candidate):
        return None
    return Evidence(words="same link")


def _overlap(member: Member, candidate: Candidate) -> Overlap | None:
    """The best overlap with any entry of the candidate; None when no texts can be compared."""
    overlaps = [overlap(member.sketch, other.sketch) for other in candidate.members]
    return max((each for each in overlaps if each is not None), default=None)


def _likeness(member: Member, candidate: Candidate) -> Likeness:
    """The best likeness to a headline of the candidate, unless a full one contradicts a cut one."""
    found = {likeness(member.headline, headline) for headline in _headlines(candidate)}
    best = next((each for each in Likeness if each in found), Likeness.OTHER)
    if best is Likeness.CUT and len(found) > 1:
        return Likeness.ALIKE
    return best


def _headlines(candidate: Candidate) -> Iterable[str]:
    return {candidate.headline, *(member.headline for member in candidate.members)} - {""}


def _recurs(member: Member, candidate: Candidate) -> bool:
    """Does the same source carry it under another guid on another day: a recurring column?"""
    own = [other for other in candidate.members if other.source == member.source]
    return any(
        other.guid != member.guid and abs(_time(other) - _time(member)) > ANOTHER_DAY
        for other in own
    )


def _apart(member: Member, candidate: Candidate) -> timedelta:
    """The time between the entry and the nearest of the candidate's."""
    return min(
        (abs(_time(other) - _time(member)) for other in candidate.members), default=timedelta.max
    )


def _time(member: Member) -> datetime:
    if member.published is None:
        return member.first_seen
    return min(member.published, member.first_seen)
