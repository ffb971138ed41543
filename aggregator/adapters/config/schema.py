"""What feeds.yaml may say, for editors (JSON Schema) and people (the tables of the docs)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from aggregator.adapters.config.shape import (
    CleanShape,
    DedupeShape,
    DefaultsShape,
    LimitsShape,
    NetworkShape,
    OutputShape,
    RetentionShape,
    RootShape,
    ServerShape,
    Shape,
    SourceShape,
)
from aggregator.adapters.config.types import HeaderName, Kind, SecretText

SECTIONS: Final[dict[str, type[Shape]]] = {
    "top": RootShape,
    "defaults": DefaultsShape,
    "sources": SourceShape,
    "dedupe": DedupeShape,
    "clean": CleanShape,
    "outputs": OutputShape,
    "limits": LimitsShape,
    "network": NetworkShape,
    "retention": RetentionShape,
    "server": ServerShape,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TABLE = re.compile(r"(<!-- keys of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS: Final[dict[object, str]] = {
    bool: "`true` or `false`",
    int: "number",
    DedupeShape: "`off`, or keys, see `dedupe`",
    CleanShape: "keys, see `clean`",
    dict[HeaderName, SecretText]: "names with text, `${VAR}` or `{file: path}`",
    DefaultsShape: "keys, see `defaults`",
    LimitsShape: "keys, see `limits`",
    NetworkShape: "keys, see `network`",
    RetentionShape: "keys, see `retention`",
    ServerShape: "keys, see `server`",
    list[SourceShape]: "list, see `sources`",
    list[OutputShape]: "list, see `outputs`",
}


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of feeds.yaml, every short spelling included."""
    schema = RootShape.model_json_schema()
    parts = schema["$defs"]
    url = {"type": "string", "description": "The URL of the feed."}
    parts["SourceShape"] = {"anyOf": [url, parts["SourceShape"]]}
    switch = {"enum": ["off", "on", False, True]}
    parts["DedupeShape"] = {"anyOf": [switch, parts["DedupeShape"]]}
    return {"$schema": _DIALECT, "title": "feeds.yaml", **_tidied(schema)}


def with_tables(document: str) -> str:
    """A document with the table of each section that it marks with `<!-- keys of NAME -->`."""
    return _TABLE.sub(lambda match: match[1] + table(SECTIONS[match[2]]) + match[3], document)


def table(shape: type[Shape]) -> str:
    """The keys of a shape as a Markdown table: key, type, default, meaning."""
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, field in shape.model_fields.items():
        cells = (f"`{name}`", _word(field), _default(shape, name, field), field.description or "")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _word(field: FieldInfo) -> str:
    """The word for a type, and its bounds."""
    own = _words(field.annotation)
    word = next(own, "") if not field.metadata else ""
    word = word or next(_kinds((*field.metadata, field.annotation)), "") or next(own, "")
    low, high = _bound(field, "ge"), _bound(field, "le")
    return word if low is None else f"{word}, {low} to {high}"


def _kinds(parts: Iterable[object]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Kind):
            yield part.word
        else:
            yield from _kinds((*get_args(part), *getattr(part, "__metadata__", ())))


def _words(annotation: object) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield " or ".join(f"`{choice}`" for choice in get_args(annotation))
        return
    for part in (annotation, *get_args(annotation)):
        for known, word in _WORDS.items():
            if part == known:
                yield word


def _bound(field: FieldInfo, name: str) -> int | None:
    bounds = (getattr(part, name, None) for part in field.metadata)
    return next((bound for bound in bounds if isinstance(bound, int)), None)


def _default(shape: type[Shape], name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if shape is SourceShape and name in DefaultsShape.model_fields:
        return "that of `defaults`"
    default = field.default
    if default is None or default in ("", {}, []):
        return "none"
    if isinstance(default, list):
        return f"`[{', '.join(default)}]`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _tidied(schema: dict[str, object]) -> dict[str, object]:
    """Without the titles that pydantic makes of names, and defaults that say nothing."""
    return {
        key: _tidied_value(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and not value)
    }


def _tidied_value(value: object) -> object:
    if isinstance(value, dict):
        return _tidied(value)
    if isinstance(value, list):
        return [_tidied_value(item) for item in value]
    return value
