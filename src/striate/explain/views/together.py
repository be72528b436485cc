"""The four views of a convolution and its cost, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from striate.explain.views._sources import bare_wiring, from_arrays, from_model
from striate.explain.views.convolution import Convolution
from striate.explain.views.cost import Cost, cost_of
from striate.explain.views.equation_view import EquationView
from striate.explain.views.filter_view import FilterView
from striate.explain.views.focus import Focus, focus_on
from striate.explain.views.matrix_view import MatrixView
from striate.explain.views.network_view import NetworkView
from striate.layers._base import Shape
from striate.models import Model
from striate.pages import Note, Part, Shown

VIEWS = ("filter", "equation", "network", "matrix", "cost")
"""The names of the views, which are attributes of `ConvolutionViews`."""


@dataclass(frozen=True, eq=False)
class ConvolutionViews(Shown):
    """One convolution seen in four ways, and what each way costs.

    Args:
        title: a heading. focus: the convolution, and which filter, channel and position are shown.
    """

    title: str
    focus: Focus

    @property
    def _filter(self) -> str:
        return f"{self.focus.convolution.name}, filter {self.focus.filter}"

    @property
    def convolution(self) -> Convolution:
        """The numbers that all views are made of."""
        return self.focus.convolution

    @cached_property
    def filter(self) -> FilterView:
        """The window at each position: patch, kernel, products, sum."""
        return FilterView(f"Filter view: {self.focus.where}", self.focus)

    @cached_property
    def equation(self) -> EquationView:
        """An equation for each output; the weights are shared."""
        return EquationView(f"Equation view: {self._filter}", self.focus)

    @cached_property
    def network(self) -> NetworkView:
        """Sparse edges between units."""
        return NetworkView(f"Network view: {self._filter}", self.focus)

    @cached_property
    def matrix(self) -> MatrixView:
        """W x + b."""
        return MatrixView(f"Matrix view: {self.convolution.name}", self.focus)

    @cached_property
    def cost(self) -> Cost:
        """Stored numbers and operations as a convolution, a sparse matrix, a dense matrix."""
        convolution = self.convolution
        return cost_of(convolution.wiring, convolution.bias is not None, f"The cost of {convolution.name}")

    def parts(self) -> Sequence[Part]:
        """All views, one after the other."""
        parts: list[Part] = []
        for view in (self.filter, self.equation, self.network, self.matrix, self.cost):
            parts += [Note(view.title), *view.parts()]
        return parts

    def html(self) -> str:
        """Each view as a section of its own."""
        views = (self.filter, self.equation, self.network, self.matrix, self.cost)
        return "".join(view.html() for view in views)


def views(
    model: Model,
    layer: str,
    x: Any,
    *,
    example: int = 0,
    filter: int = 0,
    channel: int | None = None,
    position: Any = None,
) -> ConvolutionViews:
    """See a layer that slides windows in four ways: as a filter, as equations, as a network, as a matrix.

    Args:
        model: the model. layer: the name of a convolution of any kind: strided, padded, dilated, in groups,
            depthwise, transposed, locally connected, in one or two dimensions. Of a separable one, "name" is
            its pointwise half and "name/depthwise" the other.
        x: what the model is fed with, raw or scaled as for `predict`. example: which of the batch.
        filter: the output channel in focus. channel: the input channel that pictures show. position: of the
            output in focus; where the filter answers most strongly unless given.

    Returns:
        ConvolutionViews, with `.filter`, `.equation`, `.network`, `.matrix` and `.cost`.

    Raises:
        ArgumentError: no such layer, filter, channel, position or example. DataError, ShapeError: x does not
            fit the model.

    >>> import numpy as np, striate as st
    >>> model = st.Sequential([st.Input((3, 3, 1)), st.layers.Conv2D(1, 2)])
    >>> seen = views(model, "conv1", np.ones((1, 3, 3, 1), np.float32))
    >>> seen.matrix.dense().shape, seen.cost.sparse.stored
    ((4, 9), 20)
    """
    return _together(from_model(model, layer, x, example), filter, channel, position)


def convolution_views(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    kind: str = "conv",
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = None,
    filter: int = 0,
    channel: int | None = None,
    position: Any = None,
) -> ConvolutionViews:
    """The same for bare arrays; whole numbers stay whole, so that everything can be checked by hand.

    Args:
        x: one example, (H, W), (H, W, C), (W,) or (W, C).
        kernel: (kh, kw), (kh, kw, C / groups, F), (kw,) or (kw, C / groups, F); for a depthwise one the last
            axes are (C, multiplier), for a transposed one (F, C). bias: (F,) or None.
        kind: "conv", "depthwise" or "transposed".
        strides, padding, dilation, groups, output_padding: as in the layers.
        filter, channel, position: as in `views`.

    >>> seen = convolution_views([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, 1]], [3])
    >>> seen.equation.at((0, 0)).text(), seen.equation.at((0, 0)).numbers()
    ('αA + βB + γD + δE + b = P', '1·1 + 0·2 + 0·4 + 1·5 + 3 = 9')
    """
    how = _how(kind, strides, padding, dilation, groups, output_padding)
    return _together(from_arrays(x, kernel, bias, kind, how), filter, channel, position)


def convolution_cost(
    input_shape: Shape,
    kernel_shape: Shape,
    *,
    bias: bool = False,
    kind: str = "conv",
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
    output_padding: Any = None,
) -> Cost:
    """What a convolution costs, without an array: stored numbers and operations for one example.

    Args:
        input_shape: (H, W), (H, W, C), (W,) or (W, C). kernel_shape: as the kernel's in `convolution_views`.
        bias: whether there is one. The rest is as in `convolution_views`.

    The edge filter of Goodfellow, Bengio and Courville, Deep Learning, 2016, section 9.2:

    >>> cost = convolution_cost((320, 280), (2, 1))
    >>> cost.convolution.stored, cost.sparse.stored, cost.dense.stored, cost.convolution.operations
    (2, 178640, 8003072000, 267960)
    """
    kernel = tuple(kernel_shape) + ((1, 1) if len(kernel_shape) <= 2 else ())
    image = tuple(input_shape) + ((1,) if len(input_shape) == len(kernel) - 2 else ())
    how = _how(kind, strides, padding, dilation, groups, output_padding)
    return cost_of(bare_wiring(image, kernel, kind, how), bias)


def _together(convolution: Convolution, filter: Any, channel: Any, position: Any) -> ConvolutionViews:
    """The views with a focus that is in range."""
    focus = focus_on(convolution, filter, channel, position)
    return ConvolutionViews(f"Four views of {convolution.name}", focus)


def _how(
    kind: str, strides: Any, padding: Any, dilation: Any, groups: int, output_padding: Any
) -> dict[str, Any]:
    """The arguments under the names that layers have for them."""
    fields = {"strides": strides, "padding": padding, "dilation_rate": dilation, "groups": groups}
    return fields | ({"output_padding": output_padding} if kind == "transposed" else {})
