"""What to train and how, as one value that is kept beside the result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.network import Network, from_json, to_json
from striate.tasks import recipes
from striate.tasks.pictures import PictureOptions
from striate.tasks.recipes import Recipe
from striate.tasks.tuning import Tuning


@dataclass(frozen=True)
class Order:
    """What to train, and how: everything that decides the result.

    Args:
        data: the data set's name, or the path of a folder. network: the architecture. recipe: how.
        seed: decides first weights, order and dropout. limit: only the first so many training pictures.
        model_name: what the person called the network. command: the words that asked for the run.
        pictures: how a folder is read, None for a data set. digest: of its pictures, empty for a set.
        tuning: which trained network it begins from, None to begin anew.
    """

    data: str
    network: Network
    recipe: Recipe = recipes.DEFAULT
    seed: int = 0
    limit: int | None = None
    model_name: str = "model"
    command: Sequence[str] = ()
    pictures: PictureOptions | None = None
    digest: str = ""
    tuning: Tuning | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values that `from_json` reads."""
        return {
            "data": self.data,
            "limit": self.limit,
            "model": self.model_name,
            "network": json.loads(to_json(self.network)),
            "recipe": self.recipe.to_json(),
            "seed": self.seed,
            "command": list(self.command),
            "pictures": None if self.pictures is None else self.pictures.to_json(),
            "digest": self.digest,
            "tuning": None if self.tuning is None else self.tuning.to_json(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], where: str) -> Order:
        """The order that `to_json` wrote; the network is data, its Python file is not needed again.

        Raises:
            StriateError: a value is missing or not what was written.
        """
        kinds = {
            "data": str,
            "model": str,
            "network": dict,
            "recipe": dict,
            "seed": int,
            "command": list,
            "digest": str,
        }
        wrong = [name for name, kind in kinds.items() if type(values.get(name)) is not kind]
        limit, pictures, tuning = values.get("limit"), values.get("pictures"), values.get("tuning")
        if wrong or not (limit is None or type(limit) is int):
            happened = f"{', '.join(wrong or ['limit'])} is missing or of another kind"
            cure = "Start a new run; this one cannot be resumed."
            raise ArgumentError(Problem(where, happened, "the settings of a run", cure))
        return cls(
            data=values["data"],
            network=from_json(json.dumps(values["network"])),
            recipe=Recipe.from_json(values["recipe"]),
            seed=values["seed"],
            limit=limit,
            model_name=values["model"],
            command=tuple(map(str, values["command"])),
            pictures=None if pictures is None else PictureOptions.from_json(pictures, where),
            digest=values["digest"],
            tuning=None if tuning is None else Tuning.from_json(tuning, where),
        )
