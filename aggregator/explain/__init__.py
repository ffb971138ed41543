"""Why is it here, and what would change: what `why`, `plan`, `preview` and `status` explain."""

from aggregator.explain.chain import Event
from aggregator.explain.plan import Change, plan
from aggregator.explain.preview import Hit, Preview, preview, told
from aggregator.explain.tally import RuleCount, Tally, rule_values, tally
from aggregator.explain.why import OutputAnswer, Why, why

__all__ = [
    "Change",
    "Event",
    "Hit",
    "OutputAnswer",
    "Preview",
    "RuleCount",
    "Tally",
    "Why",
    "plan",
    "preview",
    "rule_values",
    "tally",
    "told",
    "why",
]
