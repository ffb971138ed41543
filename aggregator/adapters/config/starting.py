"""The feeds.yaml that `aggregator init` writes."""

from __future__ import annotations

_STARTER = """\
# feeds.yaml: which feeds are polled, and which merged feeds are published.
# `aggregator check` names every mistake; `aggregator schema` prints a schema for editors.

base_url: http://127.0.0.1:8080/    # the address that subscribers will use
# contact: https://example.org/about  # for publishers; part of the User-Agent

defaults:
  interval: auto                    # or 2h, or {cron: "0 6 * * *"}

sources:
  - url: https://feeds.bbci.co.uk/news/world/rss.xml
    tags: [news, world]
  - url: https://www.theguardian.com/world/rss
    tags: [news, world]
  - url: https://www.nasa.gov/feed/
    tags: science
  - https://blog.python.org/feeds/posts/default

outputs:
  - id: all
    title: Everything
  - id: world
    title: World news
    sources: [tag:world]
    drop: [quiz, podcast]
    limit: 50
"""


def starter() -> str:
    """A small feeds.yaml with comments, to start from."""
    return _STARTER
