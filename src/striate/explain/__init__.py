"""Looking inside: every number has an address, and every explanation is checked."""

from striate.explain._reading import Reading, read
from striate.explain.views import ConvolutionViews, convolution_cost, convolution_views, views

__all__ = ["ConvolutionViews", "Reading", "convolution_cost", "convolution_views", "read", "views"]
