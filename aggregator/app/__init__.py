"""Who is wired to whom: the one floor that names concrete adapters and reads the clock.

What runs is loaded when it is asked for: commands that only look need none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from aggregator.app.application import App

if TYPE_CHECKING:
    from aggregator.app.engine import Engine
    from aggregator.app.live import LiveView

__all__ = ["App", "Engine", "LiveView"]

_LATE = {"Engine": "aggregator.app.engine", "LiveView": "aggregator.app.live"}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)
