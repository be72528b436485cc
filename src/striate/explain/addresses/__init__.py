"""Addresses: every number of a network has one, and tells how it was made."""

from striate.explain.addresses.address import Address, Span
from striate.explain.addresses.asking import at
from striate.explain.addresses.explained import Explained
from striate.explain.addresses.numbers import Numbers
from striate.explain.addresses.recorded import Recorded, RecordedNumbers
from striate.explain.addresses.terms import Factor, Made, Term

__all__ = [
    "Address",
    "Explained",
    "Factor",
    "Made",
    "Numbers",
    "Recorded",
    "RecordedNumbers",
    "Span",
    "Term",
    "at",
]
