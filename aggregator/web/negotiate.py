"""Request header values -> what to send: content coding and conditional requests. Pure.

RFC 9110 §12.5.3 (Accept-Encoding), §13.1 and §13.2.2 (preconditions).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')
# What proxies append to a tag when they compress: Apache -gzip, Jetty --gzip, others ;gzip.
_CODING_SUFFIX = re.compile(r"(?:--?|;)(?:gz|gzip|br|zstd|deflate)$")
_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Shall the answer be gzip? Only when it is acceptable and identity is not preferred."""
    if accept_encoding is None:
        return False
    weights = _weights(accept_encoding)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weights(accept_encoding: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, _, parameters = part.partition(";")
        weights.setdefault(coding.strip().lower(), _weight(parameters.strip()))
    weights.pop("", None)
    return weights


def _weight(parameters: str) -> float:
    """The q-value; 1 when there is none, 0 (not acceptable) when it is not a number."""
    if not parameters:
        return 1.0
    match = _WEIGHT.fullmatch(parameters)
    return float(match[1]) if match else 0.0


def matches(if_none_match: Iterable[str], tag: str) -> bool:
    """Does any If-None-Match value name the opaque `tag`? Weak comparison, without codings.

    Two codings of the same bytes share their tag but for the suffix, so whoever has one of
    them has the current version.
    """
    for value in if_none_match:
        for match in _TAG.finditer(value):
            named = match[1] if match[1] is not None else match[2]
            if match[0] == "*" or _CODING_SUFFIX.sub("", named) == tag:
                return True
    return False


def is_not_modified(
    *,
    if_none_match: Iterable[str],
    if_modified_since: datetime | None,
    tag: str,
    last_modified: datetime,
) -> bool:
    """304 or not. If-Modified-Since counts only without If-None-Match (RFC 9110 §13.2.2)."""
    values = tuple(if_none_match)
    if values:
        return matches(values, tag)
    return if_modified_since is not None and if_modified_since >= last_modified
