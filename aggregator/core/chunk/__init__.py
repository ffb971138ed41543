"""Read only the entries of a document that its last version did not have. Pure.

    Document -> chunks -> reduced text -> parse -> identify -> Reading
                   └─ Memory of the last version ─┘

Promise: for the entries it reads, entries and identities are those that reading the whole
document gives, and so are feed and hints; where that is not sure, the whole document is read.
"""

from __future__ import annotations

from aggregator.core.chunk.check import Checked, is_due, read_checked, read_watched
from aggregator.core.chunk.increment import incremental_read, read_new
from aggregator.core.chunk.memory import Memory, Remembered
from aggregator.core.chunk.split import Chunks, chunks

__all__ = [
    "Checked",
    "Chunks",
    "Memory",
    "Remembered",
    "chunks",
    "incremental_read",
    "is_due",
    "read_checked",
    "read_new",
    "read_watched",
]
