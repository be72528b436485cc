"""Whole jobs: a training run and its folder, evaluation, prediction, the report."""

from striate.tasks.classifier import Classifier, load_classifier, make_classifier
from striate.tasks.evaluation import Evaluation, evaluate
from striate.tasks.model_source import find_network
from striate.tasks.order import Order
from striate.tasks.prediction import Guess, Prediction, predict
from striate.tasks.recipes import RECIPES, Recipe
from striate.tasks.report import Report
from striate.tasks.run_folder import RunFolder
from striate.tasks.scores import Mistake, Scores, score
from striate.tasks.training_run import Outcome, begin, carry_out, reopen

__all__ = [
    "RECIPES",
    "Classifier",
    "Evaluation",
    "Guess",
    "Mistake",
    "Order",
    "Outcome",
    "Prediction",
    "Recipe",
    "Report",
    "RunFolder",
    "Scores",
    "begin",
    "carry_out",
    "evaluate",
    "find_network",
    "load_classifier",
    "make_classifier",
    "predict",
    "reopen",
    "score",
]
