"""robots.txt -> may this URL be asked for? Pure (RFC 9309).

Not urllib.robotparser: that lets the first rule that matches decide instead of the longest, and
knows neither `*` nor `$` (§2.2.2, §2.2.3), so it would allow what publishers forbid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_SIZE = 512 * 1024  # characters that are read; §2.5 asks for at least 500 KiB
ANYBODY = "*"
ALWAYS_ALLOWED = "/robots.txt"

_LINE = re.compile(r"[ \t]*([a-z-]+)[ \t]*:[ \t]*([^#]*)", re.IGNORECASE)
_PRODUCT = re.compile(r"[a-z_-]+", re.IGNORECASE)
_CODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNSENDABLE = re.compile(rb"[^\x21-\x7e]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class RobotRules:
    """The patterns of one robots.txt for one product and what each says, deciding ones first."""

    rules: tuple[tuple[str, bool], ...] = ()

    def allow(self, target: str) -> bool:
        """Whether `target`, a path with its query as sent, may be asked for (§2.2.2)."""
        path = _normal(target)
        if path == ALWAYS_ALLOWED:
            return True
        return next((allowed for pattern, allowed in self.rules if _matches(pattern, path)), True)


def read_rules(text: str, *, product: str) -> RobotRules:
    """Read what a robots.txt says to `product`, a name like "aggregator"; never raises.

    The groups that name the product count together, and where there is none, those of `*`
    (§2.2.1). The longest pattern decides; of two alike, the one that allows.
    """
    wanted = product.lower()
    groups: dict[str, dict[str, bool]] = {}
    for name, pattern, allowed in _said(text.lstrip("\ufeff")[:MAX_SIZE], wanted):
        rules = groups.setdefault(name, {})
        if pattern:
            rules[pattern] = allowed or rules.get(pattern, False)
    chosen = groups.get(wanted, groups.get(ANYBODY, {}))
    return RobotRules(tuple(sorted(chosen.items(), key=lambda rule: (-len(rule[0]), rule[0]))))


def product_of(user_agent: str) -> str:
    """The name at the start of a User-Agent, which robots.txt would call us by; "" without."""
    match = _PRODUCT.match(user_agent)
    return match[0] if match else ""


def _said(text: str, product: str) -> Iterator[tuple[str, str, bool]]:
    """Each rule for `product` and for `*`, after an empty one for each group that names them."""
    named: set[str] = set()
    heading = False  # user-agent lines in a row share one group
    for line in text.splitlines():
        match = _LINE.match(line)
        key, value = (match[1].lower(), match[2].strip()) if match else ("", "")
        if key == "user-agent":
            named = named if heading else set()
            heading = True
            name = ANYBODY if value.startswith(ANYBODY) else product_of(value).lower()
            if name in (product, ANYBODY):
                named.add(name)
                yield name, "", True
        elif key in ("allow", "disallow"):
            heading = False
            pattern = _normal(value)
            yield from ((name, pattern, key == "allow") for name in sorted(named))


def _matches(pattern: str, path: str) -> bool:
    """Whether a pattern covers the start of a path, or all of it where it ends with `$`."""
    start, *pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(start):
        return False
    whole = pattern.endswith("$")
    last = pieces.pop() if whole and pieces else ""
    at = len(start)
    for piece in pieces:
        at = path.find(piece, at) + len(piece)
        if at < len(piece):
            return False
    if whole and "*" not in pattern:
        return path == start
    return path.endswith(last, at)


def _normal(text: str) -> str:
    """Percent-encoding made the same on both sides (§2.2.2)."""
    raw = _CODED.sub(_decoded, text.encode("utf-8", "replace"))
    return _UNSENDABLE.sub(lambda match: b"%%%02X" % ord(match[0]), raw).decode("ascii")


def _decoded(match: re.Match[bytes]) -> bytes:
    octet = int(match[1], 16)
    return bytes((octet,)) if octet in _UNRESERVED else match[0].upper()
