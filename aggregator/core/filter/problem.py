"""What is wrong with a rule, where in it, and what would be right. Pure."""

from __future__ import annotations

from difflib import get_close_matches

Path = tuple[str | int, ...]


class RuleError(ValueError):
    """A rule cannot be understood.

    `path` leads from the rule's value to the YAML node at fault: ("any", 0, "title").
    `offset` counts characters from 0 within the one-line text at that node; None when the
    whole node is at fault. `all` holds every mistake found in the rule, this one first.
    """

    def __init__(
        self, message: str, *, hint: str = "", path: Path = (), offset: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path
        self.offset = offset
        self.all: tuple[RuleError, ...] = (self,)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """The hint for a name that is not known: the closest one, else all of them."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"known are {', '.join(known)}"
