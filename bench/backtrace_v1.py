"""The default rule computed as the published first version of DLBacktrace does: a step of Python for every output pixel
of a convolution and for every neuron of a fully connected layer. Prints the seconds that one pass takes."""

import time

import numpy as np


def conv_step(relevance, patch, weight, bias):
    """Relevance of one output pixel (channels) to its patch (height, width, inputs)."""
    products = np.einsum("ijkl,ijk->ijkl", weight, patch)
    positive, negative = products > 0, products < 0
    p = np.einsum("ijkl,ijkl->l", products, positive)
    n = -np.einsum("ijkl,ijkl->l", products, negative)
    total = p + n + np.abs(bias)
    share_p = np.where(p > 0, p / np.where(total == 0, 1, total), 0)
    share_n = np.where(n > 0, n / np.where(total == 0, 1, total), 0)
    parts = np.zeros_like(products)
    parts += positive * products / np.where(p == 0, 1, p) * relevance * share_p
    parts -= negative * products / np.where(n == 0, 1, n) * relevance * share_n
    return parts.sum(-1)


def conv(relevance, x, weight, bias):
    height, width, _ = relevance.shape
    k = weight.shape[0]
    padded = np.pad(x, ((k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    result = np.zeros_like(padded)
    for i in range(height):
        for j in range(width):
            result[i : i + k, j : j + k] += conv_step(relevance[i, j], padded[i : i + k, j : j + k], weight, bias)
    return result[k // 2 : -(k // 2), k // 2 : -(k // 2)]


def dense(relevance, x, weight, bias):
    products = weight * x
    result = np.zeros_like(x)
    for j, row in enumerate(products):
        total = np.abs(row).sum() + abs(bias[j])
        result += np.abs(row) / (total or 1) * relevance[j]
    return result


def pool(relevance, x):
    result = np.zeros_like(x)
    for channel in range(x.shape[-1]):
        size = np.abs(x[..., channel])
        result[..., channel] = size / (size.sum() or 1) * relevance[channel]
    return result


def main():
    draw = np.random.default_rng(1)
    x = draw.normal(size=(32, 32, 64)).astype(np.float32)
    kernel, bias = draw.normal(size=(3, 3, 64, 64)).astype(np.float32), draw.normal(size=64).astype(np.float32)
    head, offset = draw.normal(size=(10, 64)).astype(np.float32), draw.normal(size=10).astype(np.float32)
    hidden = np.maximum(draw.normal(size=(32, 32, 64)), 0).astype(np.float32)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        relevance = dense(np.eye(10, dtype=np.float32)[0], hidden.mean((0, 1)), head, offset)
        conv(pool(relevance, hidden), x, kernel, bias)
        times.append(time.perf_counter() - start)
    print(sorted(times)[1])


main()
