"""This project beside its peers, in one run: CPU time, time, memory, requests, entries stored.

    python -m benchmarks                   1,000 feeds, 3 rounds; into docs/performance.md
    python -m benchmarks --quick           100 feeds, 1 round; printed only
    python -m benchmarks --feeds 300 --rounds 5 --only aggregator,naive

Only a whole run is written into the documentation. See README.md for what has to be installed.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.peers.comparison import compare, publishers
from benchmarks.peers.contestants import CONTESTANTS, Contestant
from benchmarks.peers.report import drawing, report, write

FEEDS, ROUNDS = 1000, 3
QUICK_FEEDS, QUICK_ROUNDS = 100, 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--feeds", type=int, default=FEEDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="", help="names of contestants, with commas")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def taking_part(only: str) -> list[Contestant]:
    """Those who are asked for and can be run; says who cannot, and why."""
    known = [one.name for one in CONTESTANTS]
    names = only.split(",") if only else known
    for name in names:
        if name not in known:
            print(f"{name} is left out: known are {', '.join(known)}", flush=True)
    asked = [one for one in CONTESTANTS if one.name in names]
    for one in asked:
        if one.missing():
            print(f"{one.name} is left out: {one.missing()}", flush=True)
    return [one for one in asked if not one.missing()]


def main() -> int:
    asked = arguments()
    feeds = QUICK_FEEDS if asked.quick else asked.feeds
    rounds = QUICK_ROUNDS if asked.quick else asked.rounds
    contestants = taking_part(asked.only)
    print(f"preparing {feeds} feeds", flush=True)
    with publishers(feeds) as served:
        results = compare(contestants, served, count=feeds, rounds=rounds)
        if not results.contestants():
            print("nobody is left")
            return 1
        text = report(results, served.facts, contestants, feeds=feeds, rounds=rounds)
    print(f"\n{text}")
    if feeds >= FEEDS and rounds >= ROUNDS and not asked.only:
        if CONTESTANTS[0].name not in results.contestants():
            print("not written: all others are compared with this project")
            return 1
        write(text, drawing(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
