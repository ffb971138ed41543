"""Reading the loosely typed dictionaries of feedparser and JSON. Pure."""

from __future__ import annotations

from itertools import islice

Raw = dict[str, object]


def text(raw: Raw, key: str) -> str:
    """The string under `key`, or "".

    `dict.get` on purpose: FeedParserDict answers `updated` with `published`, among others.
    """
    value = dict.get(raw, key)
    return value if isinstance(value, str) else ""


def mapping(raw: Raw, key: str) -> Raw:
    """The dictionary under `key`, or an empty one."""
    value = dict.get(raw, key)
    return value if isinstance(value, dict) else {}


def mappings(raw: Raw, key: str, *, limit: int = 64) -> list[Raw]:
    """The first dictionaries in the list under `key`."""
    value = dict.get(raw, key)
    listed = value if isinstance(value, list) else []
    return list(islice((one for one in listed if isinstance(one, dict)), limit))


def texts(raw: Raw, key: str, *, limit: int = 64) -> list[str]:
    """The first strings in the list under `key`."""
    value = dict.get(raw, key)
    listed = value if isinstance(value, list) else []
    return list(islice((one for one in listed if isinstance(one, str)), limit))
