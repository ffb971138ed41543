"""Document -> Reading: parse, clean and identify in one call, as a worker process runs it. Pure."""

from __future__ import annotations

from aggregator.core.identify import identify
from aggregator.core.model import Document, Reading
from aggregator.core.parse import parse
from aggregator.core.settings import Source


def read(document: Document, source: Source, max_entries: int) -> Reading:
    """Return the feed in `document` and the identity of each of its entries.

    Raises ParseError, and nothing else.
    """
    feed = parse(document, max_entries=max_entries, cleaning=source.cleaning)
    return Reading(feed, identify(feed, source=source))
