"""What the network sees: filters, maps, fields, patches, and pictures made for a unit."""

from striate.explain.seeing._moves import Moves
from striate.explain.seeing._planes import principal_components
from striate.explain.seeing.caricaturing import Caricature, caricature
from striate.explain.seeing.dreaming import Dream, dream
from striate.explain.seeing.embedding import Embedding, embed
from striate.explain.seeing.fields import FieldView, receptive_field
from striate.explain.seeing.filters import Filters, filters
from striate.explain.seeing.maps import FeatureMaps, feature_maps
from striate.explain.seeing.maximising import Maximised, maximise
from striate.explain.seeing.objectives import Objective, channel, direction, energy, likeness, neuron, score
from striate.explain.seeing.patches import TopPatches, top_patches
from striate.explain.seeing.projecting import Projection, project_unit
from striate.explain.seeing.templates import Templates, templates

__all__ = [
    "Caricature",
    "Dream",
    "Embedding",
    "FeatureMaps",
    "FieldView",
    "Filters",
    "Maximised",
    "Moves",
    "Objective",
    "Projection",
    "Templates",
    "TopPatches",
    "caricature",
    "channel",
    "direction",
    "dream",
    "embed",
    "energy",
    "feature_maps",
    "filters",
    "likeness",
    "maximise",
    "neuron",
    "principal_components",
    "project_unit",
    "receptive_field",
    "score",
    "templates",
    "top_patches",
]
