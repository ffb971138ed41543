"""Writes what the shape of feeds.yaml says into the docs: the tables and the JSON Schema.

    python -m tools.describe_config

A test fails while they differ.
"""

from __future__ import annotations

import json
from pathlib import Path

from aggregator.adapters.config import json_schema
from aggregator.adapters.config.schema import with_tables

DOCS = Path(__file__).resolve().parent.parent / "docs"


def described() -> dict[Path, str]:
    """Return the files that describe feeds.yaml, as they should be."""
    page = DOCS / "configuration.md"
    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    return {
        page: with_tables(page.read_text(encoding="utf-8")),
        DOCS / "feeds.schema.json": schema,
    }


def main() -> None:
    for path, text in described().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
