"""Slow, independent references in NumPy float64, in plain loops: what an operation means."""

from __future__ import annotations

import math

import numpy as np


def pair(value):
    """`3` as (3, 3)."""
    return (value, value) if isinstance(value, int) else tuple(value)


def pad_amounts(padding, size, span, stride):
    """(before, after) for one axis; "same" from the remainder of size / stride, as TensorFlow has it."""
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return span - 1, 0
    if padding == "same":
        total = max(span - (size % stride or stride), 0)
        return math.floor(total / 2), math.ceil(total / 2)
    return (padding, padding) if isinstance(padding, int) else tuple(padding)


def axis_padding(padding, axis):
    """The part of a padding that speaks of one axis."""
    return padding if isinstance(padding, str | int) else padding[axis]


def window_starts(size, span, stride, before, after, keep=False):
    """Where windows begin, found by walking; `keep` counts one that hangs over the far edge."""
    starts, start, reached = [], -before, -before
    while start + span <= size + after or (keep and start < size and reached < size + after):
        starts.append(start)
        reached = start + span
        start += stride
    return starts


def value_at(x, n, row, column):
    """The channels of a pixel; zeros outside the image."""
    inside = 0 <= row < x.shape[1] and 0 <= column < x.shape[2]
    return x[n, row, column] if inside else np.zeros(x.shape[3])


def conv2d(x, kernel, bias=None, strides=1, padding="valid", dilation=1, groups=1):
    """Cross-correlation, pixel by pixel, tap by tap, group by group."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    rows, columns = conv_rows_and_columns(x, kernel, strides, padding, dilation)
    y = np.zeros((x.shape[0], len(rows), len(columns), kernel.shape[3]))
    for n, i, j, u, v, channels, filters in conv_steps(y.shape, kernel.shape, groups):
        pixel = value_at(x, n, rows[i] + u * pair(dilation)[0], columns[j] + v * pair(dilation)[1])
        y[n, i, j, filters] += pixel[channels] @ kernel[u, v, :, filters]
    return y if bias is None else y + np.asarray(bias, np.float64)


def conv2d_gradients(x, kernel, dy, strides=1, padding="valid", dilation=1, groups=1):
    """(dx, dkernel): what every single product of the convolution sends back to its two factors."""
    x, kernel, dy = np.asarray(x, np.float64), np.asarray(kernel, np.float64), np.asarray(dy, np.float64)
    rows, columns = conv_rows_and_columns(x, kernel, strides, padding, dilation)
    dx, dkernel = np.zeros(x.shape), np.zeros(kernel.shape)
    for n, i, j, u, v, channels, filters in conv_steps(dy.shape, kernel.shape, groups):
        row, column = rows[i] + u * pair(dilation)[0], columns[j] + v * pair(dilation)[1]
        if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
            sent = dy[n, i, j, filters]
            dx[n, row, column, channels] += kernel[u, v, :, filters] @ sent
            dkernel[u, v, :, filters] += np.outer(x[n, row, column, channels], sent)
    return dx, dkernel


def conv_rows_and_columns(x, kernel, strides, padding, dilation):
    """Where the windows of a convolution begin on either axis."""
    starts = []
    for axis in range(2):
        span, stride = (kernel.shape[axis] - 1) * pair(dilation)[axis] + 1, pair(strides)[axis]
        amounts = pad_amounts(axis_padding(padding, axis), x.shape[1 + axis], span, stride)
        starts.append(window_starts(x.shape[1 + axis], span, stride, *amounts))
    return starts


def conv_steps(output_shape, kernel_shape, groups):
    """Every (example, row out, column out, tap row, tap column, channels of a group, its filters)."""
    depth, breadth = kernel_shape[2], kernel_shape[3] // groups
    parts = [
        (slice(g * depth, (g + 1) * depth), slice(g * breadth, (g + 1) * breadth)) for g in range(groups)
    ]
    for n, i, j, u, v in np.ndindex(*output_shape[:3], *kernel_shape[:2]):
        for channels, filters in parts:
            yield n, i, j, u, v, channels, filters


def conv1d(x, kernel, bias=None, strides=1, padding="valid", dilation=1, groups=1):
    """Cross-correlation of rows, written without the two-dimensional one."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    taps, depth, filters = kernel.shape
    span = (taps - 1) * dilation + 1
    starts = window_starts(
        x.shape[1], span, strides, *pad_amounts(axis_padding(padding, 0), x.shape[1], span, strides)
    )
    y = np.zeros((x.shape[0], len(starts), filters))
    for i, start in enumerate(starts):
        for f in range(filters):
            first = f // (filters // groups) * depth
            for u in range(taps):
                position = start + u * dilation
                if 0 <= position < x.shape[1]:
                    y[:, i, f] += x[:, position, first : first + depth] @ kernel[u, :, f]
    return y if bias is None else y + np.asarray(bias, np.float64)


def depthwise_conv2d(x, kernel, bias=None, strides=1, padding="valid", dilation=1):
    """Each channel alone, through one-channel convolutions laid side by side."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    maps = [
        conv2d(x[..., c : c + 1], kernel[:, :, c : c + 1], None, strides, padding, dilation)
        for c in range(x.shape[3])
    ]
    y = np.concatenate(maps, axis=3)
    return y if bias is None else y + np.asarray(bias, np.float64)


def transposed_axis(padding, size, taps, stride, dilation, output_padding):
    """(output size, rows cut off before) of one axis, from Keras' words about the size of the output."""
    span = (taps - 1) * dilation + 1
    full = (size - 1) * stride + span
    if padding == "valid":
        return (size - 1) * stride + max(span, stride) if output_padding is None else full + output_padding, 0
    if padding == "same":
        odd = span % 2
        out = size * stride if output_padding is None else (size - 1) * stride + odd + output_padding
        surplus = full - out
        return out, max(math.floor(surplus / 2), 0)
    before, after = pad_amounts(padding, size, span, stride)
    return full - before - after + (output_padding or 0), before


def conv2d_transpose(x, kernel, bias=None, strides=1, padding="valid", output_padding=None, dilation=1):
    """Every pixel paints the kernel onto a canvas, which is then cropped."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    kh, kw, filters, _ = kernel.shape
    (sh, sw), (dh, dw) = pair(strides), pair(dilation)
    extra = (None, None) if output_padding is None else pair(output_padding)
    height, top = transposed_axis(axis_padding(padding, 0), x.shape[1], kh, sh, dh, extra[0])
    width, left = transposed_axis(axis_padding(padding, 1), x.shape[2], kw, sw, dw, extra[1])
    y = np.zeros((x.shape[0], height, width, filters))
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            for u in range(kh):
                for v in range(kw):
                    row, column = i * sh + u * dh - top, j * sw + v * dw - left
                    if 0 <= row < height and 0 <= column < width:
                        y[:, row, column] += x[:, i, j] @ kernel[u, v].T
    return y if bias is None else y + np.asarray(bias, np.float64)


def locally_connected2d(x, kernel, bias=None, *, size, strides=1, padding="valid"):
    """A dense layer of its own at every place."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    (kh, kw), (sh, sw) = pair(size), pair(strides)
    rows = window_starts(x.shape[1], kh, sh, *pad_amounts(axis_padding(padding, 0), x.shape[1], kh, sh))
    columns = window_starts(x.shape[2], kw, sw, *pad_amounts(axis_padding(padding, 1), x.shape[2], kw, sw))
    y = np.zeros((x.shape[0], len(rows), len(columns), kernel.shape[3]))
    for n in range(x.shape[0]):
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                window = [value_at(x, n, row + u, column + v) for u in range(kh) for v in range(kw)]
                y[n, i, j] = np.concatenate(window) @ kernel[i, j]
    return y if bias is None else y + np.asarray(bias, np.float64)


def pool2d(kind, x, size, strides=None, padding="valid", edges="drop"):
    """`kind` ("max", "average" or "l2") of what lies on the image, window by window, channel by channel."""
    x = np.asarray(x, np.float64)
    (kh, kw), (sh, sw) = pair(size), pair(size if strides is None else strides)
    keep = edges == "keep"
    rows = window_starts(x.shape[1], kh, sh, *pad_amounts(axis_padding(padding, 0), x.shape[1], kh, sh), keep)
    columns = window_starts(
        x.shape[2], kw, sw, *pad_amounts(axis_padding(padding, 1), x.shape[2], kw, sw), keep
    )
    y = np.zeros((x.shape[0], len(rows), len(columns), x.shape[3]))
    for n in range(x.shape[0]):
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                for c in range(x.shape[3]):
                    window = x[n, max(row, 0) : row + kh, max(column, 0) : column + kw, c]
                    y[n, i, j, c] = reduce_window(kind, window)
    return y


def pool1d(kind, x, size, strides=None, padding="valid", edges="drop"):
    """The same for rows."""
    x = np.asarray(x, np.float64)
    stride = size if strides is None else strides
    amounts = pad_amounts(axis_padding(padding, 0), x.shape[1], size, stride)
    starts = window_starts(x.shape[1], size, stride, *amounts, edges == "keep")
    windows = [x[:, max(start, 0) : start + size] for start in starts]
    one = [
        [[reduce_window(kind, w[n, :, c]) for c in range(x.shape[2])] for w in windows]
        for n in range(x.shape[0])
    ]
    return np.array(one)


def reduce_window(kind, window):
    """One number of a window."""
    if kind == "max":
        return window.max()
    return window.mean() if kind == "average" else math.sqrt((window**2).sum())


def max_pool_gradient(x, dy, size, strides=None, padding="valid", edges="drop"):
    """Each window's gradient goes to its first maximum (or first NaN) in reading order."""
    x, dx = np.asarray(x, np.float64), np.zeros(np.shape(x))
    (kh, kw), (sh, sw) = pair(size), pair(size if strides is None else strides)
    keep = edges == "keep"
    rows = window_starts(x.shape[1], kh, sh, *pad_amounts(axis_padding(padding, 0), x.shape[1], kh, sh), keep)
    columns = window_starts(
        x.shape[2], kw, sw, *pad_amounts(axis_padding(padding, 1), x.shape[2], kw, sw), keep
    )
    for n, i, j, c in np.ndindex(*dy.shape):
        best = None
        for row in range(max(rows[i], 0), min(rows[i] + kh, x.shape[1])):
            for column in range(max(columns[j], 0), min(columns[j] + kw, x.shape[2])):
                value = x[n, row, column, c]
                if best is None or value > best[0] or (np.isnan(value) and not np.isnan(best[0])):
                    best = (value, row, column)
        dx[n, best[1], best[2], c] += dy[n, i, j, c]
    return dx


def softmax(x):
    """Shares of exponentials along the last axis."""
    powers = np.exp(np.asarray(x, np.float64))
    return powers / powers.sum(-1, keepdims=True)


def batch_norm(x, mean, variance, gamma, beta, epsilon):
    """Channel by channel."""
    x = np.asarray(x, np.float64)
    channels = [
        (x[..., c] - mean[c]) / math.sqrt(variance[c] + epsilon) * gamma[c] + beta[c]
        for c in range(x.shape[-1])
    ]
    return np.stack(channels, axis=-1)


def local_response_norm(x, size, alpha, beta, k):
    """Channel by channel, over the neighbours that exist."""
    x, y = np.asarray(x, np.float64), np.zeros(np.shape(x))
    for c in range(x.shape[-1]):
        first = max(c - size // 2, 0)
        near = x[..., first : c - size // 2 + size]
        y[..., c] = x[..., c] / (k + alpha * (near**2).sum(-1)) ** beta
    return y


def dense(x, kernel, bias=None):
    """Unit by unit."""
    x, kernel = np.asarray(x, np.float64), np.asarray(kernel, np.float64)
    y = np.stack([(x * kernel[:, f]).sum(-1) for f in range(kernel.shape[1])], axis=-1)
    return y if bias is None else y + np.asarray(bias, np.float64)


def gradient(function, x, step=1e-6):
    """Central differences of a scalar function, one coordinate after another."""
    x = np.array(x, np.float64)
    out = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        kept = x[index]
        x[index] = kept + step
        above = function(x)
        x[index] = kept - step
        below = function(x)
        x[index] = kept
        out[index] = (above - below) / (2 * step)
    return out
