"""Structured logs on standard error: an event, then key=value; or one JSON object a line.

    2026-01-31T08:00:00Z INFO poll source=bbc outcome=changed new=3

Control characters are escaped, so no headline can forge a line.
"""

from __future__ import annotations

import json
import logging
import time

FORMATS = ("text", "json")


def configure(*, form: str = "text", verbose: bool = False) -> None:
    """Send the logs of the whole program to standard error, as text or JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for noisy in ("apscheduler", "asyncio", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def event(logger: logging.Logger, level: int, name: str, **fields: object) -> None:
    """Log one event with its fields; None and "" are left out."""
    if logger.isEnabledFor(level):
        told = {key: value for key, value in fields.items() if value not in (None, "")}
        logger.log(level, name, extra={"fields": told})


def escaped(text: str) -> str:
    """Return the text on one line: control characters as \\xNN or \\uNNNN escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


class _UtcFormatter(logging.Formatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%SZ"
    default_msec_format = None


class TextFormatter(_UtcFormatter):
    """`TIME LEVEL event key=value ...`; values with spaces are quoted."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [self.formatTime(record), record.levelname, escaped(record.getMessage())]
        for key, value in getattr(record, "fields", {}).items():
            text = escaped(str(value))
            if not text or any(character in text for character in ' "='):
                text = '"' + text.replace('"', '\\"') + '"'
            parts.append(f"{key}={text}")
        line = " ".join(parts)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(_UtcFormatter):
    """One JSON object a line: time, level, event, logger and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)
