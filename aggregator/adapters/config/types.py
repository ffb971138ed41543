"""The types that keys of feeds.yaml have: what reads them, their JSON Schema and word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar

from aggregator.adapters.config import reading
from aggregator.adapters.config.keys import Schema, Shape, Type, keys_of, names_with, one_or_more
from aggregator.adapters.config.reading import (
    LARGEST_PAGE,
    LARGEST_QUOTA,
    SMALLEST_PAGE,
    Surroundings,
)

T = TypeVar("T")
ShapeT = TypeVar("ShapeT", bound=Shape)

_STRING: Final[Schema] = {"type": "string"}
_STRINGS: Final[Schema] = {
    "anyOf": [_STRING, {"items": _STRING, "type": "array"}],
}
_DURATION: Final[Schema] = {"pattern": "^[0-9]{1,9}(ms|s|m|h|d|w)$", "type": "string"}
_SIZE: Final[Schema] = {"pattern": "^[0-9]{1,9}(B|KiB|MiB|GiB)$", "type": "string"}
_ID: Final[Schema] = {"pattern": "^[a-z0-9][a-z0-9._-]{0,63}$", "type": "string"}
_CRON: Final[Schema] = {"pattern": r"^\s*(\S+\s+){4}\S+\s*$", "type": "string"}
_CRON_KEY: Final[Schema] = {
    "additionalProperties": False,
    "properties": {"cron": _CRON},
    "required": ["cron"],
    "type": "object",
}
_FILE_KEY: Final[Schema] = {
    "additionalProperties": False,
    "properties": {"file": _STRING},
    "required": ["file"],
    "type": "object",
}
_RULE: Final[Schema] = {"type": ["string", "array", "object"]}
_EXAMPLE: Final[Schema] = {"type": ["string", "object"]}
_EXAMPLES: Final[Schema] = {"anyOf": [_EXAMPLE, {"items": _EXAMPLE, "type": "array"}]}


def _alone(read: Callable[[object], T]) -> Callable[[object, Surroundings], T]:
    """A reader that needs to know nothing of what is around."""
    return lambda value, _around: read(value)


def _as_is(value: object, _around: Surroundings) -> object:
    """What other modules read, which need to know where each part of it stands."""
    return value


def number(low: int, high: int) -> Type[int]:
    """A whole number within bounds."""
    schema = {"type": "integer", "minimum": low, "maximum": high}
    read = partial(reading.read_number, low=low, high=high)
    return Type(_alone(read), schema, f"number, {low} to {high}")


def duration(low: timedelta, high: timedelta) -> Type[timedelta]:
    """A time within bounds."""
    return Type(_alone(partial(reading.read_duration, low=low, high=high)), _DURATION, "duration")


def size(low: int, high: int) -> Type[int]:
    """Bytes within bounds."""
    return Type(_alone(partial(reading.read_size, low=low, high=high)), _SIZE, "size")


def section(shape: type[ShapeT], name: str) -> Type[ShapeT]:
    """The keys of a shape, which the docs have under a name."""
    return keys_of(shape, f"keys, see `{name}`")


def switchable(shape: type[ShapeT], name: str) -> Type[ShapeT]:
    """The same, and `off` or `on` is short for them."""
    return keys_of(shape, f"`off`, or keys, see `{name}`", short=reading.off_switch)


def listed(shape: type[Shape], name: str) -> Type[object]:
    """A list of such keys. Each is checked for itself."""
    schema = {"type": "array", "items": {"$ref": f"#/$defs/{shape.__name__}"}}
    return Type(_as_is, schema, f"list, see `{name}`")


SWITCH: Final = Type(_alone(reading.read_switch), {"type": "boolean"}, "`true` or `false`")
LINE: Final = Type(_alone(reading.read_line), _STRING, "text")
EXPANDED: Final = Type(reading.read_expanded, _STRING, "text, `${VAR}`")
BASE_URL: Final = Type(reading.read_base_url, _STRING, "URL, `${VAR}`")
PROXY: Final = Type(reading.read_proxy, _STRING, "URL, `${VAR}`")
SOURCE_URL: Final = Type(reading.read_url, _STRING, "URL, `${VAR}`")
HUB: Final = Type(reading.read_hub, _STRING, "URL, `${VAR}`")
FILE: Final = Type(reading.read_file, _STRING, "path, `${VAR}`")
FOLDER: Final = Type(reading.read_path, _STRING, "path, `${VAR}`")
SOURCE_ID: Final = Type(_alone(reading.read_source_id), _ID, "id")
OUTPUT_ID: Final = Type(_alone(reading.read_output_id), _ID, "id")
ALIASES: Final = one_or_more(
    OUTPUT_ID,
    reading.distinct,
    {"anyOf": [_ID, {"items": _ID, "type": "array"}]},
    "id or list",
)
TAGS: Final = one_or_more(
    Type(_alone(reading.read_tag), _STRING, "text"), reading.distinct, _STRINGS, "text or list"
)
SELECTORS: Final = one_or_more(
    Type(_alone(reading.read_printable_line), _STRING, "text"),
    reading.selecting,
    _STRINGS,
    "text or list",
)
NETWORKS: Final = one_or_more(
    Type(_alone(reading.read_network), _STRING, "address range"),
    reading.distinct,
    _STRINGS,
    "address range or list",
)
WAYS: Final = one_or_more(
    Type(_alone(reading.read_way), _STRING, "way"),
    reading.distinct,
    {"items": {"enum": ["guid", "link", "slug"]}, "type": "array"},
    "list of `guid`, `link`, `slug`",
)
INTERVAL: Final = Type(
    reading.read_interval,
    {"anyOf": [{"const": "auto"}, _DURATION, _CRON_KEY]},
    "`auto`, duration or `{cron: …}`",
)
CRON: Final = Type(reading.read_cron, _CRON, "cron expression")
SECRET_TEXT: Final = Type(
    reading.read_secret, {"anyOf": [_STRING, _FILE_KEY]}, "text, `${VAR}` or `{file: path}`"
)
TOKEN: Final = Type(
    reading.read_token, {"anyOf": [_STRING, _FILE_KEY]}, "text, `${VAR}` or `{file: path}`"
)
SECRET_FILE: Final = Type(reading.read_password_file, _STRING, "path, `${VAR}`")
HEADERS: Final = names_with(
    Type(_alone(reading.read_header_name), _STRING, "name"),
    SECRET_TEXT,
    f"names with {SECRET_TEXT.word}",
)
LANGUAGE: Final = Type(_alone(reading.read_language), _STRING, "language tag")
ATOM_ID: Final = Type(_alone(reading.read_atom_id), _STRING, "IRI")
ORDER: Final = Type(
    _alone(reading.read_order),
    {"type": "string", "enum": ["newest", "oldest"]},
    "`newest` or `oldest`",
)
ARCHIVE: Final = Type(
    _alone(reading.read_archive),
    {
        "anyOf": [
            {"enum": ["on", "off", "complete", True, False]},
            {"maximum": LARGEST_PAGE, "minimum": SMALLEST_PAGE, "type": "integer"},
        ]
    },
    "`on`, `off`, `complete` or number",
)
QUOTA: Final = Type(
    _alone(reading.read_quota),
    {
        "anyOf": [
            {"maximum": LARGEST_QUOTA, "minimum": 1, "type": "integer"},
            {"pattern": "^[1-9][0-9]{0,4}/(hour|day|week)$", "type": "string"},
        ]
    },
    "number, or such as `3/day`",
)
LISTEN: Final = Type(reading.read_listen, _STRING, "HOST:PORT, `${VAR}`")
RULE: Final = Type(_as_is, _RULE, "rule")
NAMED_RULES: Final = Type(
    _as_is,
    {"additionalProperties": _RULE, "propertyNames": _ID, "type": "object"},
    "names with rules",
)
EXAMPLES: Final = Type(
    _as_is,
    {
        "additionalProperties": False,
        "properties": {"keep": _EXAMPLES, "drop": _EXAMPLES},
        "type": "object",
    },
    "`keep:` and `drop:` with titles",
)
PAUSE: Final = duration(timedelta(0), timedelta(days=1))
DEADLINE: Final = duration(timedelta(milliseconds=100), timedelta(minutes=10))
PERIOD: Final = duration(timedelta(seconds=1), timedelta(days=36_500))
BODY_SIZE: Final = size(2**10, 2**30)
MEMORY_SIZE: Final = size(2**26, 2**36)
