"""Do the values of a map add up to what the method promises?"""

from __future__ import annotations

import numpy as np

from striate.explain.checking._asked import Asked, Measured

TOLERANCE, LEAK = 0.05, 1e-3


def completeness(asked: Asked) -> Measured:
    """Integrated gradients must add up to f(x) - f(baseline); what is missing is the quadrature's fault."""
    total = _sums(asked.found.values)
    difference = np.asarray(asked.found.facts["difference"], np.float64)
    missing = np.abs(total - difference) / np.maximum(np.abs(difference), 1e-6)
    words = f"holds if surely below {100 * TOLERANCE:g} %; more steps bring it down"
    return Measured("completeness", missing, "part of f(x) - f(baseline) missing", words, most=TOLERANCE)


def conservation(asked: Asked) -> Measured:
    """Relevance of pixels, of biases and what stabilizing took must add up to the score."""
    facts = asked.found.facts
    total = _sums(asked.found.values) + facts["biases"] + facts["lost"]
    leak = np.abs(total - asked.found.aim.scores) / np.maximum(np.abs(asked.found.aim.scores), 1e-6)
    words = f"holds if surely below {100 * LEAK:g} %"
    return Measured("conservation", leak, "part of the score that is in no account", words, most=LEAK)


def pixel_share(asked: Asked) -> Measured:
    """How much of the score the pixels hold; the rest went to biases and to stabilizing."""
    scores = np.asarray(asked.found.aim.scores, np.float64)
    shares = _sums(asked.found.values) / np.where(np.abs(scores) > 1e-6, scores, np.nan)
    return Measured("pixels' share", shares, "part of the score that pixels hold", "only measured")


def _sums(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64).reshape(len(values), -1).sum(1)
