"""feeds.yaml as `aggregator check` sees it: examples are tried, and hints given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aggregator.adapters.config.load import read_settings
from aggregator.adapters.config.problems import Problems
from aggregator.adapters.config.values import plausible_cron
from aggregator.core import examine as rules
from aggregator.core.errors import Problem
from aggregator.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Examined:
    """A feeds.yaml without mistakes; `hints` are what is hardly meant, in file order."""

    settings: Settings
    hints: tuple[Problem, ...]


def examine(
    path: Path,
    *,
    environ: Mapping[str, str],
    now: datetime,
    check_cron: Callable[[str], None] = plausible_cron,
) -> Examined:
    """Read feeds.yaml and try its examples; raises ConfigError with every problem found.

    Examples are not tried at the start of the program: one that speaks of an age may come out
    otherwise another day.
    """
    settings, problems = read_settings(path, environ=environ, check_cron=check_cron)
    _note(rules.failed_examples(settings, now=now), problems)
    problems.raise_if_any()
    _note(rules.hints(settings), problems)
    return Examined(settings, problems.found())


def _note(remarks: Iterable[rules.Remark], problems: Problems) -> None:
    for remark in remarks:
        start = problems.offset(remark.place) if remark.place else 0
        problems.add(start, remark.where, remark.what)
