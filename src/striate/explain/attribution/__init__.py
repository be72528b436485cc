"""Why this answer: what each part of the input did for one of the network's scores."""

from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._badge import Badge
from striate.explain.attribution.adversarial import Changed, fgsm, pgd, smallest_change
from striate.explain.attribution.backpropagation import deconvolution, guided_backpropagation
from striate.explain.attribution.class_maps import class_activation, grad_cam, grad_cam_plus_plus, layer_cam
from striate.explain.attribution.concepts import ConceptScores, concept_scores
from striate.explain.attribution.gradients import gradient, input_times_gradient, smoothgrad
from striate.explain.attribution.integrated import integrated_gradients
from striate.explain.attribution.invariance import SensitivityCurve, sensitivity_curve
from striate.explain.attribution.masked import rise, score_cam
from striate.explain.attribution.methods import METHODS, Method, attribute
from striate.explain.attribution.neighbours import Neighbours, nearest_examples
from striate.explain.attribution.occlusion import occlusion
from striate.explain.attribution.relevance import relevance

__all__ = [
    "METHODS",
    "Attribution",
    "Badge",
    "Changed",
    "ConceptScores",
    "Method",
    "Neighbours",
    "SensitivityCurve",
    "attribute",
    "class_activation",
    "concept_scores",
    "deconvolution",
    "fgsm",
    "grad_cam",
    "grad_cam_plus_plus",
    "gradient",
    "guided_backpropagation",
    "input_times_gradient",
    "integrated_gradients",
    "layer_cam",
    "nearest_examples",
    "occlusion",
    "pgd",
    "relevance",
    "rise",
    "score_cam",
    "sensitivity_curve",
    "smallest_change",
    "smoothgrad",
]
