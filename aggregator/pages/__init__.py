"""What people see: HTML from templates that escape everything. The only importer of jinja2.

The page of an output and the index are written as files when something in them changed, so
they hold no clock: the same articles give the same bytes. Status and errors are drawn on request.
Every link of our own is relative to `root`, so that pages work below any path.
"""

from aggregator.pages.draw import (
    FEED_STYLE,
    INDEX,
    INDEX_TO_ROOT,
    NOT_FOUND,
    OUTPUT_TO_ROOT,
    PAGE_ARTICLES,
    STATUS_SOURCES,
    STYLE,
    Format,
    OutputLine,
    Site,
    draw_error,
    draw_index,
    draw_output,
    draw_status,
    formats_of,
    is_current,
    is_page,
    output_line,
    stylesheets,
)

__all__ = [
    "FEED_STYLE",
    "INDEX",
    "INDEX_TO_ROOT",
    "NOT_FOUND",
    "OUTPUT_TO_ROOT",
    "PAGE_ARTICLES",
    "STATUS_SOURCES",
    "STYLE",
    "Format",
    "OutputLine",
    "Site",
    "draw_error",
    "draw_index",
    "draw_output",
    "draw_status",
    "formats_of",
    "is_current",
    "is_page",
    "output_line",
    "stylesheets",
]
