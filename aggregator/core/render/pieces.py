"""Entries as bytes: each is written once, and stands as it is in every document. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aggregator.core.kept import Kept
from aggregator.core.model import Article

_OVERHEAD: Final = 4000  # bytes of an article besides its texts

HTML: Final = "html"  # the form of what stands on a page for people; a package above writes it

Piece = Mapping[str, bytes]  # one entry by form: <entry>…</entry>, <item>…</item>, {…}


class Frame(NamedTuple):
    """A document without its entries."""

    head: bytes
    tail: bytes
    between: bytes = b""  # two entries

    def around(self, entries: Sequence[bytes]) -> bytes:
        """The document with these entries."""
        return b"".join((self.head, self.between.join(entries), self.tail))


class Pieces:
    """The pieces of articles rendered lately, of together about `limit` bytes.

    A piece is given for an article that is equal in everything to the one it was made of.
    """

    def __init__(self, limit: int) -> None:
        self._kept: Kept[tuple[int, str], tuple[Article, Piece]] = Kept(limit)

    def of(self, article: Article) -> Piece:
        """The piece of an article, in the forms in which it is there."""
        kept = self._kept.get((article.slug_hash, article.source))
        return kept[1] if kept is not None and kept[0] == article else {}

    def add(self, article: Article, piece: Piece) -> Piece:
        """Keep a piece beside those in other forms; what was asked for longest ago goes."""
        piece = {**self.of(article), **piece}
        texts = len(article.entry.content) + len(article.entry.summary)
        size = sum(map(len, piece.values())) + 2 * texts + _OVERHEAD
        self._kept.put((article.slug_hash, article.source), (article, piece), size=size)
        return piece
