"""The exception tree: who made the mistake, and what happens next.

AggregatorError ─┬─ ConfigError            the operator's mistake; exit code 78
                 ├─ SourceError ─┬─ FetchError   one source failed: recorded, others go on
                 │               └─ ParseError
                 ├─ StoreError             the database refused: stop this run; exit code 1
                 ├─ RulingError            a story cannot be split or merged so; exit code 1
                 ├─ ForgottenError         a reading builds on what is not stored: read again
                 └─ PublishError           the disk refused: logged, the next build tries again
"""

from __future__ import annotations

from dataclasses import dataclass


class AggregatorError(Exception):
    """Root of everything this program raises on purpose.

    Survives pickling with all its attributes: errors come out of worker processes, and the
    default way calls the constructor without its keywords.
    """

    def __reduce__(self) -> tuple[object, ...]:
        return _revive, (type(self), self.args, self.__dict__)


def _revive(
    kind: type[AggregatorError], arguments: tuple[object, ...], attributes: dict[str, object]
) -> AggregatorError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in feeds.yaml. Line and column count from 1.

    `hint` says what would be right; `excerpt` is the offending line, for the caret.
    """

    file: str
    line: int
    column: int
    where: str  # path of keys: "outputs[2].sources"
    what: str  # 'no source "bcc"'
    hint: str = ""  # 'did you mean "bbc"?'
    excerpt: str = ""

    def __str__(self) -> str:
        message = f"{self.file}:{self.line}:{self.column}: {self.where}: {self.what}".replace(
            ": : ", ": "
        )
        if self.hint:
            message += f" ({self.hint})"
        if self.excerpt:
            message += f"\n    {self.excerpt}\n    {' ' * (self.column - 1)}^"
        return message


class ConfigError(AggregatorError):
    """feeds.yaml cannot be used. Carries every problem found, in file order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class SourceError(AggregatorError):
    """One source failed. `kind` is a stable word for status and metrics."""

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class FetchError(SourceError):
    """The document could not be had.

    `kind` is one of: blocked_address, dns, connect, tls, timeout, too_large, bad_encoding,
    truncated, redirect, bad_url, http, empty, file, robots. `status` is set when a response
    arrived. `retry_after` and `fresh_for` are seconds, already capped (RFC 9110 §10.2.3,
    RFC 9111 §4.2.1).
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        status: int | None = None,
        retry_after: int | None = None,
        fresh_for: int | None = None,
    ) -> None:
        super().__init__(message, kind=kind)
        self.status = status
        self.retry_after = retry_after
        self.fresh_for = fresh_for


class ParseError(SourceError):
    """The document is not a feed we can read. `kind`: not_a_feed, damaged, deadline, memory."""


class StoreError(AggregatorError):
    """The database refused."""


class RulingError(AggregatorError):
    """What the operator asked of a story cannot be done; nothing was changed."""


class ForgottenError(AggregatorError):
    """Entries that were not read because they had been seen are not stored.

    Nothing was saved; the whole document has to be read.
    """


class PublishError(AggregatorError):
    """The disk refused a published file."""
