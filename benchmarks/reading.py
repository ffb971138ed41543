"""How much cheaper it is to read only what is new: `python -m benchmarks.reading [FOLDER]`.

Processor time of one process, the median of interleaved runs. With a folder of feed documents
the real ones of at least ten entries are read as well, each with its first entry as the new one.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator.core.chunk import chunks, incremental_read, read_new
from aggregator.core.errors import ParseError
from aggregator.core.model import Document
from aggregator.core.read import read
from aggregator.core.settings import Source
from benchmarks.material import document, source

LIMIT = 2000
RUNS = 21
REAL_RUNS = 3
SIZES = (30, 100)
FEWEST = 10  # entries of a real document
ADDRESS = "https://feeds.example/feed.xml"


@dataclass(frozen=True, slots=True)
class Case:
    """A document, and what is remembered of the version before it."""

    document: Document
    source: Source
    memory: bytes
    entries: int
    new: int


def made_up() -> Iterator[Case]:
    """Documents of which no entry, one, or every one is new."""
    for entries in SIZES:
        now = document(1, entries=entries)
        for new in (0, 1, entries):
            yield _case(now, source(1), new=new)


def _case(now: Document, of: Source, *, new: int) -> Case:
    """The version before lacked the first `new` entries."""
    cut = chunks(now, max_entries=LIMIT)
    if cut is None:
        raise ValueError("this document cannot be cut")
    left = cut.reduced(range(new, len(cut.spans))).encode()
    before = replace(now, body=left.replace(b"<?aggregator-part?>", b""))
    memory = b"" if new == len(cut.spans) else read_new(before, of, LIMIT, b"").memory
    return Case(now, of, memory, len(cut.spans), new)


def real(folder: Path) -> Iterator[Case]:
    """Real documents with one new entry; those that are read as a whole are left out."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        now = Document(url=ADDRESS, body=path.read_bytes())
        of = Source(id="real", url=ADDRESS)
        cut = chunks(now, max_entries=LIMIT)
        if cut is None or len(cut.spans) < FEWEST:
            continue
        try:
            found = incremental_read(now, source=of, memory=b"", max_entries=LIMIT)
        except ParseError:
            continue
        if found is not None and found.memory:
            yield _case(now, of, new=1)


def milliseconds(case: Case, *, runs: int) -> tuple[float, float]:
    """Reading the whole, and reading what is new: medians."""

    def whole() -> object:
        return read(case.document, case.source, LIMIT)

    def news() -> object:
        return read_new(case.document, case.source, LIMIT, case.memory)

    pairs = [(_spent(whole), _spent(news)) for _ in range(runs)]
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
    )


def _spent(action: Callable[[], object]) -> float:
    before = time.process_time()
    action()
    return (time.process_time() - before) * 1000


def main(arguments: list[str]) -> int:
    """Print the tables."""
    print("| entries | new | whole, ms | what is new, ms | ratio | memory, bytes |")
    print("|---:|---:|---:|---:|---:|---:|")
    for case in made_up():
        whole, news = milliseconds(case, runs=RUNS)
        print(
            f"| {case.entries} | {case.new} | {whole:.2f} | {news:.2f} | {whole / news:.1f} "
            f"| {len(case.memory)} |"
        )
    for folder in arguments:
        spent = [milliseconds(case, runs=REAL_RUNS) for case in real(Path(folder))]
        ratios = sorted(whole / news for whole, news in spent)
        print(
            f"\n{len(spent)} real documents, one new entry each: "
            f"{sum(one for one, _ in spent):.0f} ms and {sum(one for _, one in spent):.0f} ms, "
            f"ratio {sum(one for one, _ in spent) / sum(one for _, one in spent):.1f}, "
            f"median {statistics.median(ratios):.1f}, least {ratios[0]:.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
