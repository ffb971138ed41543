"""HTTP: published bytes, pages for people, answers for machines. Thin; reads, never changes.

The only importer of aiohttp's server. Nothing is taken from the Host header, no path is made
from a request, no cookie is set, no script is sent.
"""

from __future__ import annotations

from aiohttp import web

from aggregator.web.door import TO_READ, read_within
from aggregator.web.feeds import Feeds
from aggregator.web.files import PublishedFiles
from aggregator.web.headers import add_headers, error_pages
from aggregator.web.listen import ListenError, Listening, parse_listen, serve
from aggregator.web.operator import Operator
from aggregator.web.pages import Pages
from aggregator.web.view import View

__all__ = ["ListenError", "Listening", "View", "make_app", "parse_listen", "serve"]


def make_app(view: View, *, to_read: float = TO_READ) -> web.Application:
    """The application over `view`, which is asked anew for every request.

    Who takes more than `to_read` seconds to read an answer is not waited for.
    """
    files = PublishedFiles()
    feeds = Feeds(view, files)
    pages = Pages(view, files)
    operator = Operator(view)
    app = web.Application(middlewares=[read_within(to_read), error_pages(pages.error)])
    app.on_response_prepare.append(add_headers)
    app.add_routes(
        [
            web.get("/", pages.index),
            *feeds.routes(),
            web.get("/feeds/{id}", pages.output_without_slash),
            web.get("/feeds/{id}/", pages.output),
            web.get("/private/{token}/", pages.private_index),
            web.get("/private/{token}/style.css", pages.style),
            web.get("/private/{token}/feed.css", pages.feed_style),
            web.get("/private/{token}/feeds/{id}", pages.output_without_slash),
            web.get("/private/{token}/feeds/{id}/", pages.output),
            web.get("/status", pages.status),
            web.get("/status.json", pages.status_json),
            web.get("/style.css", pages.style),
            web.get("/feed.css", pages.feed_style),
            web.get("/healthz", operator.health),
            web.get("/readyz", operator.readiness),
            web.get("/metrics", operator.metrics),
            web.get("/opml", operator.opml),
            web.get("/sources.opml", operator.opml),
            web.get("/robots.txt", operator.robots),
        ]
    )
    return app
