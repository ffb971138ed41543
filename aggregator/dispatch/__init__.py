"""Which polls start when: what is due, spread after downtime, paced by host, side by side."""

from aggregator.dispatch.backlog import Backlog
from aggregator.dispatch.dispatcher import Claim, Dispatcher, Move
from aggregator.dispatch.hosts import Pacer, host_key, is_private

__all__ = ["Backlog", "Claim", "Dispatcher", "Move", "Pacer", "host_key", "is_private"]
