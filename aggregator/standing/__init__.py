"""How each source stands, in plain words: what `aggregator status` and the status page show.

    standings       all sources, those in trouble first
    survey          the same of so many that not all of them are kept in memory
    facts           one of them in full, label by label
    values          one of them for programs
    same_feeds      sources that are one feed, listed twice

Pure: settings and states in, words out. No secret comes out, and for the public no address.
What tells of sources is loaded when it is asked for: a poll seldom does.
"""

from typing import TYPE_CHECKING

from aggregator.core.late import late

if TYPE_CHECKING:
    from aggregator.standing.discretion import veil
    from aggregator.standing.notes import Note
    from aggregator.standing.surveying import StateOf, Survey, standings, survey
    from aggregator.standing.told import (
        CONDITIONS,
        Fact,
        Standing,
        counts,
        facts,
        standing_of,
        values,
    )
    from aggregator.standing.twins import SameFeed, same_feeds

__all__ = [
    "CONDITIONS",
    "Fact",
    "Note",
    "SameFeed",
    "Standing",
    "StateOf",
    "Survey",
    "counts",
    "facts",
    "same_feeds",
    "standing_of",
    "standings",
    "survey",
    "values",
    "veil",
]

__getattr__ = late(
    __name__,
    {
        "discretion": ("veil",),
        "notes": ("Note",),
        "surveying": ("StateOf", "Survey", "standings", "survey"),
        "told": ("CONDITIONS", "Fact", "Standing", "counts", "facts", "standing_of", "values"),
        "twins": ("SameFeed", "same_feeds"),
    },
)
