"""An order survives its JSON form, network and all; a foreign one is refused."""

import json

import pytest
from task_fixtures import *  # noqa: F403

from striate.errors import ArgumentError, StriateError
from striate.tasks import Order


def test_round_trip(tiny_order):
    again = Order.from_json(json.loads(json.dumps(tiny_order.to_json())), "here")
    assert again == tiny_order


@pytest.mark.parametrize("name", ["data", "model", "network", "recipe", "seed", "command"])
@pytest.mark.parametrize("value", [None, 1.5])
def test_missing_or_foreign_values(tiny_order, name, value):
    values = tiny_order.to_json() | {name: value}
    with pytest.raises(ArgumentError) as caught:
        Order.from_json(values, "run/config.json")
    assert str(caught.value) == (
        f"run/config.json: {name} is missing or of another kind; expected the settings of a run.\n"
        "  Start a new run; this one cannot be resumed."
    )


def test_the_network_in_it_is_read_strictly(tiny_order):
    values = tiny_order.to_json()
    values["network"]["nodes"][0]["layer"]["kind"] = "os.system"
    with pytest.raises(StriateError):
        Order.from_json(values, "run/config.json")
    with pytest.raises(ArgumentError, match="limit is missing or of another kind"):
        Order.from_json(tiny_order.to_json() | {"limit": "all"}, "run/config.json")
