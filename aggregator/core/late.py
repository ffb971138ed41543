"""Modules that are loaded when they are asked for: a start pays for what it uses. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module


def late(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package: the names that each of its modules gives to it.

    So that checkers know them too, the package imports them `if TYPE_CHECKING`. None of them has
    the name of a module of the package: whoever asks for it could get the module.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home_of[name]}"), name)

    return load


def modules(package: str, *names: str) -> Iterator[LateModule]:
    """Modules of a package, each loaded when something of it is asked for."""
    return (LateModule(f"{package}.{name}") for name in names)


class LateModule:
    """Stands for a module until it is needed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self._name), name)
