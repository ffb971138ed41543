"""The types that keys of feeds.yaml have: how each is spelled, read and described.

A type is an Annotated with three parts: the function that reads it, its JSON Schema, and the
word for it in the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo, WithJsonSchema

from aggregator.adapters.config import values
from aggregator.adapters.config.values import Address, Wrong, quoted
from aggregator.core.settings import Schedule, Secret

Element = TypeVar("Element")

_LONGEST_SECRET = 65_536  # bytes of a file that holds one
_LONGEST_LINE = 1000
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 §5.6.2 token
_OWN_HEADERS: Final = frozenset(
    "a-im accept-encoding connection content-length expect host if-match if-modified-since "
    "if-none-match if-range if-unmodified-since keep-alive range te trailer transfer-encoding "
    "upgrade".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the file cannot know: the environment, its own folder, what a cron text may say."""

    environ: Mapping[str, str]
    folder: Path
    check_cron: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """The word for a type in the documentation."""

    word: str


@dataclass(frozen=True, slots=True)
class UserInfoUrl:
    """A URL as typed, and what it means."""

    typed: str
    address: Address


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


def _line(value: object) -> str:
    text = _text(value)
    if len(text) > _LONGEST_LINE:
        raise Wrong(f"longer than {_LONGEST_LINE} characters")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        raise Wrong("holds a line break or control character", "write it on one line")
    return text


def _printable_line(value: object) -> str:
    text = _line(value)
    if not text.strip():
        raise Wrong("is empty")
    return text


def _expanded(value: object, info: ValidationInfo) -> str:
    return _line(values.expand(_text(value), _around(info).environ))


def _around(info: ValidationInfo) -> Surroundings:
    assert isinstance(info.context, Surroundings)
    return info.context


def _secret(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, dict):
        return Secret(value=_secret_file(value, info))
    text = values.expand(_secret_text(value), _around(info).environ)
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise Wrong("holds a line break or control character")
    return Secret(value=text)


def _secret_text(value: object) -> str:
    if isinstance(value, str):
        return value
    hint = "write it in quotes, as ${NAME}, or as {file: path}"
    raise Wrong(f"expected text, found {named(value)}", hint)


def _secret_file(value: dict[str, object], info: ValidationInfo) -> str:
    if set(value) != {"file"}:
        raise Wrong("expected text or the one key file", "write {file: path}")
    return _read_secret(value["file"], info)


def _read_secret(value: object, info: ValidationInfo) -> str:
    path = _path(value, info)
    try:
        with path.open("rb") as opened:
            raw = opened.read(_LONGEST_SECRET + 1)
        text = raw.decode().rstrip("\r\n")
    except OSError as error:
        raise Wrong(f"cannot read {quoted(str(path))}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Wrong(f"{quoted(str(path))} is not UTF-8 text") from error
    if not text or len(raw) > _LONGEST_SECRET:
        raise Wrong(f"{quoted(str(path))} is {'too large' if text else 'empty'}")
    if not text.isprintable():
        raise Wrong(f"{quoted(str(path))} holds more than one line, or control characters")
    return text


def _password_file(value: object, info: ValidationInfo) -> Secret:
    return Secret(value=_read_secret(value, info))


def _path(value: object, info: ValidationInfo) -> Path:
    text = _expanded(value, info)
    if not text:
        raise Wrong("is empty", "write a path")
    if text.startswith("~"):
        raise Wrong("~ is not expanded", "write ${HOME} or the full path")
    return _around(info).folder / text


def _file(value: object, info: ValidationInfo) -> Path:
    path = _path(value, info)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise Wrong(f"{quoted(str(path))} {what}", "paths are relative to the folder of this file")
    return path


def _url(value: object, info: ValidationInfo) -> UserInfoUrl:
    typed = _text(value)
    text = values.expand(typed, _around(info).environ)
    return UserInfoUrl(typed, values.address(text, typed=typed))


def _bare_url(value: object, info: ValidationInfo) -> str:
    found = _url(value, info)
    if found.address.username or found.address.password:
        raise Wrong("a public address carries no user name or password")
    return found.address.url


def _base_url(value: object, info: ValidationInfo) -> str:
    url = _bare_url(value, info)
    if "?" in url:
        raise Wrong("a public address has no query", "write https://feeds.example.org/")
    return url if url.endswith("/") else url + "/"


def _proxy(value: object, info: ValidationInfo) -> str:
    text = _expanded(value, info)
    values.address(text, typed=_text(value))
    return text


def _identifier(value: object) -> str:
    return values.identifier(_text(value))


def _source_id(value: object) -> str:
    text = _identifier(value)
    if text == "all":
        raise Wrong('"all" means all sources and cannot be the id of one')
    return text


def _output_id(value: object) -> str:
    text = _identifier(value)
    ending = text.rpartition(".")[2]
    if ending in {"atom", "rss", "json", "html", "xml", "gz", "br", "zst"} and "." in text:
        hint = f"did you mean {quoted(text.rpartition('.')[0])}?"
        raise Wrong(f"an id that ends in .{ending} would collide with published files", hint)
    return text


def _listed(value: object) -> object:
    """One is as good as a list of one."""
    return tuple(value) if isinstance(value, list) else (value,)


def _distinct(value: tuple[Element, ...]) -> tuple[Element, ...]:
    return tuple(dict.fromkeys(value))


def _tag(value: object) -> str:
    text = _printable_line(value).strip()
    if len(text) > 64:
        raise Wrong(f"the tag {quoted(text)} is longer than 64 characters")
    return text


def _selecting(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise Wrong("selects nothing", "leave the key out for all sources")
    return _distinct(value)


def _interval(value: object, info: ValidationInfo) -> Schedule:
    if value == "auto":
        return Schedule()
    if isinstance(value, dict):
        if set(value) != {"cron"}:
            raise Wrong("expected the one key cron", 'write {cron: "0 6 * * *"}')
        return _cron(value["cron"], info)
    every = values.duration(value)
    if every < timedelta(seconds=1):
        raise Wrong(f"{quoted(str(value))} is shorter than a second")
    return Schedule(every=every)


def _cron(value: object, info: ValidationInfo) -> Schedule:
    text = _line(_text(value))
    try:
        _around(info).check_cron(text)
    except Wrong:
        raise
    except ValueError as error:
        hint = 'five fields: minute hour day month weekday, such as "0 6 * * *"'
        raise Wrong(f"{quoted(text)} is not a cron expression: {error}", hint) from error
    return Schedule(cron=text)


def _network(value: object) -> IPv4Network | IPv6Network:
    return values.network(_text(value))


def _header_name(value: object) -> str:
    text = _text(value)
    if not _HEADER.fullmatch(text):
        raise Wrong(f"{quoted(text)} is not a header name", "letters, digits and hyphens")
    if text.lower() in _OWN_HEADERS:
        raise Wrong(f"the header {quoted(text)} is set by the program itself")
    return text


def _language(value: object) -> str:
    text = _text(value)
    if text and not _LANGUAGE.fullmatch(text):
        raise Wrong(f"{quoted(text)} is not a language tag", "write en, de or pt-BR")
    return text


def _atom_id(value: object) -> str:
    text = _line(value)
    if text and not _IRI.fullmatch(text):
        hint = "write tag:example.org,2026:kursk or urn:uuid:…"
        raise Wrong(f"{quoted(text)} is not an absolute IRI", hint)
    return text


def _listen(value: object, info: ValidationInfo) -> str:
    return values.listen(_expanded(value, info))


def _dedupe(value: object) -> object:
    if value is False or value == "off":
        return {"enabled": False}
    return {} if value is True or value == "on" else value


def _way(value: object) -> str:
    text = _text(value)
    if text not in {"guid", "link", "slug"}:
        raise Wrong(f"{quoted(text)} is not a way to recognise an entry", "guid, link or slug")
    return text


def _within(low: timedelta, high: timedelta) -> PlainValidator:
    def read(value: object) -> timedelta:
        amount = values.duration(value)
        if not low <= amount <= high:
            raise Wrong(f"{quoted(str(value))} is not between {low} and {high}")
        return amount

    return PlainValidator(read)


def _bytes_within(low: int, high: int) -> PlainValidator:
    def read(value: object) -> int:
        amount = values.size(value)
        if not low <= amount <= high:
            what = f"{quoted(str(value))} is not between {low >> 10}KiB and {high >> 20}MiB"
            raise Wrong(what)
        return amount

    return PlainValidator(read)


_STRING: Final[dict[str, Any]] = {"type": "string"}
_STRINGS: Final[dict[str, Any]] = {
    "anyOf": [_STRING, {"type": "array", "items": _STRING}],
}
_DURATION: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]{1,9}(ms|s|m|h|d|w)$"}
_SIZE: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]{1,9}(B|KiB|MiB|GiB)$"}
_ID: Final[dict[str, Any]] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"}
_CRON: Final[dict[str, Any]] = {"type": "string", "pattern": r"^\s*(\S+\s+){4}\S+\s*$"}
_CRON_KEY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"cron": _CRON},
    "required": ["cron"],
    "additionalProperties": False,
}
_FILE_KEY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"file": _STRING},
    "required": ["file"],
    "additionalProperties": False,
}
_RULE: Final[dict[str, Any]] = {"type": ["string", "array", "object"]}


def _schema(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema(schema)


Line = Annotated[str, PlainValidator(_line), _schema(_STRING), Kind("text")]
Expanded = Annotated[str, PlainValidator(_expanded), _schema(_STRING), Kind("text, `${VAR}`")]
BaseUrl = Annotated[str, PlainValidator(_base_url), _schema(_STRING), Kind("URL, `${VAR}`")]
Proxy = Annotated[str, PlainValidator(_proxy), _schema(_STRING), Kind("URL, `${VAR}`")]
SourceUrl = Annotated[UserInfoUrl, PlainValidator(_url), _schema(_STRING), Kind("URL, `${VAR}`")]
File = Annotated[Path, PlainValidator(_file), _schema(_STRING), Kind("path, `${VAR}`")]
Folder = Annotated[Path, PlainValidator(_path), _schema(_STRING), Kind("path, `${VAR}`")]
SourceId = Annotated[str, PlainValidator(_source_id), _schema(_ID), Kind("id")]
OutputId = Annotated[str, PlainValidator(_output_id), _schema(_ID), Kind("id")]
_LISTED = BeforeValidator(_listed)
_DISTINCT = AfterValidator(_distinct)
Tags = Annotated[
    tuple[Annotated[str, PlainValidator(_tag)], ...],
    _LISTED,
    _DISTINCT,
    _schema(_STRINGS),
    Kind("text or list"),
]
Selectors = Annotated[
    tuple[Annotated[str, PlainValidator(_printable_line)], ...],
    _LISTED,
    AfterValidator(_selecting),
    _schema(_STRINGS),
    Kind("text or list"),
]
Interval = Annotated[
    Schedule,
    PlainValidator(_interval),
    _schema({"anyOf": [{"const": "auto"}, _DURATION, _CRON_KEY]}),
    Kind("`auto`, duration or `{cron: …}`"),
]
Cron = Annotated[Schedule, PlainValidator(_cron), _schema(_CRON), Kind("cron expression")]
SecretText = Annotated[
    Secret,
    PlainValidator(_secret),
    _schema({"anyOf": [_STRING, _FILE_KEY]}),
    Kind("text, `${VAR}` or `{file: path}`"),
]
SecretFile = Annotated[
    Secret, PlainValidator(_password_file), _schema(_STRING), Kind("path, `${VAR}`")
]
HeaderName = Annotated[str, PlainValidator(_header_name), _schema(_STRING), Kind("name")]
Language = Annotated[str, PlainValidator(_language), _schema(_STRING), Kind("language tag")]
AtomId = Annotated[str, PlainValidator(_atom_id), _schema(_STRING), Kind("IRI")]
Listen = Annotated[str, PlainValidator(_listen), _schema(_STRING), Kind("HOST:PORT, `${VAR}`")]
Networks = Annotated[
    tuple[Annotated[IPv4Network | IPv6Network, PlainValidator(_network)], ...],
    _LISTED,
    _DISTINCT,
    _schema(_STRINGS),
    Kind("address range or list"),
]
By = Annotated[
    tuple[Annotated[str, PlainValidator(_way)], ...],
    _LISTED,
    _DISTINCT,
    _schema({"type": "array", "items": {"enum": ["guid", "link", "slug"]}}),
    Kind("list of `guid`, `link`, `slug`"),
]
RuleText = Annotated[object, _schema(_RULE), Kind("rule")]
OffSwitch = BeforeValidator(_dedupe)
Pause = Annotated[
    timedelta, _within(timedelta(0), timedelta(days=1)), _schema(_DURATION), Kind("duration")
]
Deadline = Annotated[
    timedelta,
    _within(timedelta(milliseconds=100), timedelta(minutes=10)),
    _schema(_DURATION),
    Kind("duration"),
]
Period = Annotated[
    timedelta,
    _within(timedelta(seconds=1), timedelta(days=36_500)),
    _schema(_DURATION),
    Kind("duration"),
]
BodySize = Annotated[int, _bytes_within(2**10, 2**30), _schema(_SIZE), Kind("size")]
MemorySize = Annotated[int, _bytes_within(2**26, 2**36), _schema(_SIZE), Kind("size")]
