"""Reads the value of one key: what YAML says -> what it means; Wrong otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final, TypeVar

from aggregator.adapters.config import values
from aggregator.adapters.config.values import Address, Wrong, quoted
from aggregator.core.settings import Schedule, Secret
from aggregator.core.shares import Quota

Element = TypeVar("Element")

_LONGEST_SECRET = 65_536  # bytes of a file that holds one
_LONGEST_LINE = 1000
USUAL_PAGE: Final = 100  # articles of an archive page
SMALLEST_PAGE: Final = 10
LARGEST_PAGE: Final = 1000
LARGEST_QUOTA: Final = 10_000
_PERIODS: Final = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 §5.6.2 token
_OWN_HEADERS: Final = frozenset(
    "a-im accept-encoding connection content-length expect host if-match if-modified-since "
    "if-none-match if-range if-unmodified-since keep-alive range te trailer transfer-encoding "
    "upgrade".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the file cannot know: the environment, its own folder, what a cron text may say.

    `defaults` are the values of the keys of each shape when they are left out, as far as they
    were needed.
    """

    environ: Mapping[str, str]
    folder: Path
    check_cron: Callable[[str], None]
    defaults: dict[type, dict[str, object]] = field(default_factory=dict)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        raise Wrong(f"expected text, found {named(value)}", f'write it in quotes: "{shown}"')
    raise Wrong(f"expected text, found {named(value)}")


def named(value: object) -> str:
    """What a value is, without saying it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "keys"


def read_line(value: object) -> str:
    text = _text(value)
    if len(text) > _LONGEST_LINE:
        raise Wrong(f"longer than {_LONGEST_LINE} characters")
    if _CONTROL.search(text):
        raise Wrong("holds a line break or control character", "write it on one line")
    return text


def read_printable_line(value: object) -> str:
    text = read_line(value)
    if not text.strip():
        raise Wrong("is empty")
    return text


def read_expanded(value: object, around: Surroundings) -> str:
    return read_line(values.expand(_text(value), around.environ))


def read_secret(value: object, around: Surroundings) -> Secret:
    if isinstance(value, dict):
        return Secret(value=_secret_file(value, around))
    text = values.expand(_secret_text(value), around.environ)
    if _CONTROL.search(text):
        raise Wrong("holds a line break or control character")
    return Secret(value=text)


def _secret_text(value: object) -> str:
    if isinstance(value, str):
        return value
    hint = "write it in quotes, as ${NAME}, or as {file: path}"
    raise Wrong(f"expected text, found {named(value)}", hint)


def _secret_file(value: dict[str, object], around: Surroundings) -> str:
    if set(value) != {"file"}:
        raise Wrong("expected text or the one key file", "write {file: path}")
    return _read_secret(value["file"], around)


def _read_secret(value: object, around: Surroundings) -> str:
    path = read_path(value, around)
    shown = quoted(str(value))
    try:
        with path.open("rb") as opened:
            raw = opened.read(_LONGEST_SECRET + 1)
        text = raw.decode().rstrip("\r\n")
    except OSError as error:
        raise Wrong(f"cannot read {shown}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Wrong(f"{shown} is not UTF-8 text") from error
    if not text or len(raw) > _LONGEST_SECRET:
        raise Wrong(f"{shown} is {'too large' if text else 'empty'}")
    if not text.isprintable():
        raise Wrong(f"{shown} holds more than one line, or control characters")
    return text


def read_password_file(value: object, around: Surroundings) -> Secret:
    return Secret(value=_read_secret(value, around))


def read_token(value: object, around: Surroundings) -> Secret:
    """A secret that is part of an address: long enough not to be guessed, nothing to escape."""
    secret = read_secret(value, around)
    if not _TOKEN.fullmatch(secret.value):
        what = "a token has 16 to 128 characters of A-Z, a-z, 0-9, hyphen and underscore"
        raise Wrong(what, "python -c 'import secrets; print(secrets.token_urlsafe())' makes one")
    return secret


def read_path(value: object, around: Surroundings) -> Path:
    text = read_expanded(value, around)
    if not text:
        raise Wrong("is empty", "write a path")
    if text.startswith("~"):
        raise Wrong("~ is not expanded", "write ${HOME} or the full path")
    return around.folder / text


def read_file(value: object, around: Surroundings) -> Path:
    path = read_path(value, around)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        hint = "paths are relative to the folder of this file"
        raise Wrong(f"{quoted(str(value))} {what}", hint)
    return path


def read_url(value: object, around: Surroundings) -> Address:
    typed = _text(value)
    return values.address(values.expand(typed, around.environ), typed=typed)


def _bare_url(value: object, around: Surroundings) -> str:
    found = read_url(value, around)
    if found.username or found.password:
        raise Wrong("a public address carries no user name or password")
    return found.url


def read_base_url(value: object, around: Surroundings) -> str:
    url = _bare_url(value, around)
    if "?" in url:
        raise Wrong("a public address has no query", "write https://feeds.example.org/")
    return url if url.endswith("/") else url + "/"


def read_hub(value: object, around: Surroundings) -> str:
    return _bare_url(value, around)


def read_archive(value: object) -> int | None:
    """Return the articles of one archive page; 0: no archive, None: the feed is complete."""
    if isinstance(value, bool):
        return USUAL_PAGE if value else 0
    if isinstance(value, int):
        if SMALLEST_PAGE <= value <= LARGEST_PAGE:
            return value
        raise Wrong(f"{value} is not from {SMALLEST_PAGE} to {LARGEST_PAGE}")
    known: dict[object, int | None] = {"on": USUAL_PAGE, "off": 0, "complete": None}
    if not isinstance(value, str) or value not in known:
        raise Wrong("is neither a number nor one of on, off and complete")
    return known[value]


def read_quota(value: object) -> Quota:
    """Return `30` or `"3/day"` as a quota."""
    size, period = value, None
    if isinstance(value, str):
        number, _, name = value.partition("/")
        size = int(number) if re.fullmatch("[0-9]{1,9}", number) else None
        period = _PERIODS.get(name)
    if not isinstance(size, int) or isinstance(size, bool) or (period is None and size != value):
        raise Wrong("is neither a number nor so many in a period", 'write 30 or "3/day"')
    if not 1 <= size <= LARGEST_QUOTA:
        raise Wrong(f"{size} is not from 1 to {LARGEST_QUOTA}")
    return Quota(size, period)


def read_proxy(value: object, around: Surroundings) -> str:
    text = read_expanded(value, around)
    values.address(text, typed=_text(value))
    return text


def _identifier(value: object) -> str:
    return values.identifier(_text(value))


def read_source_id(value: object) -> str:
    text = _identifier(value)
    if text == "all":
        raise Wrong('"all" means all sources and cannot be the id of one')
    return text


def read_output_id(value: object) -> str:
    text = _identifier(value)
    ending = text.rpartition(".")[2]
    if ending in {"atom", "rss", "json", "html", "xml", "gz", "br", "zst"} and "." in text:
        hint = f"did you mean {quoted(text.rpartition('.')[0])}?"
        raise Wrong(f"an id that ends in .{ending} would collide with published files", hint)
    return text


def distinct(value: tuple[Element, ...]) -> tuple[Element, ...]:
    return tuple(dict.fromkeys(value))


def read_tag(value: object) -> str:
    text = read_printable_line(value).strip()
    if len(text) > 64:
        raise Wrong(f"the tag {quoted(text)} is longer than 64 characters")
    return text


def selecting(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise Wrong("selects nothing", "leave the key out for all sources")
    return distinct(value)


def read_interval(value: object, around: Surroundings) -> Schedule:
    if value == "auto":
        return Schedule()
    if isinstance(value, dict):
        if set(value) != {"cron"}:
            raise Wrong("expected the one key cron", 'write {cron: "0 6 * * *"}')
        return read_cron(value["cron"], around)
    every = values.duration(value)
    if every < timedelta(seconds=1):
        raise Wrong(f"{quoted(str(value))} is shorter than a second")
    return Schedule(every=every)


def read_cron(value: object, around: Surroundings) -> Schedule:
    text = read_line(_text(value))
    try:
        around.check_cron(text)
    except ValueError as error:
        raise Wrong(str(error), 'write minute hour day month weekday: "0 6 * * *"') from error
    return Schedule(cron=text)


def read_network(value: object) -> IPv4Network | IPv6Network:
    return values.network(_text(value))


def read_header_name(value: object) -> str:
    text = _text(value)
    if not _HEADER.fullmatch(text):
        raise Wrong(f"{quoted(text)} is not a header name", "letters, digits and hyphens")
    if text.lower() in _OWN_HEADERS:
        raise Wrong(f"the header {quoted(text)} is set by the program itself")
    return text


def read_language(value: object) -> str:
    text = _text(value)
    if text and not _LANGUAGE.fullmatch(text):
        raise Wrong(f"{quoted(text)} is not a language tag", "write en, de or pt-BR")
    return text


def read_atom_id(value: object) -> str:
    text = read_line(value)
    if text and not _IRI.fullmatch(text):
        hint = "write tag:example.org,2026:kursk or urn:uuid:…"
        raise Wrong(f"{quoted(text)} is not an absolute IRI", hint)
    return text


def read_listen(value: object, around: Surroundings) -> str:
    return values.listen(read_expanded(value, around), typed=_text(value))


def off_switch(value: object) -> object:
    if value is False or value == "off":
        return {"enabled": False}
    return {} if value is True or value == "on" else value


def read_way(value: object) -> str:
    text = _text(value)
    if text not in {"guid", "link", "slug"}:
        raise Wrong(f"{quoted(text)} is not a way to recognise an entry", "guid, link or slug")
    return text


def read_switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, found {named(value)}")
    return value


def read_number(value: object, *, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong(f"expected a whole number, found {named(value)}")
    if value < low:
        raise Wrong(f"must be at least {low}")
    if value > high:
        raise Wrong(f"must be at most {high}")
    return value


def read_order(value: object) -> str:
    if value != "newest" and value != "oldest":
        raise Wrong("expected 'newest' or 'oldest'")
    return value


def read_duration(value: object, *, low: timedelta, high: timedelta) -> timedelta:
    amount = values.duration(value)
    if not low <= amount <= high:
        raise Wrong(f"{quoted(str(value))} is not between {low} and {high}")
    return amount


def read_size(value: object, *, low: int, high: int) -> int:
    amount = values.size(value)
    if not low <= amount <= high:
        what = f"{quoted(str(value))} is not between {low >> 10}KiB and {high >> 20}MiB"
        raise Wrong(what)
    return amount
