"""Names that packages load late are what they say, whatever was imported before."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

import aggregator.adapters.config
import aggregator.adapters.workers
import aggregator.app
import aggregator.core.filter
import aggregator.standing
from aggregator.core.late import late

LATE = (
    aggregator.adapters.config,
    aggregator.adapters.workers,
    aggregator.app,
    aggregator.core.filter,
    aggregator.standing,
)


@pytest.mark.parametrize("package", LATE)
def test_a_late_name_is_no_module_even_when_all_modules_are_loaded(package: ModuleType) -> None:
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    assert not [name for name in package.__all__ if isinstance(getattr(package, name), ModuleType)]


def test_a_name_that_nobody_gives_is_an_attribute_error() -> None:
    load = late("aggregator.core.filter", {"view": ("View",)})
    assert load("View") is aggregator.core.filter.View
    with pytest.raises(AttributeError, match=r"aggregator\.core\.filter.*'views'"):
        load("views")
