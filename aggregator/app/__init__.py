"""Who is wired to whom: the one floor that names concrete adapters and reads the clock."""

from aggregator.app.application import App
from aggregator.app.engine import Engine
from aggregator.app.live import LiveView

__all__ = ["App", "Engine", "LiveView"]
