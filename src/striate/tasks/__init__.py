"""Whole jobs: a training run and its folder, evaluation, prediction, the report."""

from striate.tasks.evaluation import Evaluation, evaluate
from striate.tasks.joining import Joined, ensemble
from striate.tasks.material import Material, Portion, gather
from striate.tasks.model_source import find_network
from striate.tasks.order import Order
from striate.tasks.ordering import Plan, Wishes, plan
from striate.tasks.pictures import PictureOptions
from striate.tasks.prediction import Prediction, predict
from striate.tasks.recipes import RECIPES, Recipe
from striate.tasks.reporting import Report
from striate.tasks.run_folder import RunFolder
from striate.tasks.trained import Trained, load_trained, make_trained
from striate.tasks.training_run import Outcome, begin, carry_out, gathered, reopen

__all__ = [
    "RECIPES",
    "Evaluation",
    "Joined",
    "Material",
    "Order",
    "Outcome",
    "PictureOptions",
    "Plan",
    "Portion",
    "Prediction",
    "Recipe",
    "Report",
    "RunFolder",
    "Trained",
    "Wishes",
    "begin",
    "carry_out",
    "ensemble",
    "evaluate",
    "find_network",
    "gather",
    "gathered",
    "load_trained",
    "make_trained",
    "plan",
    "predict",
    "reopen",
]
