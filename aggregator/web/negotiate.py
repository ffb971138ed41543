"""Request header values -> what to send: coding, conditional requests, deltas. Pure.

RFC 9110 §12.5.3 (Accept-Encoding), §13.1 and §13.2.2 (preconditions), RFC 3229 §10.5.3 (A-IM).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')
# What proxies append to a tag when they compress: Apache -gzip, Jetty --gzip, others ;gzip.
_CODING_SUFFIX = re.compile(r"(?:--?|;)(?:gz|gzip|br|zst|zstd|deflate)$")
_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def chosen_coding(accept_encoding: str | None, offered: Sequence[str]) -> str:
    """The coding to send, "identity" for none. Of those liked equally the one offered first.

    Whoever takes anything (`*`) gets gzip, which everybody knows. Where nothing is acceptable,
    identity is sent all the same: bytes that are refused help more than a 406.
    """
    if accept_encoding is None:
        return "identity"
    weights = _weights(accept_encoding)
    if "x-gzip" in weights:
        weights.setdefault("gzip", weights["x-gzip"])
    weights.setdefault("gzip", weights.get("*", 0.0))
    best = max(offered, key=lambda name: weights.get(name, 0.0), default="identity")
    liked = weights.get(best, 0.0)
    return best if liked > 0 and liked >= weights.get("identity", 0.0) else "identity"


def wants_news(a_im: str | None) -> bool:
    """Does an A-IM value take the instance manipulation `feed`? `feed;q=0` does not."""
    return a_im is not None and _weights(a_im).get("feed", 0.0) > 0


def _weights(value: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in value.split(","):
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
    return any(named in ("*", tag) for named, _ in named_tags(if_none_match))


def named_tags(if_none_match: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each tag that If-None-Match values name: without its coding, and as it stands there.

    `*` without quotes is "*"; a tag `"*"` is none of ours.
    """
    for value in if_none_match:
        for match in _TAG.finditer(value):
            if match[1] is None:
                yield _CODING_SUFFIX.sub("", match[2]), match[2]
            elif match[1] != "*":
                yield _CODING_SUFFIX.sub("", match[1]), match[1]


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
