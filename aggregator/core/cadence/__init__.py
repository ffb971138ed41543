"""When is the next poll of a source, and why. Pure.

    after_success    a document, or "not modified", came: what the state becomes
    after_failure    it did not: backoff, and what the server asked for
    clamp_loaded     the clock may have jumped while nobody looked

Every moment comes with its reason in plain words; `aggregator status` shows them side by side.
"""

from aggregator.core.cadence.doubts import is_doubtful, to_be_asked
from aggregator.core.cadence.failure import after_failure
from aggregator.core.cadence.loaded import clamp_loaded
from aggregator.core.cadence.moves import MOVE_POLLS, MOVE_SPAN, is_another_feed
from aggregator.core.cadence.pace import Pace, in_words
from aggregator.core.cadence.success import after_success

__all__ = [
    "MOVE_POLLS",
    "MOVE_SPAN",
    "Pace",
    "after_failure",
    "after_success",
    "clamp_loaded",
    "in_words",
    "is_another_feed",
    "is_doubtful",
    "to_be_asked",
]
