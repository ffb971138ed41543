"""The store on SQLite: one file, many readers, one writer at a time.

    store    the door: every method of the Store protocol, each a line
    opening  the file: opened, closed, a connection for each thread
    states   what is due, claiming it, the row of each source
    saving   what one poll brought; knowing reads what the judge must know
    renamed  sources under other ids, and renaming that follows; keyed and rekeying likewise
    together several polls in one transaction; writer gathers them
    waiting  what is held back of a flood; aliases what is dropped of churning guids
    shown    articles for building, newest first
    ledger   what each output carried, and the change numbers builds go by
    upkeep   retention, optimising, backup, integrity
    writer   async saves, committed in groups on one thread

The only importer of sqlite3 and sqlite_utils.
"""

from aggregator.adapters.sqlite.store import SqliteStore
from aggregator.adapters.sqlite.writer import Writer

__all__ = ["SqliteStore", "Writer"]
