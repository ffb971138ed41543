"""Functions in worker processes that can be killed: for input that may never end, or crash.

    pool       Workers: hands calls to processes, counts the seconds, replaces the dead
    nursery    one process that has everything imported and forks the workers
    wire       how they talk

Not multiprocessing: its fork server imports the program's main module again in each worker, and
needs a second helper process; concurrent.futures cannot kill one worker and keep the others.

The pool is loaded when it is asked for: the nursery needs no asyncio, a third of its start.
"""

from typing import TYPE_CHECKING

from aggregator.core.late import late

if TYPE_CHECKING:
    from aggregator.adapters.workers.pool import Workers

__all__ = ["Workers"]

__getattr__ = late(__name__, {"pool": ("Workers",)})
