"""What is not well-formed, read by feedparser's own forgiving parser. Pure."""

from __future__ import annotations

from feedparser import api

from aggregator.core.parse.reader.bounded import Bounded


class Loose(Bounded, api.LooseFeedParser):  # type: ignore[misc]
    """Reads what is not well-formed."""

    def parse_declaration(self, i: int) -> int:
        """Note which texts are CDATA sections."""
        if self.incontent and self.rawdata.startswith("<![CDATA[", i):
            self.contentparams["cdata"] = True
        return int(super().parse_declaration(i))
