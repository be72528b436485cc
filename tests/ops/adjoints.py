"""Checks of gradients that can fail: large steps for bilinear operations, and what a program is made of."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

COMPILED = {"xla_backend_optimization_level": 0}
FORBIDDEN = {
    "reduce_window",
    "reduce_window_max",
    "reduce_window_sum",
    "select_and_scatter",
    "select_and_scatter_add",
}
FORBIDDEN |= {"select_and_gather_add", "scatter", "scatter-add", "scatter_add"}


def quickly(function):
    """Compile as one program without optimizing: tests run each program once, on small arrays."""
    return jax.jit(function, compiler_options=COMPILED)


def with_gradients(function, *arguments, seed=0):
    """(output, gradients...) of a function, its output weighed by fixed random numbers."""

    def pulled(*arrays):
        y, pull = jax.vjp(function, *arrays)
        weights = np.random.default_rng(seed).normal(size=y.shape)
        return y, *pull(jnp.asarray(weights, y.dtype))

    return quickly(pulled)(*arguments)


def assert_same_gradients(one, other, *arguments, tolerance=1e-5):
    """Two functions have the same values and the same gradients for every argument."""
    for mine, theirs in zip(with_gradients(one, *arguments), with_gradients(other, *arguments), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


def difference_gradient(function, point, step):
    """Central differences of a scalar function along every axis at once; exact when it is linear."""
    directions = jnp.eye(point.size, dtype=point.dtype).reshape(point.size, *point.shape) * step

    def along(direction):
        return (function(point + direction) - function(point - direction)) / (2 * step)

    return jax.vmap(along)(directions).reshape(point.shape)


def assert_bilinear_gradients(operation, first, second, seed=0, step=4.0):
    """Both gradients of an operation linear in each argument equal its central differences at a large step.

    With a small step such a check hides errors in rounding; here the step is larger than the values, and the
    differences are exact up to rounding, because the operation is linear along every direction.
    """

    def scalar(one, other):
        y = operation(one, other)
        return jnp.sum(y * jnp.asarray(np.random.default_rng(seed).normal(size=y.shape), y.dtype))

    def given_and_found(first, second):
        found_first = difference_gradient(lambda one: scalar(one, second), first, step)
        found_second = difference_gradient(lambda other: scalar(first, other), second, step)
        return jax.grad(scalar, (0, 1))(first, second), (found_first, found_second)

    given, found = quickly(given_and_found)(first, second)
    for mine, true in zip(given, found, strict=True):
        np.testing.assert_allclose(mine, true, rtol=1e-4, atol=1e-4)


def equations(function, *arguments):
    """Every equation of the program that `function` becomes, those of inner programs included."""
    return list(_walk(jax.make_jaxpr(function)(*arguments).jaxpr))


def _walk(jaxpr):
    for equation in jaxpr.eqns:
        yield equation
        for value in jax.tree.leaves(equation.params, is_leaf=_is_program):
            if _is_program(value):
                yield from _walk(getattr(value, "jaxpr", value))


def _is_program(value):
    return hasattr(value, "eqns") or hasattr(getattr(value, "jaxpr", None), "eqns")


def assert_canonical(function, *arguments):
    """Only canonical convolutions (NHWC, HWIO, no stuffing, no groups), no reduce_window, no scatter."""
    found = equations(function, *arguments)
    assert found
    for equation in found:
        assert equation.primitive.name not in FORBIDDEN, equation.primitive.name
        if equation.primitive.name == "conv_general_dilated":
            numbers = equation.params["dimension_numbers"]
            assert (numbers.lhs_spec, numbers.out_spec) == ((0, 3, 1, 2), (0, 3, 1, 2))
            assert numbers.rhs_spec == (3, 2, 0, 1)
            assert set(equation.params["lhs_dilation"]) <= {1}
            assert equation.params["batch_group_count"] == equation.params["feature_group_count"] == 1
