"""Four views of a convolution: the filter, the equations, the network, the matrix, and what each costs."""

from striate.explain.views.together import (
    VIEWS,
    ConvolutionViews,
    convolution_cost,
    convolution_views,
    views,
)

__all__ = ["VIEWS", "ConvolutionViews", "convolution_cost", "convolution_views", "views"]
