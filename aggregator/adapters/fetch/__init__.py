"""Bounded, guarded, conditional GET: the one door to the network for feeds.

The only importer of libcurl.
"""

from __future__ import annotations

from aggregator.adapters.fetch.client import Fetcher
from aggregator.adapters.fetch.resolve import look_up
from aggregator.adapters.fetch.transport import Transport

__all__ = ["Fetcher", "Transport", "look_up"]
