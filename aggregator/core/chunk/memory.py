"""What is remembered of the entries of a document until its next version. Pure.

Not the entries: only what the identity of other entries may depend on, in 50 bytes each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

MAX_REMEMBERED = 4000  # entries; of larger documents nothing is remembered
MAX_TEXTS = 64  # tails and hosts
MAX_TEXT = 200  # characters of each
NO_HOST = 255
LEFT_OUT = 1
SIGNED = 2

_MAGIC = b"J1"  # of this layout
_HEAD = struct.Struct(">2s16s16sHHHHH")
_ENTRY = struct.Struct(">8s5qBB")
_NAME = struct.Struct(">q?")
_BETWEEN_TEXTS = "\n"  # slugs hold none
_BETWEEN_LABELS = "\x1f"

Labels = tuple[str, ...]  # the slugs by which a host names itself, none of them empty


class Remembered(NamedTuple):
    """One entry of the last version, as it is packed. Hashes are signed 64-bit numbers.

    A tuple, because hundreds of them are unpacked and packed for one new entry.
    """

    chunk: bytes  # digest of its bytes
    entry_key: int = 0
    link: int = 0  # hash of its canonical link; 0: none
    gist: int = 0  # hash of the content words of its headline
    tail: int = 0  # hash of what follows the last separator of its title; 0: nothing
    stopped: int = 0  # hash of the tail that its headline kept: it is no site name; 0: none
    host: int = NO_HOST  # of its link: index into the hosts
    flags: int = 0

    @property
    def left_out(self) -> bool:
        """It had no title, no link and no text."""
        return bool(self.flags & LEFT_OUT)

    @property
    def signed(self) -> bool:
        """Its headline lost a tail because that is a site name."""
        return bool(self.flags & SIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The last version of a document, as far as the next one may depend on it."""

    origin: bytes  # 16 bytes: the source, and the version of the program
    context: bytes  # 16 bytes: all outside of the entries that shaped what was read from them
    prefixes: int  # namespaces that the entries declared, at most
    entries: tuple[Remembered, ...]
    names: tuple[tuple[int, bool], ...]  # hash of each site name; has an entry lost it?
    tails: tuple[str, ...]  # those that may become a site name
    hosts: tuple[Labels, ...]

    def to_bytes(self) -> bytes:
        """Return at most about 50 bytes for an entry; b"" when there is too much to remember."""
        if len(self.entries) > MAX_REMEMBERED:
            return b""
        texts = [*self.tails, *(_BETWEEN_LABELS.join(labels) for labels in self.hosts)]
        counts = (len(self.entries), len(self.names), len(self.tails), len(self.hosts))
        return b"".join(
            (
                _HEAD.pack(_MAGIC, self.origin, self.context, self.prefixes, *counts),
                *starmap(_ENTRY.pack, self.entries),
                *(_NAME.pack(*name) for name in self.names),
                _BETWEEN_TEXTS.join(texts).encode("utf-8"),
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes, *, origin: bytes) -> Memory | None:
        """Return what was remembered; None when it is of another origin, or damaged."""
        try:
            memory = cls._from_bytes(data) if data else None
        except (struct.error, UnicodeDecodeError, ValueError):
            return None
        return memory if memory and memory.origin == origin else None

    @classmethod
    def _from_bytes(cls, data: bytes) -> Memory | None:
        magic, origin, context, prefixes, *counts = _HEAD.unpack_from(data)
        if magic != _MAGIC:
            return None
        entries, names, tails, hosts = counts
        after_entries = _HEAD.size + entries * _ENTRY.size
        after_names = after_entries + names * _NAME.size
        texts = data[after_names:].decode("utf-8").split(_BETWEEN_TEXTS) if tails + hosts else []
        if len(texts) != tails + hosts:
            return None
        return cls(
            origin=origin,
            context=context,
            prefixes=prefixes,
            entries=tuple(
                map(Remembered._make, _ENTRY.iter_unpack(data[_HEAD.size : after_entries]))
            ),
            names=tuple(_NAME.iter_unpack(data[after_entries:after_names])),
            tails=tuple(texts[:tails]),
            hosts=tuple(tuple(filter(None, text.split(_BETWEEN_LABELS))) for text in texts[tails:]),
        )
