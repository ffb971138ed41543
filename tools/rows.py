"""Which numbered behaviours are proven by which tests (`make rows`).

The behaviours are P1-P108 (the poller), W1-W60 (the publisher) and S1-S44 (hostile input). A test
claims the rows it proves in a comment above its `def`, on its `def`, or in its decorators:

    # P14 P15
    async def test_a_redirect_keeps_the_conditional_headers() -> None:
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TOTALS = {"P": 108, "W": 60, "S": 44}
FILES = {"P": "poller", "W": "publisher", "S": "hostile"}
CLAIM = re.compile(r"#\s*([PWS]\d+(?:[\s,]+[PWS]\d+)*)\s*(?::.*|\(.*|--.*)?")
ROW = re.compile(r"[PWS]\d+")

Test = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Proof:
    """A row and the test that claims to prove it."""

    row: str  # "P14"
    test: str  # "tests/core/test_cadence.py::test_name"


def all_rows() -> tuple[str, ...]:
    """Every row number there is, in order."""
    return tuple(f"{kind}{n}" for kind, total in TOTALS.items() for n in range(1, total + 1))


def proofs(source: str, *, name: str) -> tuple[Proof, ...]:
    """The claims in one test file, in the order of the tests."""
    comments = _comments(source)
    return tuple(
        Proof(row, f"{name}::{test.name}")
        for test in _tests(ast.parse(source))
        for line in _lines_of(test, comments)
        for row in rows_in(comments[line])
    )


def rows_in(comment: str) -> tuple[str, ...]:
    """The rows a comment claims; none when it merely mentions one in a sentence."""
    claim = CLAIM.fullmatch(comment.strip())
    return tuple(ROW.findall(claim[1])) if claim else ()


def unknown(found: tuple[Proof, ...]) -> tuple[Proof, ...]:
    """Claims of rows that do not exist."""
    known = frozenset(all_rows())
    return tuple(proof for proof in found if proof.row not in known)


def scan(folder: Path) -> tuple[Proof, ...]:
    """The claims of all test files under a folder."""
    found: list[Proof] = []
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder.parent).as_posix()
        found += proofs(path.read_text(encoding="utf-8"), name=name)
    return tuple(found)


def report(found: tuple[Proof, ...], *, only_missing: bool) -> Iterator[str]:
    """The lines to print: each row with its tests, the rows without one, the totals."""
    by_row: dict[str, list[str]] = {row: [] for row in all_rows()}
    for proof in found:
        by_row.setdefault(proof.row, []).append(proof.test)
    if not only_missing:
        for row, tests in by_row.items():
            yield from (f"{row:<5}{test}" for test in tests)
    for kind, total in TOTALS.items():
        numbered = [row for row in all_rows() if row.startswith(kind)]
        missing = [row for row in numbered if not by_row[row]]
        yield f"{FILES[kind]}: {total - len(missing)} of {total} rows proven"
        if missing:
            yield f"  without a test: {' '.join(missing)}"


def main(arguments: list[str] | None = None) -> int:
    """Print the report; 1 when a test claims a row that does not exist."""
    parser = argparse.ArgumentParser(prog="rows", description=__doc__.partition("\n")[0])
    parser.add_argument("--missing", action="store_true", help="only the rows without a test")
    options = parser.parse_args(arguments)
    found = scan(PROJECT / "tests")
    print("\n".join(report(found, only_missing=options.missing)))
    for proof in unknown(found):
        print(f"no such row: {proof.row}, claimed by {proof.test}", file=sys.stderr)
    return 1 if unknown(found) else 0


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _tests(tree: ast.Module) -> Iterator[Test]:
    for node in ast.walk(tree):
        if isinstance(node, Test) and node.name.startswith("test_"):
            yield node


def _lines_of(test: Test, comments: dict[int, str]) -> Iterator[int]:
    """Lines with comments from the block above the decorators to the first statement."""
    first = min([test.lineno, *(decorator.lineno for decorator in test.decorator_list)])
    while first - 1 in comments:
        first -= 1
    yield from (line for line in range(first, test.body[0].lineno) if line in comments)


if __name__ == "__main__":
    sys.exit(main())
