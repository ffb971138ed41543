"""Where the documents of an output stand, relative to base_url, and what type they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GENERATOR: Final = "aggregator"
ATOM_TYPE: Final = "application/atom+xml"
# The forms of a document by the ending of its name; the one to recommend stands first.
FORMATS: Final[Mapping[str, str]] = {
    "atom": ATOM_TYPE,
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}
# RSS leads to the Atom pages: RFC 5005 is at home there, and JSON Feed wants its own.
ARCHIVE_FORMATS: Final = ("atom", "json")
STYLE_PATH: Final = "feed.css"


def feed_path(output_id: str, form: str = "atom") -> str:
    """Where the subscription document of an output stands."""
    return f"feeds/{output_id}.{form}"


def archive_path(output_id: str, page: int, form: str = "atom") -> str:
    """Where a closed page of its archive stands (RFC 5005 §4); pages count from 1."""
    return f"feeds/{output_id}/archive/{page}.{form}"


def page_path(output_id: str) -> str:
    """Where the page for people stands."""
    return f"feeds/{output_id}/"
