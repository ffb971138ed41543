"""The marks of RFC 5005: this is all there is (§2), this is a page of the archive (§4). Pure."""

from __future__ import annotations

from typing import Any, Final

from feedgen.util import xml_elem

from aggregator.core.render.heading import Heading

HISTORY: Final = "http://purl.org/syndication/history/1.0"


def add_history(element: Any, heading: Heading) -> None:
    """Mark the element of a feed or channel."""
    if heading.page:
        xml_elem(f"{{{HISTORY}}}archive", element)
    elif heading.complete:
        xml_elem(f"{{{HISTORY}}}complete", element)
