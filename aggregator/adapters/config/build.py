"""Checked shapes -> Settings: what only the whole file can tell is checked here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aggregator.adapters.config.check import Checked, Item, dotted
from aggregator.adapters.config.keys import Shape
from aggregator.adapters.config.names import Named, default_ids, select
from aggregator.adapters.config.problems import Problems
from aggregator.adapters.config.reading import Surroundings
from aggregator.adapters.config.rules import RuleReader
from aggregator.adapters.config.shape import DefaultsShape, OutputShape, SourceShape
from aggregator.adapters.config.spots import Spots
from aggregator.adapters.config.tree import Items, Keys, Node, Scalar, find, is_nothing
from aggregator.adapters.config.tree import Path as KeyPath
from aggregator.adapters.config.values import quoted
from aggregator.core.settings import (
    Access,
    Dedupe,
    Limits,
    Network,
    Output,
    Retention,
    Schedule,
    Secret,
    Server,
    Settings,
    Source,
)
from aggregator.core.trackers import Cleaning

DATA_DIR_VARIABLE = "AGGREGATOR_DATA_DIR"

_EITHER_OR = (("url", "path"), ("interval", "cron"), ("password", "password_file"))


@dataclass(frozen=True, slots=True)
class Shared:
    """What sources have that say nothing of it: one for all of them."""

    dedupe: Dedupe
    cleaning: Cleaning


def build(checked: Checked, problems: Problems, around: Surroundings, file: Path) -> Settings:
    """Put the parts together; raises ConfigError with all problems noted so far and here."""
    root = checked.root
    names = _names(checked.sources, root.defaults.tags)
    _check_root(checked, problems)
    _check_unique(checked.sources, [name.id for name in names], problems)
    shared = Shared(Dedupe(**vars(root.defaults.dedupe)), Cleaning(**vars(root.defaults.clean)))
    rules = RuleReader(problems, Spots(problems))
    named = rules.read_named(checked.tree)
    sources = tuple(
        _source(item, item.shape, name.id, root.defaults, shared, problems, rules)
        for item, name in zip(checked.sources, names, strict=True)
        if item.shape is not None
    )
    outputs = _outputs(checked, names, problems, rules)
    problems.raise_if_any()
    data_dir = around.environ.get(DATA_DIR_VARIABLE)
    return Settings(
        file=file,
        data_dir=Path(data_dir) if data_dir else root.data_dir,
        base_url=root.base_url,
        title=root.title,
        user_agent=root.user_agent,
        contact=root.contact,
        sources=sources,
        outputs=outputs,
        named=named,
        limits=Limits(**vars(root.limits)),
        network=Network(
            allow=root.network.allow,
            proxy=root.network.proxy or "",
            robots=root.network.robots,
        ),
        retention=Retention(**vars(root.retention)),
        server=Server(**vars(root.server)),
    )


def source_ids(nodes: Sequence[Node], locators: Sequence[str]) -> tuple[str, ...]:
    """The id of each source: its own, or one made from its URL or path."""
    own = [_text_at(node, "id") for node in nodes]
    unnamed = [locator for locator, name in zip(locators, own, strict=True) if name is None]
    made = iter(default_ids(unnamed, {name for name in own if name is not None}))
    return tuple(next(made) if name is None else name for name in own)


def _check_root(checked: Checked, problems: Problems) -> None:
    tree = checked.tree
    defaults = tree.pair("defaults")
    if defaults:
        _check_either_or(defaults[1], ("defaults",), problems)
    limits = checked.root.limits
    if limits.min_interval > limits.max_interval:
        path: KeyPath = ("limits", "max_interval")
        what = "max_interval is shorter than min_interval"
        problems.add(find(tree, path).start, dotted(path), what)


def _check_either_or(node: Node, path: KeyPath, problems: Problems) -> None:
    for first, second in _EITHER_OR:
        if _is_given(node, first) and _is_given(node, second):
            what = f"has both {first} and {second}"
            start = find(node, (second,)).start
            problems.add(start, dotted((*path, second)), what, "leave one of the two out")


def _check_unique(
    items: Sequence[Item[Shape]],
    ids: Sequence[str],
    problems: Problems,
) -> None:
    """Note repeated ids; of sources without an own id, that is a repeated address."""
    seen: dict[str, int] = {}
    for item, name in zip(items, ids, strict=True):
        first = seen.setdefault(name, item.node.start)
        if first == item.node.start or not name:
            continue
        path: KeyPath = (*item.path, "id")
        what = f"the id {quoted(name)} is taken"
        if not _is_given(item.node, "id"):
            path, what = item.path, "the same address once more, and no id to tell the two apart"
        start = find(item.node, path[len(item.path) :]).start
        hint = f"first in line {problems.place(first).line}"
        problems.add(start, dotted(path), what, hint)


# --- sources


def _source(
    item: Item[SourceShape],
    shape: SourceShape,
    name: str,
    defaults: DefaultsShape,
    shared: Shared,
    problems: Problems,
    rules: RuleReader,
) -> Source:
    _check_location(item, shape, problems)
    username, password = _credentials(item, shape, problems)
    return Source(
        id=name,
        url=shape.url.url if shape.url else "",
        path=shape.path,
        title=shape.title,
        tags=defaults.tags if shape.tags is None else shape.tags,
        schedule=_schedule(shape, defaults),
        priority=defaults.priority if shape.priority is None else shape.priority,
        rules=rules.read(item.node, item.path),
        dedupe=Dedupe(**vars(shape.dedupe)) if shape.dedupe else shared.dedupe,
        cleaning=Cleaning(**vars(shape.clean)) if shape.clean else shared.cleaning,
        headers=tuple(shape.headers.items()),
        username=username,
        password=password,
        verify_tls=_first(shape.verify_tls, defaults.verify_tls),
        ignore_validators=_first(shape.ignore_validators, defaults.ignore_validators),
        accept_replacement=_first(shape.accept_replacement, defaults.accept_replacement),
        place=problems.place(item.node.start),
        address_place=problems.place(find(item.node, ("url",)).start),
    )


def _first(own: bool | None, default: bool) -> bool:
    return default if own is None else own


def _check_location(item: Item[SourceShape], shape: SourceShape, problems: Problems) -> None:
    _check_either_or(item.node, item.path, problems)
    if not (shape.url or shape.path or item.broken & {"url", "path"}):
        hint = "write url: https://… or path: …"
        problems.add(item.node.start, dotted(item.path), "has neither url nor path", hint)


def _credentials(
    item: Item[SourceShape], shape: SourceShape, problems: Problems
) -> tuple[str, Secret | None]:
    password = shape.password or shape.password_file
    address = shape.url
    if address is None or (not address.username and address.password is None):
        return shape.username, password
    if shape.username or password:
        start = find(item.node, ("url",)).start
        what = "user name or password both in the URL and beside it"
        problems.add(start, dotted((*item.path, "url")), what, "leave one of the two out")
    return address.username, Secret(value=address.password) if address.password else None


def _schedule(shape: SourceShape, defaults: DefaultsShape) -> Schedule:
    return shape.cron or shape.interval or defaults.cron or defaults.interval


def _names(items: Sequence[Item[SourceShape]], default_tags: tuple[str, ...]) -> tuple[Named, ...]:
    """Name every source, also those with mistakes: outputs may refer to them."""
    ids = source_ids([item.node for item in items], [_locator(item) for item in items])
    return tuple(
        Named(id=name, tags=default_tags if (tags := _tags(item)) is None else tags)
        for name, item in zip(ids, items, strict=True)
    )


def _locator(item: Item[SourceShape]) -> str:
    if item.shape and item.shape.url:
        return item.shape.url.url
    found = _text_at(item.node, "url") or _text_at(item.node, "path")
    return found or dotted(item.path)


def _tags(item: Item[SourceShape]) -> tuple[str, ...] | None:
    """Its own tags as far as they can be told; None when it has the default ones."""
    if item.shape is not None and "tags" not in item.broken:
        return item.shape.tags
    return tuple(leaf.text for leaf in _scalars(find(item.node, ("tags",))))


# --- outputs


def _outputs(
    checked: Checked, names: Sequence[Named], problems: Problems, rules: RuleReader
) -> tuple[Output, ...]:
    if not checked.outputs:
        everything = tuple(name.id for name in names)
        return (Output(id="all", title=checked.root.title, sources=everything),)
    items = checked.outputs
    _check_unique(items, [_text_at(item.node, "id") or "" for item in items], problems)
    _check_aliases(items, problems)
    return tuple(
        _output(item, item.shape, names, problems, rules)
        for item in items
        if item.shape is not None
    )


def _check_aliases(items: Sequence[Item[OutputShape]], problems: Problems) -> None:
    """Note former ids that are not free: an address leads to one output."""
    taken = {_text_at(item.node, "id"): item.node.start for item in items}
    for item in items:
        for leaf in _scalars(find(item.node, ("aliases",))):
            first = taken.setdefault(leaf.text, leaf.start)
            if first != leaf.start:
                what = f"the id {quoted(leaf.text)} is taken"
                hint = f"first in line {problems.place(first).line}"
                problems.add(leaf.start, dotted((*item.path, "aliases")), what, hint)


def _access(item: Item[OutputShape], shape: OutputShape, problems: Problems) -> Access | None:
    _check_either_or(item.node, item.path, problems)
    password = shape.password or shape.password_file
    if shape.username and not password and not item.broken & {"password", "password_file"}:
        what = "has a username and no password"
        problems.add(find(item.node, ("username",)).start, dotted(item.path), what)
    if password and not password.value:
        problems.add(item.node.start, dotted((*item.path, "password")), "the password is empty")
    if not (shape.token or password):
        return None
    if shape.hub:
        where = dotted((*item.path, "hub"))
        what = "a private output has no hub: it would hand the articles to everybody"
        problems.add(find(item.node, ("hub",)).start, where, what, "leave it out")
    return Access(token=shape.token, username=shape.username, password=password)


def _output(
    item: Item[OutputShape],
    shape: OutputShape,
    names: Sequence[Named],
    problems: Problems,
    rules: RuleReader,
) -> Output:
    return Output(
        id=shape.id,
        atom_id=shape.atom_id,
        title=shape.title or _title(shape.id),
        subtitle=shape.subtitle,
        sources=_selected(item, shape, names, problems),
        rules=rules.read(item.node, item.path),
        order=shape.order,
        limit=shape.limit,
        max_per_source=shape.max_per_source,
        backfill=shape.backfill,
        max_age=shape.max_age,
        author=shape.author,
        language=shape.language,
        aliases=shape.aliases,
        access=_access(item, shape, problems),
        archive=shape.archive or 0,
        complete=shape.archive is None,
        hub=shape.hub or "",
        queries=shape.queries,
        place=problems.place(item.node.start),
    )


def _title(name: str) -> str:
    """kursk-watch -> Kursk watch."""
    spaced = name.replace("-", " ").replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def _selected(
    item: Item[OutputShape], shape: OutputShape, names: Sequence[Named], problems: Problems
) -> tuple[str, ...]:
    chosen, mistakes = select(shape.sources, names)
    leaves = {leaf.text: leaf.start for leaf in _scalars(find(item.node, ("sources",)))}
    for selector, what, hint in mistakes:
        start = leaves.get(selector, item.node.start)
        problems.add(start, dotted((*item.path, "sources")), what, hint)
    return chosen


# --- trees


def _text_at(node: Node, key: str) -> str | None:
    pair = node.pair(key) if isinstance(node, Keys) else None
    if pair is None or is_nothing(pair[1]) or not isinstance(pair[1], Scalar):
        return None
    return pair[1].text


def _is_given(node: Node, key: str) -> bool:
    pair = node.pair(key) if isinstance(node, Keys) else None
    return pair is not None and not is_nothing(pair[1])


def _scalars(node: Node) -> tuple[Scalar, ...]:
    if isinstance(node, Items):
        return tuple(child for child in node.nodes if isinstance(child, Scalar))
    return (node,) if isinstance(node, Scalar) else ()
