"""Whole models, written once for both: value and gradients equal JAX's, for several batch sizes of one session.

The models are functions ``model(m, parameters, data)``, where m is staticad or JAX under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("jax")
BATCHES = (5, 1)


class JaxNames:
    """JAX's functions under staticad's names."""

    def __init__(self) -> None:
        import jax

        nn = {name: getattr(jax.nn, name) for name in ("log_softmax", "relu", "sigmoid", "softmax", "softplus")}
        self._own = {**nn, "erf": jax.scipy.special.erf, "logsumexp": jax.scipy.special.logsumexp}
        self._numpy = jax.numpy

    def __getattr__(self, name: str) -> Any:
        return self._own.get(name) or getattr(self._numpy, name)

    def one_hot(self, classes: Any, count: int) -> Any:
        return self._numpy.eye(count)[classes]


@pytest.fixture
def jax_names() -> Iterator[JaxNames]:
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield JaxNames()
    jax.config.update("jax_enable_x64", before)


def classifier(m: Any, p: Any, d: Any) -> Any:
    """Label smoothing and weight decay."""
    logits = m.log_softmax(m.relu(d[0] @ p[0] + p[1]) @ p[2] + p[3], axis=-1)
    targets = m.one_hot(d[1], 3) * 0.9 + 0.1 / 3
    return -m.mean(m.sum(logits * targets, axis=-1)) + 0.01 * (m.sum(p[0] ** 2) + m.sum(p[2] ** 2))


def logistic(m: Any, p: Any, d: Any) -> Any:
    """The naive form of the loss, with scores far out."""
    score = 100.0 * (d[0] @ p[0])
    positive = d[1] > 0
    return -m.mean(m.where(positive, m.log(m.sigmoid(score)), m.log(m.sigmoid(-score))))


def convolution(m: Any, p: Any, d: Any) -> Any:
    """A 3x3 convolution by slices, max pooling by reshape."""
    y = 0.0
    for i in range(3):
        for j in range(3):
            y = y + d[0][:, i : i + 6, j : j + 6, :] @ p[0][i, j]
    y = m.max(m.relu(y + p[1]).reshape((d[0].shape[0], 3, 2, 3, 2, 4)), axis=(2, 4))
    logits = m.log_softmax(y.reshape((d[0].shape[0], 36)) @ p[2], axis=1)
    return -m.mean(m.take_along_axis(logits, d[1][:, None], axis=1))


def lstm(m: Any, p: Any, d: Any) -> Any:
    """Six unrolled steps."""
    h = c = m.zeros((d[0].shape[0], 4))
    for t in range(6):
        gates = m.concatenate([d[0][:, t], h], axis=1) @ p[0] + p[1]
        i, f, g, o = m.split(gates, 4, axis=1)
        c = m.sigmoid(f) * c + m.sigmoid(i) * m.tanh(g)
        h = m.sigmoid(o) * m.tanh(c)
    return m.mean((h @ p[2] - d[1]) ** 2)


def _normalize(m: Any, x: Any, scale: Any, shift: Any) -> Any:
    mean = m.mean(x, axis=-1, keepdims=True)
    return (x - mean) / m.sqrt(m.var(x, axis=-1, keepdims=True) + 1e-5) * scale + shift


def transformer(m: Any, p: Any, d: Any) -> Any:
    """Causal self-attention with two heads, layer norm, a GELU block, residuals."""
    x, batch = d[0], d[0].shape[0]
    h = _normalize(m, x, p[0], p[1])
    q, k, v = (m.transpose((h @ w).reshape((batch, 5, 2, 4)), (0, 2, 1, 3)) for w in p[2:5])
    scores = m.where(m.tril(m.ones((5, 5))) > 0, q @ m.swapaxes(k, -1, -2) / 2.0, -np.inf)
    attended = m.softmax(scores, axis=-1) @ v
    x = x + m.transpose(attended, (0, 2, 1, 3)).reshape((batch, 5, 8)) @ p[5]
    u = _normalize(m, x, p[6], p[7]) @ p[8]
    return m.mean((x + (0.5 * u * (1 + m.erf(u / 2**0.5))) @ p[9] - d[1]) ** 2)


def autoencoder(m: Any, p: Any, d: Any) -> Any:
    """The loss of a variational autoencoder with given noise."""
    h = m.tanh(d[0] @ p[0])
    mean, log_variance = h @ p[1], h @ p[2]
    out = m.tanh((mean + m.exp(0.5 * log_variance) * d[1]) @ p[3]) @ p[4]
    rebuilt = m.sum(m.softplus(out) - d[0] * out, axis=1)
    return m.mean(rebuilt - 0.5 * m.sum(1 + log_variance - mean**2 - m.exp(log_variance), axis=1))


def mixture(m: Any, p: Any, d: Any) -> Any:
    """The negative log likelihood of a mixture density network."""
    h = m.tanh(d[0] @ p[0])
    log_scale = h @ p[3]
    parts = m.log_softmax(h @ p[1], axis=1) - log_scale - 0.5 * ((d[1][:, None] - h @ p[2]) / m.exp(log_scale)) ** 2
    return -m.mean(m.logsumexp(parts, axis=1))


def batch_norm(m: Any, p: Any, d: Any) -> Any:
    z = d[0] @ p[0]
    y = m.relu((z - m.mean(z, axis=0)) / m.sqrt(m.var(z, axis=0) + 1e-3) * p[1] + p[2])
    return m.mean((y @ p[3] - d[1]) ** 2)


def skip_gram(m: Any, p: Any, d: Any) -> Any:
    """Embeddings read at repeated indices: the gradient adds up."""
    center, context, negative = m.take(p[0], d[0], axis=0), p[1][d[1]], p[1][d[2]]
    wrong = m.sum(m.softplus(m.einsum("bd,bkd->bk", center, negative)), axis=1)
    return m.mean(m.softplus(-m.sum(center * context, axis=1)) + wrong)


def segment_sum(m: Any, p: Any, d: Any) -> Any:
    """Scatter-add, then a maximum."""
    total = m.zeros((4, 5)).at[d[1]].add(m.tanh(d[0] @ p[0]))
    return m.mean(total @ p[1]) + m.max(total)


def _normal(*shape: int, scale: float = 1.0) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Data or parameters; the size 0 stands for the batch."""
    return lambda rng, batch: scale * rng.normal(size=tuple(n or batch for n in shape))


def _classes(count: int, *shape: int, low: int = 0) -> Callable[[np.random.Generator, int], np.ndarray]:
    return lambda rng, batch: rng.integers(low, count, tuple(n or batch for n in shape))


MODELS: dict[Any, tuple[list[Any], list[Any]]] = {
    classifier: ([_normal(6, 8), _normal(8), _normal(8, 3), _normal(3)], [_normal(0, 6), _classes(3, 0)]),
    logistic: ([_normal(4)], [_normal(0, 4), _normal(0)]),
    convolution: ([_normal(3, 3, 1, 4), _normal(4), _normal(36, 3)], [_normal(0, 8, 8, 1), _classes(3, 0)]),
    lstm: ([_normal(7, 16, scale=0.4), _normal(16), _normal(4)], [_normal(0, 6, 3), _normal(0)]),
    transformer: (
        [_normal(8), _normal(8), *(_normal(8, 8) for _ in range(4)), _normal(8), _normal(8), _normal(8, 16),
         _normal(16, 8)],
        [_normal(0, 5, 8), _normal(0, 5, 8)],
    ),
    autoencoder: ([_normal(6, 8), _normal(8, 2), _normal(8, 2), _normal(2, 8), _normal(8, 6)],
                  [_normal(0, 6), _normal(0, 2)]),
    mixture: ([_normal(3, 8), _normal(8, 4), _normal(8, 4), _normal(8, 4, scale=0.3)], [_normal(0, 3), _normal(0)]),
    batch_norm: ([_normal(4, 6), _normal(6), _normal(6), _normal(6)], [_normal(0, 4), _normal(0)]),
    skip_gram: ([_normal(9, 4), _normal(9, 4)], [_classes(9, 0), _classes(9, 0, low=-9), _classes(9, 0, 3)]),
    segment_sum: ([_normal(3, 5), _normal(5)], [_normal(0, 3), _classes(4, 0)]),
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_value_and_gradients(model: Any, jax_names: JaxNames, rng: np.random.Generator) -> None:
    import jax

    makers, feeds = MODELS[model]
    parameters = [make(rng, 0) for make in makers]
    batches = [[make(rng, size) for make in feeds] for size in BATCHES]
    variables = [sa.variable(p) for p in parameters]
    inputs = [sa.placeholder(("batch", *array.shape[1:]), array.dtype) for array in batches[0]]
    loss = model(sa, variables, inputs)
    session = sa.compile([loss, *sa.gradients(loss, variables)], inputs=inputs)
    reference = jax.jit(jax.value_and_grad(lambda p, d: model(jax_names, p, d)))
    for data in batches:
        value, gradients = reference([jax.numpy.asarray(p) for p in parameters], [jax.numpy.asarray(d) for d in data])
        for got, expected in zip(session(*data), [value, *gradients], strict=True):
            expected = np.asarray(expected)
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11 * max(1.0, np.abs(expected).max()))
