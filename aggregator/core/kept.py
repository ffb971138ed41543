"""Values kept in memory within a bound: what was asked for longest ago goes first. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """A map that holds values of together at most `limit`; a larger one is not kept at all."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._total = 0.0
        self._values: OrderedDict[Key, tuple[Value, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """The value, which is now the one asked for last; None when it is not kept."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, *, size: float = 1) -> None:
        """Keep a value, and let go of others as needed."""
        self.drop(key)
        if size > self._limit:
            return  # it would push out all others, and then itself
        self._values[key] = value, size
        self._total += size
        while self._total > self._limit:
            _, (_, freed) = self._values.popitem(last=False)
            self._total -= freed

    def drop(self, key: Key) -> None:
        """Let go of a value, if it is kept."""
        found = self._values.pop(key, None)
        if found is not None:
            self._total -= found[1]
