"""Why this answer: what each part of the input did for one of the network's scores."""

from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._badge import Badge
from striate.explain.attribution.backpropagation import deconvolution, guided_backpropagation
from striate.explain.attribution.class_maps import class_activation, grad_cam, grad_cam_plus_plus, layer_cam
from striate.explain.attribution.gradients import gradient, input_times_gradient, smoothgrad
from striate.explain.attribution.integrated import integrated_gradients
from striate.explain.attribution.masked import rise, score_cam
from striate.explain.attribution.methods import METHODS, Method, attribute
from striate.explain.attribution.occlusion import occlusion
from striate.explain.attribution.relevance import relevance

__all__ = [
    "METHODS",
    "Attribution",
    "Badge",
    "Method",
    "attribute",
    "class_activation",
    "deconvolution",
    "grad_cam",
    "grad_cam_plus_plus",
    "gradient",
    "guided_backpropagation",
    "input_times_gradient",
    "integrated_gradients",
    "layer_cam",
    "occlusion",
    "relevance",
    "rise",
    "score_cam",
    "smoothgrad",
]
