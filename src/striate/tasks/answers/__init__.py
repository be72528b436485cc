"""The kinds of answer a network can give: one of two, one of many, several at once, a number, a count."""

from striate.tasks.answers.answer import Answer, Case
from striate.tasks.answers.calibration import Calibration, calibrate
from striate.tasks.answers.classes import Binary, Multinomial
from striate.tasks.answers.kinds import KINDS, choose, from_json
from striate.tasks.answers.measures import Measure
from striate.tasks.answers.multilabel import MultiLabel
from striate.tasks.answers.numbers import Continuous, Count
from striate.tasks.answers.scored import Scored

__all__ = [
    "KINDS",
    "Answer",
    "Binary",
    "Calibration",
    "Case",
    "Continuous",
    "Count",
    "Measure",
    "MultiLabel",
    "Multinomial",
    "Scored",
    "calibrate",
    "choose",
    "from_json",
]
