"""The functions of sa.nn against those of torch.nn.functional: values, first and second derivatives, every flag.

All cases of a call are made at once: one session for each test, free sizes of the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa

pytestmark = pytest.mark.extras("torch")
Pair = tuple[Callable[..., Any], Callable[..., Any]]

RNG = np.random.default_rng(0)
N, C = 5, 4


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


def positive(*shape: int) -> np.ndarray:
    return RNG.uniform(0.2, 1.5, shape)


def unit(*shape: int) -> np.ndarray:
    return RNG.uniform(0.05, 0.95, shape)


def signs(*shape: int) -> np.ndarray:
    return RNG.choice([-1.0, 1.0], shape)


def compare(
    pairs: dict[str, Pair], arrays: list[np.ndarray], wrt: tuple[int, ...] = (0,), order: int = 2, free: bool = True
) -> None:
    """Each pair has our function and torch's, of all arrays. Compared are the results, the gradients of their product
    with fixed numbers, and the gradients of the squares of those."""
    import torch

    shapes = [("n", *a.shape[1:]) if free and a.ndim and a.shape[0] == N else a.shape for a in arrays]
    inputs = [sa.placeholder(shape, a.dtype) for shape, a in zip(shapes, arrays, strict=True)]
    fetches: list[Any] = []
    expected: list[np.ndarray] = []
    names: list[str] = []
    for name, (ours, theirs) in pairs.items():
        tensors = [torch.tensor(a, requires_grad=i in wrt) for i, a in enumerate(arrays)]
        value = theirs(*tensors)
        factor = np.cos(np.arange(value.numel())).reshape(value.shape)
        y = ours(*inputs)
        assert len(y.shape) == value.ndim, name
        results, answers = [y], [value]
        total, other = (y * factor if value.ndim else y).sum(), (value * torch.tensor(factor)).sum()
        for _ in range(order):
            results += sa.gradients(total, [inputs[i] for i in wrt], unconnected="zero")
            found = torch.autograd.grad(other, [tensors[i] for i in wrt], create_graph=True, allow_unused=True)
            answers += [torch.zeros_like(tensors[i]) if g is None else g for i, g in zip(wrt, found, strict=True)]
            total = sum((g * g).sum() for g in results[-len(wrt) :])
            other = sum((g * g).sum() for g in answers[-len(wrt) :])
            if not other.requires_grad:
                break
        fetches += results
        expected += [a.numpy(force=True) for a in answers]
        names += [f"{name}: {k}" for k in range(len(results))]
    for name, got, answer in zip(names, sa.compile(fetches, inputs=inputs)(*arrays), expected, strict=True):
        np.testing.assert_allclose(got, answer, rtol=1e-8, atol=1e-9, err_msg=name)


def each(**options: tuple[Any, ...]) -> list[dict[str, Any]]:
    """One dict for each value of each option, alone."""
    return [{name: value} for name, values in options.items() for value in values]


def flags(
    name: str, theirs: str, choices: list[dict[str, Any]], renamed: dict[str, str] | None = None
) -> dict[str, Pair]:
    """Pairs of a function of ours and torch's, for options of equal names."""
    from torch.nn import functional

    def pair(options: dict[str, Any]) -> Pair:
        other = {(renamed or {}).get(key, key): value for key, value in options.items()}
        return (
            lambda *xs: getattr(sa.nn, name)(*xs, **options),
            lambda *xs: getattr(functional, theirs)(*xs, **other),
        )

    return {f"{name} {options}": pair(options) for options in choices}


REDUCTIONS = [{"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "none"}]


@pytest.mark.filterwarnings("ignore:reduction")
def test_losses_of_numbers() -> None:
    pairs = {
        **flags("mse", "mse_loss", REDUCTIONS),
        **flags("mae", "l1_loss", REDUCTIONS[2:]),
        **flags("huber_loss", "huber_loss", [{"delta": 0.7}, {"delta": 1.0, "reduction": "none"}]),
        **flags("smooth_l1_loss", "smooth_l1_loss", [{"beta": 0.7}, {"beta": 0.0}]),
        **flags("poisson_nll_loss", "poisson_nll_loss", [{}, {"full": True}]),
        **flags("soft_margin_loss", "soft_margin_loss", [{}]),
        **flags("multilabel_soft_margin_loss", "multilabel_soft_margin_loss", [{}, {"reduction": "none"}]),
    }
    compare(pairs, [normal(N, C), np.round(positive(N, C) * 3)])
    compare(flags("kl_div", "kl_div", [*REDUCTIONS, {"reduction": "batchmean"}]), [normal(N, C), unit(N, C)], (0, 1))
    compare(flags("kl_div", "kl_div", [{"log_target": True}]), [normal(N, C), normal(N, C)], (0, 1))
    compare(flags("poisson_nll_loss", "poisson_nll_loss", [{"log_input": False, "eps": 0.1}]), [unit(N, C), unit(N, C)])
    compare(flags("hinge_embedding_loss", "hinge_embedding_loss", [{}, {"margin": 0.4}]), [normal(N, C), signs(N, C)])


def test_binary_cross_entropies() -> None:
    from torch.nn import functional

    labels = unit(N, C)
    weighted = {
        "bce": (
            lambda x, t, w: sa.nn.bce(x, t, weight=w),
            lambda x, t, w: functional.binary_cross_entropy(x, t, weight=w),
        )
    }
    compare({**flags("bce", "binary_cross_entropy", REDUCTIONS)}, [unit(N, C), labels])
    compare(weighted, [unit(N, C), labels, positive(C)])
    name = "binary_cross_entropy_with_logits"
    both = {
        "logits": (
            lambda x, t, w, p: sa.nn.bce_with_logits(x, t, weight=w, pos_weight=p),
            lambda x, t, w, p: functional.binary_cross_entropy_with_logits(x, t, weight=w, pos_weight=p),
        )
    }
    compare(flags(name, name, REDUCTIONS), [normal(N, C) * 3, labels])
    compare(both, [normal(N, C), labels, positive(C), positive(C)])


def test_gaussian_nll() -> None:
    for variance in (positive(N, C), positive(N, 1), positive(N)):
        pairs = flags("gaussian_nll_loss", "gaussian_nll_loss", [{}, {"full": True, "eps": 0.6}])
        compare(pairs, [normal(N, C), normal(N, C), variance], (0, 2))


def test_classes() -> None:
    from torch.nn import functional

    def cross(**options: Any) -> Pair:
        def ours(x: Any, t: Any, w: Any) -> Any:
            given = {**options, "weight": w} if "weight" in options else options
            return sa.nn.cross_entropy(x, t, 1, **given)

        def theirs(x: Any, t: Any, w: Any) -> Any:
            return functional.cross_entropy(x, t, **({**options, "weight": w} if "weight" in options else options))

        return ours, theirs

    choices = [
        {"reduction": "mean"},
        {"reduction": "mean", "weight": 1},
        {"reduction": "none", "weight": 1, "label_smoothing": 0.2},
        {"reduction": "mean", "weight": 1, "label_smoothing": 0.2, "ignore_index": 2},
        {"reduction": "mean", "ignore_index": -100},
        {"reduction": "sum", "ignore_index": 1},
    ]
    labels = np.array([0, 3, 2, 1, 2])
    compare({str(o): cross(**o) for o in choices}, [normal(N, C), labels, positive(C)])
    images = RNG.integers(0, C, (N, 2))
    images[0, 1] = -7
    compare({"images": cross(reduction="mean", ignore_index=-7, weight=1)}, [normal(N, C, 2), images, positive(C)])
    soft = [{k: v for k, v in o.items() if k != "ignore_index"} for o in choices[:4]]
    compare({str(o): cross(**o) for o in soft}, [normal(N, C), unit(N, C), positive(C)], (0, 1))
    nll = {
        str(o): (
            lambda x, t, w, o=o: sa.nn.nll_loss(x, t, weight=w, **o),
            lambda x, t, w, o=o: functional.nll_loss(x, t, weight=w, **o),
        )
        for o in [*REDUCTIONS, {"ignore_index": 2}]
    }
    compare(nll, [normal(N, C), labels, positive(C)], order=1)
    several = np.array([[0, 3, -1, 1], [2, -1, 2, 2], [-1, 0, 1, 2], [3, 1, 0, 2], [1, 1, -1, 0]])
    name = "multilabel_margin_loss"
    compare(flags(name, name, [{}, {"reduction": "none"}]), [normal(N, C), several], order=1)
    margins = flags("multi_margin_loss", "multi_margin_loss", [{}, {"p": 2}, {"margin": 0.3, "reduction": "none"}])
    compare(margins, [normal(N, C), labels], order=1)


def test_cosines_of_operands_that_broadcast() -> None:
    """The axis is one of the common shape, along which an operand may have one element."""
    one, other, row = (sa.placeholder(s) for s in ((1, 2, 3), (2, 1, 3), (3,)))
    arrays = [RNG.normal(size=t.shape) for t in (one, other, row)]
    import torch

    tensors = [torch.tensor(a) for a in arrays]
    calls = [(0, 1, axis) for axis in (-2, -1, 0, 1)] + [(0, 2, 0), (2, 0, 2)]
    found = sa.evaluate(
        [sa.nn.cosine_similarity((one, other, row)[i], (one, other, row)[j], axis) for i, j, axis in calls],
        dict(zip((one, other, row), arrays)),
    )
    for value, (i, j, axis) in zip(found, calls, strict=True):
        expected = torch.cosine_similarity(tensors[i], tensors[j], axis)
        np.testing.assert_allclose(value, expected.numpy(), rtol=1e-12)


def test_distances() -> None:
    pairs = {
        **flags("cosine_similarity", "cosine_similarity", [{}, {"axis": 1, "eps": 0.5}], {"axis": "dim"}),
        **flags(
            "pairwise_distance", "pairwise_distance",
            [{}, {"p": 1, "keepdims": True}, {"p": 3.0, "eps": 0.1}, {"p": np.inf}], {"keepdims": "keepdim"},
        ),
    }  # fmt: skip
    compare(pairs, [normal(N, C), normal(N, C)], (0, 1))
    compare(flags("normalize", "normalize", [{"axis": 1}, {"p": 3, "axis": 0}], {"axis": "dim"}), [normal(N, C, 2)])
    embedded = flags("cosine_embedding_loss", "cosine_embedding_loss", [{}, {"margin": 0.1, "reduction": "none"}])
    compare(embedded, [normal(N, C), normal(N, C), signs(N)], (0, 1))
    compare(
        flags("margin_ranking_loss", "margin_ranking_loss", [{}, {"margin": 0.5}]),
        [normal(N), normal(N), signs(N)],
        (0, 1),
    )
    triplets = flags("triplet_margin_loss", "triplet_margin_loss", [{}, {"swap": True, "p": 1, "margin": 2.0}])
    compare(triplets, [normal(N, C), normal(N, C), normal(N, C)], (0, 1, 2))


def test_normalization() -> None:
    from torch.nn import functional

    x = normal(N, C, 3)
    weight = {
        "layer": (
            lambda x, w, b: sa.nn.layer_norm(x, (C, 3), w, b),
            lambda x, w, b: functional.layer_norm(x, (C, 3), w, b),
        ),
        "rms": (lambda x, w, b: sa.nn.rms_norm(x, (C, 3), w), lambda x, w, b: functional.rms_norm(x, (C, 3), w)),
        "last": (lambda x, w, b: sa.nn.layer_norm(x, eps=0.1), lambda x, w, b: functional.layer_norm(x, (3,), eps=0.1)),
        "rms last": (
            lambda x, w, b: sa.nn.rms_norm(x, 3, eps=0.1),
            lambda x, w, b: functional.rms_norm(x, (3,), eps=0.1),
        ),
    }
    compare(weight, [x, normal(C, 3), normal(C, 3)], (0, 1, 2))
    channels = {
        "group": (
            lambda x, w, b, m, v: sa.nn.group_norm(x, 2, w, b),
            lambda x, w, b, m, v: functional.group_norm(x, 2, w, b),
        ),
        "instance": (
            lambda x, w, b, m, v: sa.nn.instance_norm(x, weight=w, bias=b),
            lambda x, w, b, m, v: functional.instance_norm(x, weight=w, bias=b),
        ),
        "instance by statistics": (
            lambda x, w, b, m, v: sa.nn.instance_norm(x, m, v, w, b, use_input_stats=False),
            lambda x, w, b, m, v: functional.instance_norm(x, m, v, w, b, use_input_stats=False),
        ),
        "batch": (
            lambda x, w, b, m, v: sa.nn.batch_norm(x, weight=w, bias=b, training=True),
            lambda x, w, b, m, v: functional.batch_norm(x, None, None, w, b, training=True),
        ),
        "batch by statistics": (
            lambda x, w, b, m, v: sa.nn.batch_norm(x, m, v, w, b),
            lambda x, w, b, m, v: functional.batch_norm(x, m, v, w, b),
        ),
        "local": (
            lambda x, w, b, m, v: sa.nn.local_response_norm(x, 3, 0.5, 0.6, 2.0),
            lambda x, w, b, m, v: functional.local_response_norm(x, 3, 0.5, 0.6, 2.0),
        ),
    }
    compare(channels, [x, normal(C), normal(C), normal(C), positive(C)], (0, 1, 2))


def test_running_statistics() -> None:
    import torch

    x, mean, var = normal(N, C, 3), normal(C), positive(C)
    kept = [torch.tensor(mean), torch.tensor(var)]
    torch.nn.functional.batch_norm(torch.tensor(x), *kept, training=True, momentum=0.3)
    for axis, array in ((1, x), (-1, np.moveaxis(x, 1, -1))):
        given = sa.placeholder(("n", *array.shape[1:]))
        found = sa.compile(sa.nn.batch_statistics(given, mean, var, 0.3, axis), inputs=[given])(array)
        for got, answer in zip(found, kept, strict=True):
            np.testing.assert_allclose(got, answer.numpy(), rtol=1e-12)


def test_attention() -> None:
    from torch.nn import functional

    attend, theirs = sa.nn.scaled_dot_product_attention, functional.scaled_dot_product_attention
    mask = RNG.random((4, 6)) < 0.6
    mask[1] = False
    pairs = {
        "plain": (lambda q, k, v, m: attend(q, k, v), lambda q, k, v, m: theirs(q, k, v)),
        "causal": (
            lambda q, k, v, m: attend(q, k, v, is_causal=True),
            lambda q, k, v, m: theirs(q, k, v, is_causal=True),
        ),
        "added": (lambda q, k, v, m: attend(q, k, v, m), lambda q, k, v, m: theirs(q, k, v, m)),
        "masked": (
            lambda q, k, v, m: attend(q, k, v, mask, scale=0.3),
            lambda q, k, v, m: theirs(q, k, v, _bools(mask), scale=0.3),
        ),
    }
    arrays = [normal(N, 2, 4, 3), normal(N, 2, 6, 3), normal(N, 2, 6, 5), normal(4, 6)]
    compare(pairs, arrays, (0, 1, 2))
    grouped = {
        "grouped": (
            lambda q, k, v: attend(q, k, v, enable_gqa=True),
            lambda q, k, v: theirs(q, k, v, enable_gqa=True),
        )
    }
    compare(grouped, [normal(N, 4, 4, 3), normal(N, 2, 6, 3), normal(N, 2, 6, 5)], (0, 1, 2), order=1)


def _bools(mask: np.ndarray) -> Any:
    import torch

    return torch.tensor(mask)


def test_embedding() -> None:
    pairs = flags("embedding", "embedding", [{}, {"padding_idx": 2}, {"padding_idx": -1}])
    compare(pairs, [RNG.integers(0, 7, (N, 3)), normal(7, 2)], (1,), order=1)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ctc(reduction: str) -> None:
    """By logits: torch's gradient is right only behind a log_softmax. It has no second derivative."""
    from torch.nn import functional

    targets = np.array([[1, 2, 2], [3, 3, 3], [2, 1, 0], [1, 0, 0], [4, 1, 0]])
    frames, counts = np.array([6, 6, 5, 4, 0]), np.array([3, 3, 2, 0, 2])
    options = {"reduction": reduction, "zero_infinity": True}
    pairs = {
        "ctc": (
            lambda x, t, i, n: sa.nn.ctc_loss(sa.log_softmax(x), t, i, n, **options),
            lambda x, t, i, n: functional.ctc_loss(functional.log_softmax(x, -1), t, i, n, **options),
        )
    }
    compare(pairs, [normal(6, N, 5), targets, frames, counts], order=1, free=False)
