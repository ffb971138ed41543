"""Who is wired to whom: the one floor that names concrete adapters and reads the clock.

What runs is loaded when it is asked for: commands that only look need none of it.
"""

from typing import TYPE_CHECKING

from aggregator.app.application import App
from aggregator.core.late import late

if TYPE_CHECKING:
    from aggregator.app.engine import Engine
    from aggregator.app.live import LiveView

__all__ = ["App", "Engine", "LiveView"]

__getattr__ = late(__name__, {"engine": ("Engine",), "live": ("LiveView",)})
