"""Two models, two steps, two precisions, two runtimes: what differs, and what difference it makes."""

from striate.explain.comparing.comparison import Comparison, compare
from striate.explain.comparing.similarity import alignment

__all__ = ["Comparison", "alignment", "compare"]
