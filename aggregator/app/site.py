"""When pages are written: with their feeds, when feeds.yaml changes, and when pages look anew."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from aggregator import outputs
from aggregator.app.application import App
from aggregator.app.tree import Tree
from aggregator.core.errors import PublishError
from aggregator.core.model import Article
from aggregator.core.render import Pieces
from aggregator.core.settings import Output
from aggregator.logs import event

logger = logging.getLogger(__name__)


class SiteFiles:
    """What is published besides feeds, kept up to date by the builder, in its thread.

    A disk that refuses a page of the site is logged, and the next change tries again.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._tree = self._new_tree()
        self._outdated: frozenset[str] = frozenset()
        self._sources_known = False

    def _new_tree(self) -> Tree:
        app = self._app
        sources = outputs.public_sources(app.settings)
        return Tree(app.public_root, app.private_root, app.settings, sources=sources)

    def learn(self) -> None:
        """Follow the settings: which pages are missing, or drawn in another way than today?"""
        listed = self._app.settings.outputs
        self._tree = self._new_tree()
        self._outdated = frozenset(one.id for one in listed if not self._tree.has_page(one))

    @property
    def outdated(self) -> frozenset[str]:
        """The outputs that must be built for the sake of their pages."""
        return self._outdated

    def write_page(self, output: Output, articles: Sequence[Article], *, known: Pieces) -> None:
        """Write the page of an output whose feed was just published. Raises PublishError."""
        self._tree.write_page(output, articles, known=known, now=self._app.now())
        self._outdated -= {output.id}

    def remove_pages(self) -> tuple[str, ...]:
        """Take down the pages of outputs that are no more. Raises PublishError."""
        return self._tree.remove_pages()

    def write_all(self) -> None:
        """Write everything that is no page of an output."""
        self._attempt(self._tree.write_fixed)
        self.list_sources_again()
        self.write_lists()
        self.list_sources_again()  # the first polls bring titles

    def list_sources_again(self) -> None:
        """Write the list of sources when the next output has changed."""
        self._sources_known = False

    def write_lists(self) -> None:
        """Write the index, and now and then the list of sources.

        A change of an output is no reason to read the titles of all sources again.
        """
        self._attempt(self._tree.write_index)
        if not self._sources_known:
            self._attempt(partial(self._tree.write_sources, self._app.store.titles()))
            self._sources_known = True

    def _attempt(self, write: Callable[..., None]) -> None:
        try:
            write(now=self._app.now())
        except PublishError as error:
            event(logger, logging.ERROR, "cannot write pages", error=error)
