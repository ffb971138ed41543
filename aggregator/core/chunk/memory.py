"""What is remembered of the entries of a document until its next version. Pure.

Not the entries: only what the identity of other entries may depend on, in 50 bytes each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_REMEMBERED = 4000  # entries; of larger documents nothing is remembered
MAX_TEXTS = 64  # tails and hosts
MAX_TEXT = 200  # characters of each
NO_HOST = 255

_MAGIC = b"J1"  # of this layout
_HEAD = struct.Struct(">2s16s16sHHHHH")
_ENTRY = struct.Struct(">8s5qBB")
_NAME = struct.Struct(">q?")
_LEFT_OUT = 1
_SIGNED = 2
_BETWEEN_TEXTS = "\n"  # slugs hold none
_BETWEEN_LABELS = "\x1f"

Labels = tuple[str, ...]  # the slugs by which a host names itself, as `site_label` gives them


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One entry of the last version. Hashes are signed 64-bit numbers; 0 stands for none."""

    chunk: bytes  # digest of its bytes
    entry_key: int = 0
    link: int = 0  # of its canonical link
    gist: int = 0  # of the content words of its headline
    tail: int = 0  # of what follows the last separator of its title
    stopped: int = 0  # of the tail at which its headline ends, because it is no site name
    host: int = NO_HOST  # of its link: index into the hosts
    left_out: bool = False  # it had no title, no link and no text
    signed: bool = False  # its headline lost a tail because that is a site name


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
                *map(_packed, self.entries),
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
            entries=tuple(map(_unpacked, _ENTRY.iter_unpack(data[_HEAD.size : after_entries]))),
            names=tuple(_NAME.iter_unpack(data[after_entries:after_names])),
            tails=tuple(texts[:tails]),
            hosts=tuple(tuple(text.split(_BETWEEN_LABELS)) for text in texts[tails:]),
        )


def _packed(entry: Remembered) -> bytes:
    flags = _LEFT_OUT * entry.left_out + _SIGNED * entry.signed
    hashes = (entry.entry_key, entry.link, entry.gist, entry.tail, entry.stopped)
    return _ENTRY.pack(entry.chunk, *hashes, entry.host, flags)


def _unpacked(row: tuple[bytes, int, int, int, int, int, int, int]) -> Remembered:
    chunk, entry_key, link, gist, tail, stopped, host, flags = row
    return Remembered(
        chunk=chunk,
        entry_key=entry_key,
        link=link,
        gist=gist,
        tail=tail,
        stopped=stopped,
        host=host,
        left_out=bool(flags & _LEFT_OUT),
        signed=bool(flags & _SIGNED),
    )
