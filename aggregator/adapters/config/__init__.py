"""feeds.yaml in and out: read and check it, edit it, describe it.

    load(path, environ=…) -> Settings            raises ConfigError with every problem found
    examine(path, environ=…, now=…) -> Examined  the same, examples tried, with hints
    add_source, add_sources, remove_source       text -> text, byte for byte the same elsewhere
    json_schema, starter                         for editors, for `aggregator init`

The only importer of PyYAML, and the only reader of options. All but `load` is for commands that
are about the file, and loaded for them.
"""

from typing import TYPE_CHECKING

from aggregator.adapters.config.load import load
from aggregator.core.late import late

if TYPE_CHECKING:
    from aggregator.adapters.config.edit import NewSource, add_source, add_sources, remove_source
    from aggregator.adapters.config.examining import Examined, examine
    from aggregator.adapters.config.schema import json_schema
    from aggregator.adapters.config.starting import starter

__all__ = [
    "Examined",
    "NewSource",
    "add_source",
    "add_sources",
    "examine",
    "json_schema",
    "load",
    "remove_source",
    "starter",
]

__getattr__ = late(
    __name__,
    {
        "edit": ("NewSource", "add_source", "add_sources", "remove_source"),
        "examining": ("Examined", "examine"),
        "schema": ("json_schema",),
        "starting": ("starter",),
    },
)
