"""The types that keys of feeds.yaml have.

A type is an Annotated with three parts: the function that reads it, its JSON Schema, and the
word for it in the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema

from aggregator.adapters.config.reading import (
    LARGEST_PAGE,
    LARGEST_QUOTA,
    SMALLEST_PAGE,
    bytes_within,
    distinct,
    off_switch,
    one_or_list,
    read_archive,
    read_atom_id,
    read_base_url,
    read_cron,
    read_expanded,
    read_file,
    read_header_name,
    read_hub,
    read_interval,
    read_language,
    read_line,
    read_listen,
    read_network,
    read_output_id,
    read_password_file,
    read_path,
    read_printable_line,
    read_proxy,
    read_quota,
    read_secret,
    read_source_id,
    read_tag,
    read_token,
    read_url,
    read_way,
    selecting,
    within,
)
from aggregator.adapters.config.values import Address
from aggregator.core import shares
from aggregator.core.settings import Schedule, Secret


@dataclass(frozen=True, slots=True)
class Kind:
    """The word for a type in the documentation."""

    word: str


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
_EXAMPLE: Final[dict[str, Any]] = {"type": ["string", "object"]}
_EXAMPLES: Final[dict[str, Any]] = {"anyOf": [_EXAMPLE, {"type": "array", "items": _EXAMPLE}]}


def _schema(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema(schema)


Line = Annotated[str, PlainValidator(read_line), _schema(_STRING), Kind("text")]
Expanded = Annotated[str, PlainValidator(read_expanded), _schema(_STRING), Kind("text, `${VAR}`")]
BaseUrl = Annotated[str, PlainValidator(read_base_url), _schema(_STRING), Kind("URL, `${VAR}`")]
Proxy = Annotated[str, PlainValidator(read_proxy), _schema(_STRING), Kind("URL, `${VAR}`")]
SourceUrl = Annotated[Address, PlainValidator(read_url), _schema(_STRING), Kind("URL, `${VAR}`")]
File = Annotated[Path, PlainValidator(read_file), _schema(_STRING), Kind("path, `${VAR}`")]
Folder = Annotated[Path, PlainValidator(read_path), _schema(_STRING), Kind("path, `${VAR}`")]
SourceId = Annotated[str, PlainValidator(read_source_id), _schema(_ID), Kind("id")]
OutputId = Annotated[str, PlainValidator(read_output_id), _schema(_ID), Kind("id")]
_LISTED = BeforeValidator(one_or_list)
_DISTINCT = AfterValidator(distinct)
Aliases = Annotated[
    tuple[OutputId, ...],
    _LISTED,
    _DISTINCT,
    _schema({"anyOf": [_ID, {"type": "array", "items": _ID}]}),
    Kind("id or list"),
]
Tags = Annotated[
    tuple[Annotated[str, PlainValidator(read_tag)], ...],
    _LISTED,
    _DISTINCT,
    _schema(_STRINGS),
    Kind("text or list"),
]
Selectors = Annotated[
    tuple[Annotated[str, PlainValidator(read_printable_line)], ...],
    _LISTED,
    AfterValidator(selecting),
    _schema(_STRINGS),
    Kind("text or list"),
]
Interval = Annotated[
    Schedule,
    PlainValidator(read_interval),
    _schema({"anyOf": [{"const": "auto"}, _DURATION, _CRON_KEY]}),
    Kind("`auto`, duration or `{cron: …}`"),
]
Cron = Annotated[Schedule, PlainValidator(read_cron), _schema(_CRON), Kind("cron expression")]
SecretText = Annotated[
    Secret,
    PlainValidator(read_secret),
    _schema({"anyOf": [_STRING, _FILE_KEY]}),
    Kind("text, `${VAR}` or `{file: path}`"),
]
Token = Annotated[
    Secret,
    PlainValidator(read_token),
    _schema({"anyOf": [_STRING, _FILE_KEY]}),
    Kind("text, `${VAR}` or `{file: path}`"),
]
SecretFile = Annotated[
    Secret, PlainValidator(read_password_file), _schema(_STRING), Kind("path, `${VAR}`")
]
HeaderName = Annotated[str, PlainValidator(read_header_name), _schema(_STRING), Kind("name")]
Language = Annotated[str, PlainValidator(read_language), _schema(_STRING), Kind("language tag")]
AtomId = Annotated[str, PlainValidator(read_atom_id), _schema(_STRING), Kind("IRI")]
Archive = Annotated[
    int | None,
    PlainValidator(read_archive),
    _schema(
        {
            "anyOf": [
                {"enum": ["on", "off", "complete", True, False]},
                {"type": "integer", "minimum": SMALLEST_PAGE, "maximum": LARGEST_PAGE},
            ]
        }
    ),
    Kind("`on`, `off`, `complete` or number"),
]
Quota = Annotated[
    shares.Quota,
    PlainValidator(read_quota),
    _schema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": LARGEST_QUOTA},
                {"type": "string", "pattern": "^[1-9][0-9]{0,4}/(hour|day|week)$"},
            ]
        }
    ),
    Kind("number, or such as `3/day`"),
]
Hub = Annotated[str, PlainValidator(read_hub), _schema(_STRING), Kind("URL, `${VAR}`")]
Listen = Annotated[str, PlainValidator(read_listen), _schema(_STRING), Kind("HOST:PORT, `${VAR}`")]
Networks = Annotated[
    tuple[Annotated[IPv4Network | IPv6Network, PlainValidator(read_network)], ...],
    _LISTED,
    _DISTINCT,
    _schema(_STRINGS),
    Kind("address range or list"),
]
By = Annotated[
    tuple[Annotated[str, PlainValidator(read_way)], ...],
    _LISTED,
    _DISTINCT,
    _schema({"type": "array", "items": {"enum": ["guid", "link", "slug"]}}),
    Kind("list of `guid`, `link`, `slug`"),
]
RuleText = Annotated[object, _schema(_RULE), Kind("rule")]
NamedRules = Annotated[
    object,
    _schema({"type": "object", "propertyNames": _ID, "additionalProperties": _RULE}),
    Kind("names with rules"),
]
Examples = Annotated[
    object,
    _schema(
        {
            "type": "object",
            "properties": {"keep": _EXAMPLES, "drop": _EXAMPLES},
            "additionalProperties": False,
        }
    ),
    Kind("`keep:` and `drop:` with titles"),
]
OffSwitch = BeforeValidator(off_switch)
Pause = Annotated[
    timedelta, within(timedelta(0), timedelta(days=1)), _schema(_DURATION), Kind("duration")
]
Deadline = Annotated[
    timedelta,
    within(timedelta(milliseconds=100), timedelta(minutes=10)),
    _schema(_DURATION),
    Kind("duration"),
]
Period = Annotated[
    timedelta,
    within(timedelta(seconds=1), timedelta(days=36_500)),
    _schema(_DURATION),
    Kind("duration"),
]
BodySize = Annotated[int, bytes_within(2**10, 2**30), _schema(_SIZE), Kind("size")]
MemorySize = Annotated[int, bytes_within(2**26, 2**36), _schema(_SIZE), Kind("size")]
