"""Collects every mistake in one feeds.yaml, each with its place and the line it stands on.

Nothing that may be a secret gets out: user info in URLs and the values of private keys are
starred in every message and excerpt.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

from aggregator.core.errors import ConfigError, Problem
from aggregator.core.model import Place

Span = tuple[int, int]  # offsets into the text, end exclusive

# libyaml counts lines by these, and so must we.
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# Greedy up to the last @: a password may hold a slash. The scheme may be missing.
_USER_INFO = re.compile(r"""(?:(?<=://)[^\s"'<>]*|[^\s"'<>:/]+:(?!//)[^\s"'<>]+)(?=@)""")
_LONGEST_EXCERPT = 160
_FAR_ENOUGH = 8192  # user info that begins in an excerpt ends before this
_MOST_PROBLEMS = 1000


class Problems:
    """The mistakes found so far in `text`. `file` is its name as the operator gave it."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._found: list[Problem] = []
        self._starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]
        self._private: Callable[[], Sequence[Span]] = tuple
        self._concealed: list[Span] = []

    def hide(self, private: Callable[[], Sequence[Span]]) -> None:
        """Star these spans of the text in excerpts; asked only when there is a problem."""
        self._private = private

    def conceal(self, span: Span) -> None:
        """Star one more span."""
        self._concealed.append(span)

    def place(self, offset: int) -> Place:
        """Line and column of an offset into the text."""
        line = bisect_right(self._starts, offset)
        return Place(self.file, line, offset - self._starts[line - 1] + 1)

    def offset(self, place: Place) -> int:
        """The offset into the text of a place in it."""
        return self._starts[place.line - 1] + place.column - 1

    def add(self, offset: int, where: str, what: str, hint: str = "") -> None:
        """Note one mistake at an offset into the text."""
        place = self.place(offset)
        problem = Problem(
            file=self.file,
            line=place.line,
            column=place.column,
            where=where,
            what=without_user_info(what),
            hint=without_user_info(hint),
        )
        self._found.append(problem)

    def fail(self, offset: int, where: str, what: str, hint: str = "") -> NoReturn:
        """Note a mistake after which nothing more can be said, and raise."""
        self.add(offset, where, what, hint)
        raise self._error()

    def raise_if_any(self) -> None:
        """Raise ConfigError with everything found, in file order."""
        if self._found:
            raise self._error()

    def found(self) -> tuple[Problem, ...]:
        """Everything noted so far, in file order."""
        return self._error().problems

    def _error(self) -> ConfigError:
        """Excerpts come last: only now is it known what must not be shown."""
        private = (*self._private(), *self._concealed)
        ordered = sorted(self._found, key=lambda problem: (problem.line, problem.column))
        distinct = list(dict.fromkeys(ordered))[:_MOST_PROBLEMS]
        return ConfigError(
            tuple(replace(problem, excerpt=self._excerpt(problem, private)) for problem in distinct)
        )

    def _excerpt(self, problem: Problem, private: Sequence[Span]) -> str:
        if problem.column > _LONGEST_EXCERPT:
            return ""
        start = self._starts[problem.line - 1]
        line_break = _LINE_BREAK.search(self.text, start)
        end = min(line_break.start() if line_break else len(self.text), start + _FAR_ENOUGH)
        line = _starred(self.text[start:end], start, private)
        line = _USER_INFO.sub(lambda match: "*" * len(match[0]), line)[:_LONGEST_EXCERPT]
        return "".join(character if character.isprintable() else " " for character in line)


def without_user_info(message: str) -> str:
    """Replace `user:password` of every URL in a message by three stars."""
    return _USER_INFO.sub("***", message)


def _starred(line: str, start: int, private: Sequence[Span]) -> str:
    """Star what is private, length kept: the caret below must still point right."""
    for first, last in private:
        begin = max(first - start, 0)
        end = min(last - start, len(line))
        if begin < end:
            line = line[:begin] + "*" * (end - begin) + line[end:]
    return line
