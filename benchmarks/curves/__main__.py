"""Scale curves, as a Markdown table.

python -m benchmarks.curves sources  [--sizes 100,1000,10000,100000] [--folder PATH]
python -m benchmarks.curves articles [--sizes 10000,100000,1000000] [--folder PATH]

What is filled stays in the folder and is used again, by the other benchmarks too; without one
everything is made in a temporary folder. A million articles need 3 GB.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.curves import articles, sources


@contextmanager
def scratch(folder: Path | None) -> Iterator[Path]:
    """The folder, or one that is removed afterwards."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def sizes_of(text: str) -> list[int]:
    """Numbers with commas between, ascending."""
    return sorted(int(size) for size in text.split(","))


def least(curve: str) -> int:
    """The smallest size that can be measured."""
    return sources.LEAST if curve == "sources" else articles.LEAST


def lines(curve: str, folder: Path, sizes: Sequence[int] | None) -> Iterator[str]:
    """The table of one curve."""
    if curve == "sources":
        yield from sources.table(list(sources.measured(folder, sizes or sources.SIZES)))
    else:
        yield from articles.table(list(articles.measured(folder, sizes or articles.SIZES)))


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("curve", choices=("sources", "articles"))
    parser.add_argument("--sizes", type=sizes_of, help="numbers of sources or articles")
    parser.add_argument("--folder", type=Path, help="where stores are filled, and stay")
    arguments = parser.parse_args(given)
    lower = least(arguments.curve)
    if min(arguments.sizes or [lower]) < lower:
        parser.error(f"argument --sizes: {arguments.curve} are measured from {lower:,} on")
    with scratch(arguments.folder) as folder:
        for line in lines(arguments.curve, folder, arguments.sizes):
            print(line, flush=True)


if __name__ == "__main__":
    main()
