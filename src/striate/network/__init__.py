"""Architecture as data: graphs of layers that know their shapes, costs and faults before any array exists."""

from striate.network._structure import InputSpec, Node
from striate.network.building import sequential
from striate.network.costs import Row, Totals
from striate.network.drawing import graph
from striate.network.graph import Network
from striate.network.json_text import from_json, to_json
from striate.network.looking import pixels_seen
from striate.network.nonfinite import find_nonfinite
from striate.network.receptive import ReceptiveField
from striate.network.run import Applied
from striate.network.summary import print_summary, summary_dict, summary_text
from striate.network.symbols import Input, Symbol

__all__ = [
    "Applied",
    "Input",
    "InputSpec",
    "Network",
    "Node",
    "ReceptiveField",
    "Row",
    "Symbol",
    "Totals",
    "find_nonfinite",
    "from_json",
    "graph",
    "pixels_seen",
    "print_summary",
    "sequential",
    "summary_dict",
    "summary_text",
    "to_json",
]
