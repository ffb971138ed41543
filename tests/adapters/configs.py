"""Reading settings from a text, for the tests of adapters/config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from aggregator.adapters.config import load
from aggregator.core.errors import ConfigError, Problem
from aggregator.core.settings import Settings, Source


def settings(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """Load a text as feeds.yaml of a folder."""
    path = folder / "feeds.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return load(path, environ=environ or {})


def source(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Source:
    """The only source of a text."""
    (found,) = settings(folder, text, environ).sources
    return found


def error(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> ConfigError:
    """The error that a text raises."""
    with pytest.raises(ConfigError) as raised:
        settings(folder, text, environ)
    return raised.value


def problems(
    folder: Path, text: str, environ: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """Everything that is wrong with a text."""
    return error(folder, text, environ).problems


def problem(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Problem:
    """The one thing that is wrong with a text."""
    (found,) = problems(folder, text, environ)
    return found
