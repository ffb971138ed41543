"""What would change: the answers of `aggregator plan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.core.settings import Output, Settings
from aggregator.explain.rehearsal import Contents, Rehearsal
from aggregator.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a feeds.yaml would do to one output: slugs with titles, in the order of the output."""

    output: str
    state: str  # new, removed, changed, same
    appear: Mapping[str, str]
    vanish: Mapping[str, str]
    new: tuple[str, ...] = ()  # slugs: of those that appear, the ones it has never carried
    announced: tuple[str, ...] = ()  # of these, the ones that are news to subscribers


def plan(store: Store, settings: Settings, *, now: datetime) -> tuple[Change, ...]:
    """Compare what each output would carry with what it carries now.

    Articles of sources that were never polled are not known before they are.
    """
    rehearsal = Rehearsal(store=store, settings=settings, now=now)
    contents = rehearsal.contents()
    changes = [_change(rehearsal, output, contents[output.id]) for output in settings.outputs]
    left = {rehearsal.stored_id(output.id) for output in settings.outputs}
    removed = (name for name in store.listed_outputs() if name not in left)
    return (*changes, *(_removed(store, name) for name in removed))


def _change(rehearsal: Rehearsal, output: Output, contents: Contents | None) -> Change:
    before = rehearsal.store.carrying(rehearsal.stored_id(output.id))
    if contents is None:
        return Change(output=output.id, state="same", appear={}, vanish={})
    after = {article.slug: article for article in contents.articles}
    appear = [article for slug, article in after.items() if slug not in before]
    known = rehearsal.first_carried(output.id, [article.slug_hash for article in appear])
    new = [article for article in appear if article.slug_hash not in known]
    vanish = {slug: title for slug, title in before.items() if slug not in after}
    state = "changed" if appear or vanish else "same"
    return Change(
        output=output.id,
        state=state if rehearsal.is_known(output.id) else "new",
        appear={article.slug: article.entry.title for article in appear},
        vanish=vanish,
        new=tuple(article.slug for article in new),
        announced=tuple(one.slug for one in new if one.slug_hash not in contents.no_news),
    )


def _removed(store: Store, output: str) -> Change:
    return Change(output=output, state="removed", appear={}, vanish=store.carrying(output))
