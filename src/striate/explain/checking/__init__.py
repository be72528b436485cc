"""Every explanation with its checks, made on the person's own model."""

from striate.explain.checking.check import CHECKS, CheckReport, check
from striate.explain.checking.randomising import random_label_twin
from striate.explain.checking.why import Why, why

__all__ = ["CHECKS", "CheckReport", "Why", "check", "random_label_twin", "why"]
