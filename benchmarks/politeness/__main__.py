"""Measure how politely feed readers poll, and print the table of docs/politeness.md.

    python -m benchmarks.politeness [--reader-python PATH] [--only NAME] [--write FILE]

Each client polls one recording server on loopback by its own command: five rounds over scripted
endpoints with the shortest interval it can be set to, and two runs with its defaults. Clients that
are not installed are left out; PATH is a Python that has `reader`. Takes about eight minutes, most
of it reader's, whose shortest interval is a minute.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.politeness.clients import Client, clients, update
from benchmarks.politeness.rows import AT_DEFAULTS, BESIDE, IN_ROUNDS, ROUNDS, Row
from benchmarks.politeness.scripts import absurd, pacing, rounds, told
from benchmarks.politeness.server import Recorder, Script, recorder

BEGIN, END = "<!-- figures -->", "<!-- end -->"


def record(client: Client, scripts: dict[str, Script], *, times: int, eager: bool) -> Recorder:
    """Let the client update `times` times and return what it asked."""
    with tempfile.TemporaryDirectory() as folder, recorder(scripts) as server:
        urls = [server.url(target) for target in told(list(scripts))]
        command = client.prepare(Path(folder), urls, eager)
        for number in range(times):
            if number and eager:
                client.rest()
            server.round = number + 1
            update(command, Path(folder))
    if not server.requests:
        raise SystemExit(f"{client.name} asked nothing: {' '.join(command)}")
    return server


def judged(client: Client) -> list[str]:
    """The verdicts of all rows."""
    phases = (
        (IN_ROUNDS, record(client, rounds(), times=ROUNDS, eager=True)),
        (BESIDE, record(client, absurd(), times=2, eager=True)),
        (AT_DEFAULTS, record(client, pacing(), times=2, eager=False)),
    )
    return [row.judge(seen) for rows, seen in phases for row in rows]


def table(measured: Sequence[Client], verdicts: Sequence[Sequence[str]]) -> str:
    """All of it as Markdown: versions, settings, and a line for each row."""
    lines = [f"Measured on {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.politeness`.", ""]
    lines += [f"- **{one.name}** {one.version}: {one.settings}" for one in measured]
    lines += ["", "| row | asked | " + " | ".join(one.name for one in measured) + " |"]
    lines.append("|---|---|" + "---|" * len(measured))
    rows = (*IN_ROUNDS, *BESIDE, *AT_DEFAULTS)
    lines += [
        _line(row, cells) for row, cells in zip(rows, zip(*verdicts, strict=True), strict=True)
    ]
    kept = [sum(cell.startswith("yes") for cell in one) for one in verdicts]
    lines.append(f"| | yes, of {len(rows)} | " + " | ".join(map(str, kept)) + " |")
    return "\n".join(lines) + "\n"


def _line(row: Row, cells: Sequence[str]) -> str:
    return f"| {row.number} | {row.asked} | " + " | ".join(cells) + " |"


def write(file: Path, text: str) -> None:
    """Put the table between the marks of a document."""
    head, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    file.write_text(f"{head}{BEGIN}\n{text}{END}{tail}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reader-python", default="", metavar="PATH")
    parser.add_argument("--only", default="", metavar="NAME", help="clients with this in the name")
    parser.add_argument("--write", type=Path, metavar="FILE")
    given = parser.parse_args()
    measured = [one for one in clients(reader_python=given.reader_python) if given.only in one.name]
    text = table(measured, [judged(client) for client in measured])
    if given.write:
        write(given.write, text)
    print(text, end="")


if __name__ == "__main__":
    main()
