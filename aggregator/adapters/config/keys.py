"""What feeds.yaml is described with: types of values, keys, and shapes, which are sets of keys.

    class ServerShape(Shape):
        listen: str = key(types.LISTEN, "127.0.0.1:8080", "Where it listens.")

From the same description come the checks, the JSON Schema and the tables of the docs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar, cast

from aggregator.adapters.config.reading import Surroundings, named
from aggregator.adapters.config.tree import Path
from aggregator.adapters.config.values import Wrong, did_you_mean, quoted

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
ShapeT = TypeVar("ShapeT", bound="Shape")
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Type(Generic[T_co]):
    """What a value may be: the function that reads it, its JSON Schema, its word in the docs.

    `read` raises Wrong, or Mistaken about parts of the value.
    """

    read: Callable[[object, Surroundings], T_co]
    schema: Schema
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a shape. `default` is spelled as an operator would spell it."""

    type: Type[object]
    meaning: str
    default: object = None
    may_be_nothing: bool = False
    is_required: bool = False


def key(kind: Type[T], default: object, meaning: str) -> T:
    """Say what a key is, what it is when it is left out, and what it means."""
    return cast(T, Key(type=kind, default=default, meaning=meaning))


def optional(kind: Type[T], meaning: str) -> T | None:
    """Say what a key is that may be left out, which is told from every value."""
    return cast(T | None, Key(type=kind, meaning=meaning, may_be_nothing=True))


def required(kind: Type[T], meaning: str) -> T:
    """Say what a key is that may not be left out."""
    return cast(T, Key(type=kind, meaning=meaning, is_required=True))


class Shape:
    """Keys that stand together. A subclass names them; an instance holds what they were set to.

    Unknown keys are mistakes, and nothing is guessed: "5" is no number.
    """

    keys: ClassVar[Mapping[str, Key]] = {}
    required: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        assert not {"keys", "required"} & {*vars(cls)}, "a key has the name of what we keep here"
        cls.keys = {name: value for name, value in vars(cls).items() if isinstance(value, Key)}
        cls.required = tuple(name for name, value in cls.keys.items() if value.is_required)

    def __init__(self, values: Mapping[str, object]) -> None:
        vars(self).update(values)  # in front of the keys of the class


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong about a value, or about the key that ends the path to it."""

    path: Path = ()
    what: str
    hint: str = ""
    at_key: bool = False


class Mistaken(ValueError):
    """Parts of a value are wrong."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__()
        self.mistakes = mistakes


def read_keys(
    shape: type[Shape], data: Mapping[str, object], around: Surroundings
) -> tuple[dict[str, object], list[Mistake]]:
    """Return the values of all keys, and what is wrong: that counts as left out.

    A required key that is missing or wrong has no value.
    """
    values = dict(_defaults(shape, around))
    mistakes, unknown = _missing(shape, data), []
    for name, value in data.items():
        known = shape.keys.get(name)
        if known is None:
            unknown.append(_unknown(name, shape))
        elif value is None and known.may_be_nothing:
            values[name] = None
        else:
            try:
                values[name] = known.type.read(value, around)
            except (Wrong, Mistaken) as error:
                mistakes += _placed(error, (name,))
    return values, mistakes + unknown


def _defaults(shape: type[Shape], around: Surroundings) -> Mapping[str, object]:
    """Return what the keys are when they are left out: read once for each file."""
    found = around.defaults.get(shape)
    if found is None:
        found = around.defaults[shape] = {
            name: None if one.may_be_nothing else one.type.read(one.default, around)
            for name, one in shape.keys.items()
            if not one.is_required
        }
    return found


def _missing(shape: type[Shape], data: Mapping[str, object]) -> list[Mistake]:
    return [
        Mistake(path=(name,), what=f"{name} is missing", hint=f"write {name}: …")
        for name in shape.required
        if name not in data
    ]


def _unknown(name: str, shape: type[Shape]) -> Mistake:
    hint = did_you_mean(name, shape.keys) or f"known are {', '.join(shape.keys)}"
    return Mistake(path=(name,), what=f"unknown key {quoted(name)}", hint=hint, at_key=True)


def _placed(error: Wrong | Mistaken, path: Path, *, at_key: bool = False) -> list[Mistake]:
    """Return what is wrong about the value at a path."""
    if isinstance(error, Wrong):
        return [Mistake(path=path, what=error.what, hint=error.hint, at_key=at_key)]
    return [replace(one, path=(*path, *one.path)) for one in error.mistakes]


# --- types that are made of others


def keys_of(
    shape: type[ShapeT], word: str, *, short: Callable[[object], object] | None = None
) -> Type[ShapeT]:
    """The keys of a shape. `short` spells out what is short for some of them."""

    def read(value: object, around: Surroundings) -> ShapeT:
        data = short(value) if short else value
        if not isinstance(data, dict):
            raise Wrong(f"expected keys, found {named(data)}")
        values, mistakes = read_keys(shape, data, around)
        if mistakes:
            raise Mistaken(mistakes)
        return shape(values)

    return Type(read, {"$ref": f"#/$defs/{shape.__name__}"}, word)


def one_or_more(
    kind: Type[T], read_all: Callable[[tuple[T, ...]], tuple[T, ...]], schema: Schema, word: str
) -> Type[tuple[T, ...]]:
    """A list, or one value that is as good as a list of one."""

    def read(value: object, around: Surroundings) -> tuple[T, ...]:
        found, mistakes = [], []
        for index, one in enumerate(value if isinstance(value, list) else (value,)):
            try:
                found.append(kind.read(one, around))
            except (Wrong, Mistaken) as error:
                mistakes += _placed(error, (index,))
        if mistakes:
            raise Mistaken(mistakes)
        return read_all(tuple(found))

    return Type(read, schema, word)


def names_with(name: Type[str], kind: Type[T], word: str) -> Type[dict[str, T]]:
    """Keys that the operator chooses, and their values."""

    def read(value: object, around: Surroundings) -> dict[str, T]:
        if not isinstance(value, dict):
            raise Wrong(f"expected keys, found {named(value)}")
        found, mistakes = {}, []
        for own, one in value.items():
            try:
                name.read(own, around)
            except (Wrong, Mistaken) as error:
                mistakes += _placed(error, (own,), at_key=True)
            try:
                found[own] = kind.read(one, around)
            except (Wrong, Mistaken) as error:
                mistakes += _placed(error, (own,))
        if mistakes:
            raise Mistaken(mistakes)
        return found

    return Type(read, {"additionalProperties": kind.schema, "type": "object"}, word)
