"""The library `reader`, run by the Python that has it; imports nothing of this project.

PYTHON reader_peer.py DATABASE add URL-FILE     subscribe (not measured)
PYTHON reader_peer.py DATABASE update WORKERS   what is measured
PYTHON reader_peer.py DATABASE count            entries that are stored
"""

from __future__ import annotations

import sys
from pathlib import Path

from reader import make_reader  # type: ignore[import-not-found]


def main(database: str, action: str, argument: str = "") -> None:
    with make_reader(database, search_enabled=False) as reader:
        if action == "add":
            for url in Path(argument).read_text(encoding="ascii").split():
                reader.add_feed(url)
        elif action == "update":
            reader.update_feeds(workers=int(argument), scheduled=False)
        else:
            print(reader.get_entry_counts().total)


if __name__ == "__main__":
    main(*sys.argv[1:])
