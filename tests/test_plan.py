"""`plan` foretells exactly what a reload and a build then do, whatever is edited in feeds.yaml.

PLAN_EDITS=200 runs so many random edits, one after the other, on one store.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from aggregator import explain
from aggregator.app import App, Engine, clock
from aggregator.app.application import load_settings
from aggregator.core.model import Entry
from aggregator.core.versions import from_text, news, tag_of
from tests.adapters.store.polls import entry, poll, source

EDITS = int(os.environ.get("PLAN_EDITS", "12"))
HOUR = timedelta(hours=1)
TAGS = ("red", "green", "blue")
RULES = (
    "tag:red",
    "-tag:green",
    "tag:red OR tag:blue",
    "title:/[02468] about/",
    "age<5d",
    "age>2d OR tag:blue",
    "seen_in>=2",
    "-source:s1",
    ["tag:green", "title:/number 1/"],
)
QUOTAS = (2, 5, 30, "1/day", "3/day", "2/hour", "9/week")
ID = re.compile(rb"<entry[^>]*>\s*<id>(.*?)</id>")


@dataclass(slots=True)
class Desk:
    """A feeds.yaml, and the random edits that operators make."""

    dice: Random
    sources: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    shelved: list[dict[str, Any]] = field(default_factory=list)  # sources that were taken out
    made: int = 0

    def text(self) -> str:
        limits = {"first_entries": 1000, "new_entries": 1000}
        return json.dumps({"sources": self.sources, "outputs": self.outputs, "limits": limits})

    def add_source(self) -> None:
        name = self.number()
        tags = self.dice.sample(TAGS, self.dice.randint(0, 2))
        url = f"https://s{name}.example/feed"
        self.sources.append({"id": f"s{name}", "url": url, "tags": tags})

    def number(self) -> int:
        self.made += 1
        return self.made

    def add_output(self) -> None:
        self.outputs.append({"id": f"o{self.number()}", "sources": self.selectors(), "limit": 20})

    def selectors(self) -> list[str]:
        ids = [one["id"] for one in self.sources]
        tags = {f"tag:{tag}" for one in self.sources for tag in one["tags"]}
        names = [*sorted(tags), *self.dice.sample(ids, min(3, len(ids)))]
        chosen = self.dice.sample(["all", *names], self.dice.randint(1, 3))
        return [*chosen, f"-id:{self.dice.choice(ids)}"] if "all" in chosen else chosen

    def edit(self) -> None:
        """Edit one to three things; what selectors name must be there."""
        for _ in range(self.dice.randint(1, 3)):
            self.dice.choice([self.edit_source, self.edit_output, self.edit_output])()
        tags = {f"tag:{tag}" for one in self.sources for tag in one["tags"]}
        known = {"all", *tags, *(one["id"] for one in self.sources)}
        for output in self.outputs:
            named = [one for one in output["sources"] if one.removeprefix("-id:") in known]
            output["sources"] = named if any(one[0] != "-" for one in named) else ["all"]

    def edit_source(self) -> None:
        one = self.dice.choice(self.sources)
        match self.dice.choice(["new", "out", "back", "rename", "tags", "rule", "rank", "title"]):
            case "new":
                self.add_source()
            case "out" if len(self.sources) > 3:
                self.sources.remove(one)
                self.shelved.append(one)
            case "back" if self.shelved:
                self.sources.append(self.shelved.pop())
            case "rename":
                old, one["id"] = one["id"], f"s{self.number()}"
                new = {old: one["id"], f"-id:{old}": f"-id:{one['id']}"}
                for output in self.outputs:
                    output["sources"] = [new.get(name, name) for name in output["sources"]]
            case "tags":
                one["tags"] = self.dice.sample(TAGS, self.dice.randint(0, 3))
            case "rule":
                self.set_rule(one)
            case "rank":
                one["priority"] = self.dice.randint(-1, 1)
            case "title":
                one["title"] = f"Title {self.number()}"

    def set_rule(self, one: dict[str, Any]) -> None:
        key = self.dice.choice(["keep", "drop"])
        if key in one and self.dice.random() < 0.5:
            del one[key]
        else:
            one[key] = self.dice.choice(RULES)

    def edit_output(self) -> None:
        one = self.dice.choice(self.outputs)
        options: dict[str, tuple[object, ...]] = {
            "limit": (1, 5, 20, 60, 400),
            "max_age": ("2d", "6d", "30d"),
            "order": ("newest", "oldest"),
            "backfill": (0, 3, 20, 1000),
            "max_per_source": QUOTAS,
            "archive": ("on", "off", "complete", 10),
            "title": (f"Title {self.made}",),
        }
        what = self.dice.choice(["new", "out", "rename", "sources", "rule", "rule", *options])
        if what in options:
            one[what] = self.dice.choice(options[what])
            if self.dice.random() < 0.3:
                del one[what]
        elif what == "new":
            self.add_output()
        elif what == "out" and len(self.outputs) > 2:
            self.outputs.remove(one)
        elif what == "rename":
            one["aliases"] = [one["id"]]
            one["id"] = f"o{self.number()}"
        elif what == "sources":
            one["sources"] = self.selectors()
        elif what == "rule":
            self.set_rule(one)


def told(number: int, *, by: str, at: datetime) -> Entry:
    """A story as one source tells it; some stories are told by many."""
    return entry(
        str(number),
        guid=f"{by}-{number}",
        published=at,
        link=f"https://{by}.example/{number}",
        categories=(TAGS[number % 3],),
    )


@dataclass(slots=True)
class World:
    """Stored articles of the last ten days, and what comes in meanwhile."""

    app: App
    dice: Random
    stories: int = 0

    def tell(self, desk: Desk, *, count: int) -> None:
        for _ in range(count):
            number, self.stories = self.stories, self.stories + 1
            age = self.dice.randrange(240) * HOUR + HOUR / 2
            who = self.dice.sample(desk.sources, self.dice.choice([1, 1, 2, 3]))
            for one in who:
                self._poll(one, told(number, by=one["id"], at=clock.now() - age))

    def _poll(self, one: dict[str, Any], *entries: Entry) -> None:
        asked = replace(source(one["id"]), url=one["url"])
        poll(self.app.store, asked, *entries, now=clock.now())


async def test_plan_foretells_what_a_build_does_after_random_edits(tmp_path: Path) -> None:
    dice = Random(os.environ.get("PLAN_SEED", "6"))
    desk = Desk(dice)
    for _ in range(6):
        desk.add_source()
    for _ in range(3):
        desk.add_output()
    file = tmp_path / "feeds.yaml"
    file.write_text(desk.text(), encoding="utf-8")
    with App.open(file, {}) as app:
        async with Engine(app) as engine:
            world = World(app, dice)
            world.tell(desk, count=150)
            await engine.build(force=True)
            for number in range(EDITS):
                world.tell(desk, count=dice.choice([0, 0, 2, 10]))
                desk.edit()
                file.write_text(desk.text(), encoding="utf-8")
                await check(app, engine, where=f"edit {number}: {desk.text()}")


async def check(app: App, engine: Engine, *, where: str) -> None:
    """Plan, apply, build, and compare."""
    before = {name: set(app.store.carrying(name)) for name in app.store.listed_outputs()}
    bodies = {output.id: document(app, output.id) for output in app.settings.outputs}
    settings = load_settings(app.settings.file, {})
    planned = explain.plan(app.store, settings, now=clock.now())
    names = {output.id: output for output in settings.outputs}
    await engine.reload()
    reports = await engine.build(force=True)
    assert not any(report.error for report in reports)
    assert {change.output for change in planned} >= names.keys(), where
    for change in planned:
        if change.state == "removed":
            assert change.vanish.keys() == before[change.output], where
            continue
        former = next(
            (name for name in (change.output, *names[change.output].aliases) if name in before),
            change.output,
        )
        old, new = before.get(former, set()), set(app.store.carrying(change.output))
        assert change.appear.keys() == new - old, (change.output, where)
        assert change.vanish.keys() == old - new, (change.output, where)
        if bodies.get(former) and change.output == former:
            ids = {id_of(app, slug) for slug in change.new}
            sent = delta(app, change.output, since=bodies[former]) & ids
            assert sent == {id_of(app, slug) for slug in change.announced}, where


def document(app: App, output: str) -> bytes:
    path = app.public_root / "feeds" / f"{output}.atom"
    return path.read_bytes() if path.exists() else b""


def id_of(app: App, slug: str) -> str:
    article = app.store.article(slug, priority={})
    assert article is not None
    return article.id


def delta(app: App, output: str, *, since: bytes) -> set[str]:
    """The ids that a subscriber is sent who has the document `since` and asks for deltas."""
    body = document(app, output)
    if body == since:
        return set()
    history = from_text(app.store.history(output, "atom"))
    sent = news(history, body, tag=tag_of(since))
    return {found.decode() for found in ID.findall(body if sent is None else sent)}
