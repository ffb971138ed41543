"""What feeds.yaml may say, for editors (JSON Schema) and people (the tables of the docs)."""

from __future__ import annotations

import re
from typing import Final

from aggregator.adapters.config.keys import Key, Schema, Shape
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
    SourceShape,
)

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


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of feeds.yaml, every short spelling included."""
    shapes = [shape for shape in SECTIONS.values() if shape is not RootShape]
    parts = {shape.__name__: _keys_schema(shape) for shape in sorted(shapes, key=_name)}
    url = {"type": "string", "description": "The URL of the feed."}
    parts["SourceShape"] = {"anyOf": [url, parts["SourceShape"]]}
    switch = {"enum": ["off", "on", False, True]}
    parts["DedupeShape"] = {"anyOf": [switch, parts["DedupeShape"]]}
    whole = _keys_schema(RootShape)
    return {"$schema": _DIALECT, "title": "feeds.yaml", "$defs": parts, **whole}


def _name(shape: type[Shape]) -> str:
    return shape.__name__


def _keys_schema(shape: type[Shape]) -> Schema:
    schema = {
        "additionalProperties": False,
        "description": shape.__doc__,
        "properties": {name: _key_schema(key) for name, key in shape.keys.items()},
        "type": "object",
    }
    required = {"required": list(shape.required)} if shape.required else {}
    return dict(sorted({**schema, **required}.items()))


def _key_schema(key: Key) -> Schema:
    schema = key.type.schema
    if key.may_be_nothing:
        schema = {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}
    default = {"default": key.default} if key.default else {}
    return dict(sorted({**schema, **default, "description": key.meaning}.items()))


def with_tables(document: str) -> str:
    """A document with the table of each section that it marks with `<!-- keys of NAME -->`."""
    return _TABLE.sub(lambda match: match[1] + table(SECTIONS[match[2]]) + match[3], document)


def table(shape: type[Shape]) -> str:
    """The keys of a shape as a Markdown table: key, type, default, meaning."""
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for name, key in shape.keys.items():
        cells = (f"`{name}`", key.type.word, _default(shape, name, key), key.meaning)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _default(shape: type[Shape], name: str, key: Key) -> str:
    if key.is_required:
        return "required"
    if shape is SourceShape and name in DefaultsShape.keys:
        return "that of `defaults`"
    default = key.default
    if default is None or default in ("", {}, []):
        return "none"
    if isinstance(default, list):
        return f"`[{', '.join(default)}]`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
