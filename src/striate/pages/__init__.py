"""What a person looks at: pictures of arrays, tables, and documents that need no network and no script."""

from striate.pages.colours import diverging, grey, heat, overlay
from striate.pages.mosaic import contact_sheet, enlarge, tile
from striate.pages.shown import Note, Panel, Part, Shown, Table

__all__ = [
    "Note",
    "Panel",
    "Part",
    "Shown",
    "Table",
    "contact_sheet",
    "diverging",
    "enlarge",
    "grey",
    "heat",
    "overlay",
    "tile",
]
