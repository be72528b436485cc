"""Recipes: values that refuse nonsense all at once and make the optimizer they describe."""

import json

import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.tasks import RECIPES, Recipe, recipes
from striate.training import optimizers
from striate.training.schedules import OneCycle


def test_the_three_recipes_and_what_they_promise():
    assert list(RECIPES) == ["default", "plain", "quick"]
    plain = recipes.get("plain")
    assert (plain.optimizer, plain.batch_size, plain.epochs) == ("rmsprop", 256, 12)
    assert plain.patience is not None
    assert recipes.get("default").patience is None
    quick = recipes.get("quick")
    assert (quick.epochs, quick.held_out, 60_000 % quick.batch_size) == (1, 0, 0)
    assert (quick.make_optimizer(60_000).beta_1, quick.make_optimizer(60_000).beta_2) == (0.8, 0.95)
    assert quick.with_optimizer(optimizers.get("sgd")).betas is None


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("data", ["mnist", "fashion-mnist", "cifar10"])
def test_every_recipe_goes_through_json(name, data):
    recipe = recipes.get(name, data)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert recipe.make_optimizer(1000).rates(np.arange(3)).shape == (3,)


def test_the_rate_covers_every_step_of_the_run():
    optimizer = recipes.get("default").changed(epochs=3, batch_size=100).make_optimizer(1001)
    assert type(optimizer).__name__ == "AdamW"
    assert isinstance(optimizer.learning_rate, OneCycle)
    assert optimizer.learning_rate.total_steps == 33
    rates = optimizer.rates(np.arange(33))
    assert rates.max() == pytest.approx(recipes.get("default").learning_rate, rel=0.01)
    assert rates[-1] < 0.05 * rates.max()


def test_each_schedule_starts_and_ends_where_it_says():
    base = Recipe("a", "b", 1, 1, "sgd", 0.5)
    rates = {
        shape: base.changed(schedule=shape).make_optimizer(100).rates(np.array([0, 99])).tolist()
        for shape in recipes.SHAPES
    }
    assert rates["constant"] == [0.5, 0.5]
    assert rates["cosine"][0] == 0.5
    assert rates["cosine"][1] < 0.001
    assert rates["one-cycle"][0] == pytest.approx(0.02)


def test_another_optimizer_brings_its_own_rate_and_decay():
    recipe = recipes.get("default").with_optimizer(optimizers.get("sgd"))
    assert (recipe.optimizer, recipe.learning_rate, recipe.weight_decay) == ("sgd", 0.01, None)
    back = recipe.with_optimizer(optimizers.get("adamw"))
    assert (back.optimizer, back.weight_decay) == ("adamw", 0.004)


def test_everything_wrong_is_said_at_once():
    with pytest.raises(ArgumentError) as caught:
        Recipe("a", "b", 0, True, "adamm", -1.0, "up", None, 0, 2)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "6 problems:\n"
        "1. epochs: got 0; expected a whole number from 1 to 10,000.\n  Give for instance 5.\n"
        "2. batch_size: got True; expected a whole number from 1 to 1,048,576.\n  Give for instance 5.\n"
        "3. patience: no pictures are held out; expected something to watch.\n"
        "  Hold some pictures out, or train to the end.\n"
        "4. learning rate: got -1.0; expected a number above 0.\n  Give for instance 0.001.\n"
        "5. schedule: got 'up'; expected one of constant, one-cycle, cosine.\n  Choose one of them.\n"
        "6. optimizer: 'adamm' is not known; expected one of SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, "
        "Adamax, Nadam, Lion, Muon.\n  Did you mean 'adam'?"
    )


@pytest.mark.parametrize(
    ("optimizer", "betas", "said"),
    [
        (
            "sgd",
            (0.9, 0.99),
            "betas: got (0.9, 0.99) for sgd; expected two numbers, for an optimizer that has them.",
        ),
        ("adam", (0.9,), "betas: got (0.9,) for adam; expected two numbers, for an optimizer that has them."),
        ("adam", 0.9, "betas: got 0.9 for adam; expected two numbers, for an optimizer that has them."),
        ("adam", (0.9, 2.0), "Adam.beta_2: got 2.0; expected a finite number of at least 0 and below 1."),
        ("adam", (0.9, "x"), "Adam.beta_2: got 'x'; expected a finite number of at least 0 and below 1."),
    ],
)
def test_betas_that_an_optimizer_does_not_take(optimizer, betas, said):
    with pytest.raises(ArgumentError) as caught:
        Recipe("a", "b", 1, 1, optimizer, 0.5, betas=betas)
    assert str(caught.value).splitlines()[0] == said


def test_an_unknown_recipe_is_answered_with_the_nearest():
    with pytest.raises(ArgumentError) as caught:
        recipes.get("plane")
    assert str(caught.value) == (
        "recipe: there is no 'plane'; expected one of default, plain, quick.\n  Did you mean plain?"
    )


@pytest.mark.parametrize("values", [None, [], {"name": "a"}, {**recipes.DEFAULT.to_json(), "evil": 1}])
def test_foreign_json_is_refused(values):
    with pytest.raises(ArgumentError, match="recipe: its fields are"):
        Recipe.from_json(values)


def test_a_run_of_before_there_were_precisions_had_floats():
    told = recipes.DEFAULT.to_json()
    assert told.pop("precision") == "float32"
    assert Recipe.from_json(told) == recipes.DEFAULT


def test_a_precision_is_checked_and_reaches_compile():
    half = recipes.DEFAULT.changed(precision="bfloat16")
    assert half.compile_options() == {"augment": "none", "precision": "bfloat16"}
    with pytest.raises(ArgumentError, match="precision: the precision is 'half'; expected one of float32"):
        recipes.DEFAULT.changed(precision="half")
