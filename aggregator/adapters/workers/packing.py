"""Values to bytes and back, quickly: pickle with a short way for frozen slotted dataclasses.

A reading is thousands of small dataclasses, and they are unpickled in the process that also
serves. Their own way goes through dataclasses.fields() for each instance; this one does not.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from functools import cache
from types import MemberDescriptorType
from typing import Any

_Put = Callable[[object, object], None]


def pack(value: object) -> list[bytes]:
    """Return `value` as pieces to be sent in order. Large bytes are passed on, not copied."""
    pieces = _Pieces()
    _Pickler(pieces, pickle.HIGHEST_PROTOCOL).dump(value)
    return pieces.written


def unpack(data: bytes | bytearray) -> Any:
    """Return the value. Only for what our own processes packed: unpickling runs code."""
    return pickle.loads(data)  # noqa: S301


class _Pieces:
    """What the pickler takes for a file."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.written.append(piece)
        return len(piece)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Take a plain dataclass apart into its class and the values of its slots."""
        names = _slots(type(value))
        if names is None:
            return NotImplemented
        return _build, (type(value), *[getattr(value, name) for name in names])


def _build(kind: type[object], *values: object) -> object:
    made = object.__new__(kind)
    for put, value in zip(_setters(kind), values, strict=True):
        put(made, value)
    return made


def _find_slots(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a frozen slotted dataclass that pickles in the usual way, else None."""
    if not dataclasses.is_dataclass(kind):
        return None
    usual = getattr(kind.__dict__.get("__getstate__"), "__module__", "") == "dataclasses"
    if not usual or kind.__reduce__ is not object.__reduce__:
        return None
    names = tuple(field.name for field in dataclasses.fields(kind))
    slotted = all(isinstance(getattr(kind, name, None), MemberDescriptorType) for name in names)
    return names if slotted else None


def _find_setters(kind: type) -> tuple[_Put, ...]:
    return tuple(getattr(kind, name).__set__ for name in _slots(kind) or ())


_slots: Callable[[type], tuple[str, ...] | None] = cache(_find_slots)
_setters: Callable[[type], tuple[_Put, ...]] = cache(_find_setters)
