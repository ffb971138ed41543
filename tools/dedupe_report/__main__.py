"""How well duplicates are found (`make dedupe-report`).

The labelled feeds of the test kit go through the whole program: served on loopback, polled round by
round with default settings, stored, judged, published. Measured are pairs of distinct items
(feed, guid, link, title): of one story, and in one article. `--merges` lists instead what was
merged of real headlines, to be read.

The material is no part of the project: options, or AGGREGATOR_SHARED, say where it is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from aggregator.app import clock
from tools.dedupe_report import material
from tools.dedupe_report.merges import listing, merges
from tools.dedupe_report.run import Result, measure_told
from tools.dedupe_report.text import report

SEEDS = tuple(range(101, 111))
ABSENT = 3  # exit code: the material is not here
REAL = {"captures": material.CAPTURES, "uci": material.HEADLINES}


def main(arguments: list[str] | None = None) -> int:
    """Print the report on stdout, progress on stderr; 3 when the material is not here."""
    options = _options(arguments)
    needed = _needed(options)
    if not needed.exists():
        print(
            f"no {needed}: this report needs material that is no part of the project; name its "
            "folder with --testkit or --corpus, or the folder above both with AGGREGATOR_SHARED",
            file=sys.stderr,
        )
        return ABSENT
    lines = _merges(options) if options.merges else _report(options)
    for line in lines:
        print(line)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dedupe_report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=SEEDS, help="of the generator (101 to 110)")
    add("--headlines", action="store_true", help="take the texts away: headlines and links only")
    add("--examples", type=int, default=0, metavar="N", help="show N mistakes of each kind")
    add("--jobs", type=int, default=1, metavar="N", help="seeds measured at the same time (1)")
    add("--merges", choices=REAL, help="list all merges of real headlines instead")
    add("--testkit", type=Path, default=material.outside("testkit"), help="the test kit's folder")
    add("--corpus", type=Path, default=material.outside("corpus"), help="the corpus' folder")
    return parser.parse_args(arguments)


def _needed(options: argparse.Namespace) -> Path:
    folder: Path = options.corpus if options.merges else options.testkit
    return folder / (REAL[options.merges] if options.merges else material.GENERATOR)


def _merges(options: argparse.Namespace) -> Iterator[str]:
    if options.merges == "captures":
        return listing(merges(material.captures(options.corpus, now=clock.now())), {})
    headlines = tuple(material.headlines(options.corpus))
    stories = {headline.number: headline.story for headline in headlines}
    return listing(merges(material.by_publisher(headlines)), stories)


def _report(options: argparse.Namespace) -> Iterator[str]:
    texts = not options.headlines
    with ProcessPoolExecutor(options.jobs) as processes:
        running = [
            processes.submit(measure_told, options.testkit, seed, texts) for seed in options.seeds
        ]
        results: list[Result] = [each.result() for each in running]
    return report(results, texts=texts, examples=options.examples)


if __name__ == "__main__":
    sys.exit(main())
