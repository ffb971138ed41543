"""Regular expressions that cannot hang the program. Pure; the only importer of regex.

It is loaded for the first pattern: most rules are words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aggregator.core.filter.bounds import MAX_PATTERN_GROUPS, MAX_PATTERN_SIZE, PATTERN_SECONDS

if TYPE_CHECKING:
    import regex

FLAGS = {"i": "IGNORECASE", "m": "MULTILINE", "s": "DOTALL", "x": "VERBOSE"}

# Escapes and character classes as wholes, so that their brackets and braces do not count.
_STRUCTURE = re.compile(
    r"\\.|\[(?:\\.|[^\]\\])+\]|[()]|\{\s*(\d*)\s*(?:,\s*(\d*)\s*)?\}", re.DOTALL
)

# Anchors, boundaries, references back, and groups that look around or do other tricks.
_LOOKS_AROUND = re.compile(r"[\\^$]|\(\?(?!:)|\(\*")


class PatternError(ValueError):
    """A regular expression that does not compile; `offset` counts characters into it."""

    def __init__(self, message: str, *, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


class Search:
    """A compiled pattern that looks for at most 50 ms. Picklable."""

    __slots__ = ("_pattern",)

    def __init__(self, source: str, flags: str) -> None:
        """Compile; raises PatternError for bad syntax and for what would explode."""
        import regex  # noqa: PLC0415

        _refuse_explosions(source)
        bits = regex.VERSION0
        for flag in flags:
            bits |= getattr(regex, FLAGS[flag])
        try:
            self._pattern: regex.Pattern[str] = regex.compile(source, bits)
        except regex.error as error:
            raise PatternError(error.msg, offset=error.pos or 0) from error
        except (RecursionError, MemoryError, OverflowError, ValueError) as error:
            raise PatternError(str(error) or "too complicated") from error

    def found_in(self, text: str) -> bool | None:
        """Does the pattern occur in `text`? None when time ran out.

        The interpreter lock is released meanwhile, so that an event loop in another thread
        goes on.
        """
        try:
            return self._pattern.search(text, timeout=PATTERN_SECONDS, concurrent=True) is not None
        except (TimeoutError, MemoryError):
            return None


def matches_everything(source: str, flags: str) -> bool:
    """Is it sure that the pattern occurs in every text, as `/a|/` and `/b*/` do?

    Such a pattern can match nothing, and asks nothing of what stands around it.
    """
    return not _LOOKS_AROUND.search(source) and Search(source, flags).found_in("") is True


def _refuse_explosions(source: str) -> None:
    """Refuse what makes the compiler itself run out of memory (regex 2026.11.15).

    Counted repeats may be multiplied out, and every level of nested repeats may double the
    code. Comments are refused because a bracket in one would hide groups from this count.
    """
    if "(?#" in source:
        raise PatternError("comments are not supported", offset=source.index("(?#"))
    depth = 0
    deepest = 0
    repeats = 1
    for piece in _STRUCTURE.finditer(source):
        depth += (piece[0] == "(") - (piece[0] == ")")
        deepest = max(deepest, depth)
        repeats *= max(1, *(int(count) for count in piece.groups("0") if count))
        if deepest > MAX_PATTERN_GROUPS:
            raise PatternError("groups are nested too deeply", offset=piece.start())
        if repeats << deepest > MAX_PATTERN_SIZE:
            raise PatternError("counted repeats multiply to too many", offset=piece.start())
