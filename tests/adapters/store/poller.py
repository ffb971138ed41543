"""A process that uses the store, for the tests that kill one or run two at once.

python -m tests.adapters.store.poller polls FILE     polls without end, a line for each commit
python -m tests.adapters.store.poller claims FILE    claims all it can get, a line for each
python -m tests.adapters.store.poller fills FILE     writes until the disk refuses
"""

from __future__ import annotations

import resource
import signal
import sys
from itertools import count
from pathlib import Path

from aggregator.adapters.sqlite import SqliteStore
from aggregator.core.errors import StoreError
from aggregator.core.model import Entry, Validators
from tests.adapters.store.polls import (
    HOUR,
    NOW,
    adopt,
    claim,
    entry,
    outcome,
    reading,
    source,
    text,
)

ENTRIES = 5  # of each document
FILE_LIMIT = 1024 * 1024  # bytes


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def document(number: int) -> list[Entry]:
    return [entry(f"{number}-{index}") for index in range(ENTRIES)]


def polls(path: Path) -> None:
    """Each poll brings new entries, and the document's number as its ETag."""
    with SqliteStore.open(path) as store:
        state = store.state("a")
        if state is None:
            adopt(store, source("a"))
        first = int(state.validators.etag or b"0") + 1 if state else 1
        start = NOW
        if state is not None and state.lease_until is not None:  # of the one that was killed
            start = state.lease_until
        for number in count(first):
            now = start + number * HOUR
            (state,) = claim(store, "a", now=now, force=True)
            validators = Validators(etag=str(number).encode())
            shown = reading(source("a"), *document(number))
            store.save(outcome(source("a"), state, shown, now=now, validators=validators))
            say(number)


def claims(path: Path) -> None:
    with SqliteStore.open(path) as store:
        while taken := claim(store, limit=3):
            for state in taken:
                say(state.source)


def fills(path: Path) -> None:
    """Grow the file until the disk refuses; say what was refused, and what is in the file."""
    with SqliteStore.open(path) as store:
        adopt(store, source("a"))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT, FILE_LIMIT))
        for number in count(1):
            now = NOW + number * HOUR
            shown = [
                entry(f"{number}-{index}", content=f"<p>{text(f'{number}-{index}', 400)}</p>")
                for index in range(ENTRIES)
            ]
            try:
                (state,) = claim(store, "a", now=now, force=True)
                store.save(outcome(source("a"), state, reading(source("a"), *shown), now=now))
            except StoreError as error:
                say(f"refused {error}")
                break
        say(f"entries {len(list(store.entries()))}")


if __name__ == "__main__":
    {"polls": polls, "claims": claims, "fills": fills}[sys.argv[1]](Path(sys.argv[2]))
