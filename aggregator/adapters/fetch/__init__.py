"""Bounded, guarded, conditional GET: the one door to the network for feeds.

The only importer of aiohttp's client.
"""

from __future__ import annotations

from aggregator.adapters.fetch.client import Fetcher

__all__ = ["Fetcher"]
