"""Articles that an operator makes up to say what a rule is for: `expect:`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape

from aggregator.core.filter import literals
from aggregator.core.filter.fields import AMOUNT_FIELDS, FIELDS, THINGS
from aggregator.core.filter.fold import fold, words_of
from aggregator.core.filter.problem import RuleError, did_you_mean
from aggregator.core.model import (
    Article,
    Enclosure,
    Entry,
    FeedInfo,
    Person,
    Place,
    Sighting,
)

_EXAMPLE_FIELDS = tuple(field for field in FIELDS if field != "text")
_MANY = ("tag", "author", "has")  # what an article may have several of
_MOST_SOURCES = 1000
_LONGEST_AGE = 100 * 366 * 86400  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An article that a rule should keep, or should not. `where` are the keys that lead to it.

    `fields` is what was written: the title alone, or what each field holds.
    """

    fields: tuple[tuple[str, tuple[str, ...]], ...]
    kept: bool
    place: Place | None = None
    where: str = ""

    def __str__(self) -> str:
        if len(self.fields) == 1 and self.fields[0][0] == "title":
            return f'"{self.fields[0][1][0]}"'
        return ", ".join(f"{name}: {', '.join(values)}" for name, values in self.fields)

    def article(self, now: datetime, *, source: str = "") -> Article:
        """The article; of `source` and published `now` unless it says otherwise."""
        said = dict(self.fields)
        one = {field: values[0] for field, values in self.fields}
        content = one.get("content", "")
        others = range(1, int(one.get("seen_in", "1")))
        return Article(
            slug="example",
            slug_hash=0,
            id="urn:example",
            source=one.get("source", source),
            info=FeedInfo(language=one.get("lang", "")),
            entry=Entry(
                guid="example",
                title=one.get("title", ""),
                link=one.get("link", f"https://{one['host']}/" if "host" in one else ""),
                authors=_authors(said),
                categories=said.get("tag", ()),
                summary=escape(one.get("summary", "")),
                content=escape(content),
                enclosures=_enclosures(said),
                image="https://example.org/image" if "image" in said.get("has", ()) else "",
            ),
            first_seen=now,
            sort_at=_moment(one, now),
            updated=now,
            sightings=tuple(Sighting(source=f"+{n}", title="", link="") for n in others),
            words=int(one.get("words", len(words_of(fold(content or one.get("summary", "")))))),
        )


def read_example(value: object, *, kept: bool, place: Place | None, where: str) -> Example:
    """Read a title, or a mapping of fields; raises RuleError whose path leads to the mistake."""
    fields = value if isinstance(value, Mapping) else {"title": value}
    if not fields:
        raise RuleError("the example is empty", hint="write a title")
    read = tuple((str(name), _read(str(name), said)) for name, said in fields.items())
    return Example(fields=read, kept=kept, place=place, where=where)


def _read(name: str, said: object) -> tuple[str, ...]:
    if name not in _EXAMPLE_FIELDS:
        hint = did_you_mean(name, _EXAMPLE_FIELDS)
        raise RuleError(f'an example has no field "{name}"', hint=hint, path=(name,))
    values = tuple(said) if isinstance(said, list | tuple) else (said,)
    if not values or (len(values) > 1 and name not in _MANY):
        raise RuleError(f"{name} takes one value", path=(name,))
    for value in values:
        if not isinstance(value, str):
            raise RuleError(f"expected text as {name}", hint="a title", path=(name,))
        _check_value(name, value)
    return tuple(str(value) for value in values)


def _check_value(name: str, value: str) -> None:
    if name == "has" and value not in THINGS:
        raise RuleError(f'has: knows no "{value}"', hint=did_you_mean(value, THINGS), path=(name,))
    if name not in AMOUNT_FIELDS:
        return
    try:
        amount = literals.amount(name, value)
    except ValueError as error:
        hint = f"write {name}: {_AMOUNTS[name]}"
        raise RuleError(f'"{value}" is no amount of {name}', hint=hint, path=(name,)) from error
    if name == "seen_in" and not (isinstance(amount, int) and 1 <= amount <= _MOST_SOURCES):
        raise RuleError(f"seen_in is from 1 to {_MOST_SOURCES}", path=(name,))


_AMOUNTS = {"words": "300", "seen_in": "2", "age": "36h", "date": "2025-06-01"}


def _moment(one: Mapping[str, str], now: datetime) -> datetime:
    if "date" in one:
        said = literals.amount("date", one["date"])
        if isinstance(said, datetime):
            return said
        if isinstance(said, date):
            return datetime.combine(said, time(), UTC)
    age = literals.amount("age", one["age"]) if "age" in one else 0
    assert isinstance(age, int)
    return now - timedelta(seconds=min(age, _LONGEST_AGE))


def _authors(said: Mapping[str, Sequence[str]]) -> tuple[Person, ...]:
    names = said.get("author", ())
    if not names and "author" in said.get("has", ()):
        names = ("somebody",)
    return tuple(Person(name) for name in names)


def _enclosures(said: Mapping[str, Sequence[str]]) -> tuple[Enclosure, ...]:
    if "enclosure" not in said.get("has", ()):
        return ()
    return (Enclosure(href="https://example.org/enclosure", type="audio/mpeg"),)
