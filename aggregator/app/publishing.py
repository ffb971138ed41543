"""Puts the documents of one build into the tree they belong to, and notes their versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path, PurePosixPath

from aggregator.adapters.publish import write_published
from aggregator.app.application import App
from aggregator.core.settings import Output
from aggregator.core.versions import RECORDED, from_text, recorded, to_text

_PRIVATE_MODE = 0o700


class Publishing:
    """One build of one output; `publish` is what the story calls.

    `histories` are those of the documents that changed, to be kept once the build is done. A
    crash before that costs the readers of one version their delta: they get all of it.
    `no_news` are the ids of entries that no delta tells as new.
    """

    def __init__(self, app: App, output: Output, *, now: Callable[[], datetime]) -> None:
        self._app = app
        self._output = output
        self._now = now
        self.histories: dict[str, str] = {}
        self.no_news: frozenset[str] = frozenset()

    def publish(self, name: str, body: bytes) -> bool:
        """Write `name` (relative to the tree) if its bytes are new. Raises PublishError."""
        changed = write_published(self._root() / name, body, modified=self._now())
        form = self._recorded_form(name)
        if changed and form:
            history = from_text(self._app.store.history(self._output.id, form))
            self.histories[form] = to_text(recorded(history, body, no_news=self.no_news))
        return changed

    def _root(self) -> Path:
        root = self._app.root_of(self._output)
        if self._output.access is not None:
            root.mkdir(mode=_PRIVATE_MODE, exist_ok=True)
        return root

    def _recorded_form(self, name: str) -> str:
        """The form of a subscription document whose versions are told apart; else ""."""
        path = PurePosixPath(name)
        form = path.suffix.lstrip(".")
        return form if path.parent.name == "feeds" and form in RECORDED else ""
