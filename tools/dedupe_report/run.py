"""One seed from the generator to its figures."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from tools.dedupe_report.ids import Ids
from tools.dedupe_report.material import Round, generate, rounds
from tools.dedupe_report.measure import Placed, Register, Score, score
from tools.dedupe_report.service import Service, service


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one seed showed."""

    seed: int
    placed: tuple[Placed, ...]
    lost: int  # items without an entry; they count nowhere else
    score: Score
    ids: Ids
    seconds: float


def silent(_: str) -> None:
    """Tell nobody of the progress."""


def tell(words: str) -> None:
    """Tell of the progress on stderr."""
    print(words, file=sys.stderr, flush=True)


def measure(
    testkit: Path, seed: int, *, texts: bool = True, tell: Callable[[str], None] = silent
) -> Result:
    """Generate the feeds of a seed and poll them, round by round."""
    start = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        generate(testkit, Path(folder), seed=seed)
        material = rounds(Path(folder), texts=texts)
        register, ids = asyncio.run(_poll(Path(folder), material, tell, f"seed {seed}"))
    placed = tuple(register.placed.values())
    return Result(
        seed=seed,
        placed=placed,
        lost=len(register.lost),
        score=score(placed),
        ids=ids,
        seconds=perf_counter() - start,
    )


def measure_told(testkit: Path, seed: int, texts: bool) -> Result:
    """`measure` for a process of its own, telling of its progress."""
    return measure(testkit, seed, texts=texts, tell=tell)


async def _poll(
    folder: Path, material: Sequence[Round], tell: Callable[[str], None], name: str
) -> tuple[Register, Ids]:
    register, ids = Register(), Ids()
    async with service(folder, material[0].documents) as running:
        for number, each in enumerate(material):
            running.show(each.documents)
            await running.poll()
            _look(running, each, register, ids)
            tell(f"{name}: round {number + 1} of {len(material)}")
    return register, ids


def _look(running: Service, each: Round, register: Register, ids: Ids) -> None:
    entries = running.entries()
    register.note(each.items, entries)
    ids.look(entries, running.atom_ids(), running.published())
