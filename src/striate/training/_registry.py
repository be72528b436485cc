"""Names for the parts of a training: looking one up, and turning one into plain JSON values and back."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from striate.errors import ArgumentError, Problem

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """The classes of one kind (optimizers, losses, …) by class name, snake-case name and alias.

    Args:
        kind: the argument these are given for, such as "optimizer"; error messages begin with it.
        room: the module where a person finds them, such as "optimizers".
        classes: frozen dataclasses.
        aliases: further names, such as {"mse": "MeanSquaredError"}.
    """

    def __init__(
        self,
        kind: str,
        room: str,
        classes: tuple[type[Part], ...],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        """Index the classes under all their names."""
        self.kind = kind
        self.room = room
        self.classes = {each.__name__: each for each in classes}
        self._names = {name.lower(): each for name, each in self.classes.items()}
        self._names |= {snake_case(name): each for name, each in self.classes.items()}
        self._names |= {alias.lower(): self.classes[name] for alias, name in (aliases or {}).items()}

    def find(self, name: str) -> type[Part]:
        """The class of this name, in any case; the error lists all names and the nearest one."""
        found = self._names.get(name.lower())
        if found is None:
            raise ArgumentError(self._unknown(name))
        return found

    def get(self, identifier: Any, instance_of: type[Part]) -> Part:
        """An object as it is; a class, a name or a config turned into an object."""
        if isinstance(identifier, instance_of):
            return identifier
        if isinstance(identifier, type) and issubclass(identifier, instance_of):
            return identifier()
        if isinstance(identifier, str):
            return self.find(identifier)()
        if isinstance(identifier, Mapping):
            return self.from_config(identifier)
        raise ArgumentError(self._unknown(identifier))

    def from_config(self, config: Mapping[str, Any]) -> Part:
        """The object that `to_config` described; an unknown class or field is refused.

        Raises:
            ArgumentError: listing every field that the class does not have.
        """
        cls = self.find(str(config.get("class_name")))
        fields: dict[str, Any] = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        given = {name: value for name, value in config.items() if name != "class_name"}
        unknown = [name for name in given if name not in fields]
        if unknown:
            raise ArgumentError(
                Problem(
                    f"{self.kind} {cls.__name__}",
                    f"{', '.join(map(repr, unknown))} is not one of its arguments",
                    f"some of {', '.join(fields)}",
                    "Take the argument out, or correct its name.",
                )
            )
        return cls(**given)

    def _unknown(self, identifier: Any) -> Problem:
        """The problem of a name that nothing bears."""
        names = ", ".join(self.classes)
        close = difflib.get_close_matches(str(identifier).lower(), list(self._names), n=1)
        advice = f"Give one of these names or an object of striate.{self.room}."
        cure = f"Did you mean {close[0]!r}?" if close else advice
        return Problem(self.kind, f"{identifier!r} is not known", f"one of {names}", cure)


def to_config(part: Any) -> dict[str, Any]:
    """A frozen dataclass as plain JSON values, {"class_name": …, field: value, …}; nested ones likewise.

    >>> from striate.training.schedules import ExponentialDecay
    >>> to_config(ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5))["decay_steps"]
    100
    """
    values = {field.name: _plain(getattr(part, field.name)) for field in dataclasses.fields(part)}
    return {"class_name": type(part).__name__, **values}


def _plain(value: Any) -> Any:
    """One field as JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_config(value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Callable):
        return getattr(value, "__name__", repr(value))
    return value


def snake_case(name: str) -> str:
    """A class name as Keras writes it in histories.

    >>> snake_case("SparseTopKCategoricalAccuracy"), snake_case("AUC"), snake_case("F1Score")
    ('sparse_top_k_categorical_accuracy', 'auc', 'f1_score')
    """
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
