"""What every command shares: the opened app, errors as messages and exit codes, JSON lines."""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from aggregator import logs
from aggregator.app import App
from aggregator.app.application import load_settings
from aggregator.core.errors import AggregatorError, ConfigError
from aggregator.core.settings import Settings

FAILURE = 1
SOME_SOURCES_FAILED = 3
BAD_CONFIG = 78  # EX_CONFIG of sysexits.h


@dataclass(frozen=True, slots=True)
class Session:
    """The options before the command."""

    file: Path
    verbose: bool
    log_format: str

    @contextmanager
    def app(self) -> Iterator[App]:
        """Open the app; a mistake of the operator ends the program with message and exit code."""
        logs.configure(form=self.log_format, verbose=self.verbose)
        with self.errors(), App.open(self.file, os.environ) as app:
            yield app

    def settings(self, file: Path | None = None) -> Settings:
        """Read feeds.yaml, or end the program with all its problems."""
        with self.errors():
            return load_settings(file or self.file, os.environ)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn our exceptions into a message on standard error and an exit code."""
        try:
            yield
        except ConfigError as error:
            stop(_config_message(error), code=BAD_CONFIG)
        except AggregatorError as error:
            stop(f"error: {error}")
        except OSError as error:
            stop(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "))


def _config_message(error: ConfigError) -> str:
    count = len(error.problems)
    return f"{error}\n{count} problem{'s' if count != 1 else ''} in feeds.yaml"


def stop(message: str, *, code: int = FAILURE) -> NoReturn:
    """Print a message on standard error and end the program."""
    click.echo(message, err=True)
    sys.exit(code)


def known(what: str, names: Iterable[str], valid: Iterable[str]) -> None:
    """End with a usage error that suggests the nearest name if one of `names` is not valid."""
    valid = list(valid)
    for name in names:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise click.UsageError(f"no {what} {name!r}{hint}")


def json_line(values: Mapping[str, object]) -> None:
    """Print one JSON object on one line: times as ISO 8601, dataclasses as objects."""
    click.echo(json.dumps(values, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def iso(value: datetime | None) -> str:
    """Return a time as RFC 3339 with Z, "-" for none."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else "-"
