"""Names: the ids of sources that were given none, and what an output's `sources:` selects. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePath
from urllib.parse import urlsplit

from aggregator.adapters.config.values import did_you_mean, quoted, slug, words

# Path words that say "a feed" and nothing else.
_BORING = frozenset(
    "atom atom10 default feed feeds htm html index json php posts rss rss2 rss20 xml".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What outputs select sources by."""

    id: str
    tags: tuple[str, ...]


def default_ids(locators: Sequence[str], taken: Collection[str]) -> tuple[str, ...]:
    """Make an id for each URL or path, whatever their order; two are equal only for equal ones.

    Host and telling path words; where that clashes, host, path and query; then a hash as well.
    So an id changes only when a source with a nearly equal address comes or goes.
    """
    used = set(taken)
    ids: dict[str, str] = {}
    waiting = sorted(set(locators))
    for spelled in (_short, _long):
        wanted = {locator: spelled(locator) for locator in waiting}
        counts = Counter(wanted.values()) + Counter(used)
        ids |= {locator: name for locator, name in wanted.items() if name and counts[name] == 1}
        used.update(ids.values())
        waiting = [locator for locator in waiting if locator not in ids]
    ids |= {locator: _unmistakable(locator) for locator in waiting}
    return tuple(ids[locator] for locator in locators)


def select(
    selectors: Iterable[str], sources: Sequence[Named]
) -> tuple[tuple[str, ...], tuple[tuple[str, str, str], ...]]:
    """Resolve an output's `sources:` to ids in file order, and (selector, what, hint) mistakes.

    What is named is added, `-` takes away afterwards; nothing but `-` starts from all.
    """
    everything = frozenset(source.id for source in sources)
    tags: dict[str, set[str]] = {}
    for source in sources:
        for tag in source.tags:
            tags.setdefault(tag, set()).add(source.id)
    chosen: dict[bool, set[str]] = {True: set(), False: set()}
    mistakes: list[tuple[str, str, str]] = []
    named = tuple(selectors)
    for selector in named:
        wanted = selector.removeprefix("-")
        found = _matching(wanted, everything, tags)
        if found is None:
            mistakes.append((selector, *_unknown(wanted, everything, tags)))
        else:
            chosen[wanted == selector] |= found
    if all(selector.startswith("-") for selector in named):
        chosen[True] = set(everything)
    kept = chosen[True] - chosen[False]
    if sources and not kept and not mistakes:
        mistakes.append((named[-1], "selects no source", "leave the key out for all sources"))
    return tuple(source.id for source in sources if source.id in kept), tuple(mistakes)


def _matching(
    wanted: str, everything: frozenset[str], tags: dict[str, set[str]]
) -> AbstractSet[str] | None:
    if wanted == "all":
        return everything
    if wanted.startswith("tag:"):
        return tags.get(wanted.removeprefix("tag:"))
    name = wanted.removeprefix("id:")
    return {name} if name in everything else None


def _unknown(wanted: str, everything: frozenset[str], tags: dict[str, set[str]]) -> tuple[str, str]:
    if wanted.startswith("tag:"):
        name = wanted.removeprefix("tag:")
        return f"no source has the tag {quoted(name)}", did_you_mean(name, sorted(tags))
    name = wanted.removeprefix("id:")
    if name in tags:
        return f"no source {quoted(name)}", f"did you mean {quoted('tag:' + name)}?"
    return f"no source {quoted(name)}", did_you_mean(name, sorted(everything))


def _short(locator: str) -> str:
    host, path, _ = _parts(locator)
    return slug(" ".join((host, *(word for word in path if word not in _BORING))))


def _long(locator: str) -> str:
    host, path, query = _parts(locator)
    return slug(" ".join((host, *path, *query)))


def _unmistakable(locator: str) -> str:
    digest = blake2b(locator.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{_long(locator)[:55].rstrip('-') or 'feed'}-{digest}"


def _parts(locator: str) -> tuple[str, list[str], list[str]]:
    """The host without `www.`, and the words of path and query; of a file its name and path."""
    if "://" not in locator:
        return PurePath(locator).stem, [], words(locator)
    try:
        parts = urlsplit(locator)
        host = _ascii(parts.netloc.rpartition("@")[2].lower())
    except ValueError:
        return "", [], words(locator)
    return host.removeprefix("www."), words(parts.path), words(parts.query)


def _ascii(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return ""
