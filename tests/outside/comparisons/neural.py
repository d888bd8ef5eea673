"""Functions of `sa.nn` against torch: batches without elements and single ones beside the flags of
`test_nn_against_torch.py` and `test_convolution_against_torch.py`, and operands that are not contiguous."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.elementwise import of_one
from tests.outside.comparisons.table import Case, Table, uniform

X, V, UNIT = uniform(-2, 2, 3, 4), uniform(-2, 2, 3, 4), uniform(0.1, 0.9, 3, 4)
SIGNS, LABELS = np.where(V > 0, 1.0, -1.0), np.array([2, 0, 3])
IMAGE, SIGNAL, VOLUME = uniform(-1, 1, 2, 4, 5, 6), uniform(-1, 1, 2, 4, 7), uniform(-1, 1, 2, 4, 4, 3, 3)
ROW = uniform(0.5, 1.5, 4)


def batches(f: Any, x: Any) -> list[Any]:
    """Of a batch, of one example, of none."""
    return [f(x), f(x[:1]), f(x[:0])]


def activation(name: str, orders: int = 2, why: str = "", torch: str = "", **given: Any) -> Case:
    return Case(
        lambda m, x: of_one(lambda x: getattr(m.nn, name)(x, **given), x), (X,), "f", orders, why,
        lambda m, x: of_one(lambda x: getattr(m.nn, torch or name)(x, **given), x),
    )  # fmt: skip


def loss(name: str, *operands: np.ndarray, torch: str = "", flags: tuple[dict[str, Any], ...] = ({},), orders: int = 2,
         labels: Any = None) -> Case:  # fmt: skip
    """By every reduction; of no examples, by those that then have a number."""

    def call(which: str) -> Any:
        def results(m: Any, *xs: Any) -> list[Any]:
            kind = str(xs[0].dtype).removeprefix("torch.") if labels is None or labels.dtype.kind == "f" else "int64"
            f, last = getattr(m.nn, which), [] if labels is None else [m.constant(labels.astype(kind))]
            given = [{"reduction": r, **more} for r in ("mean", "sum", "none") for more in flags]
            none = [f(*(x[:0] for x in (*xs, *last)), reduction=r) for r in ("sum", "none")]
            return [*(f(*xs, *last, **options) for options in given), *none]

        return results

    return Case(call(name), operands or (X, V), "f", orders, "", call(torch or name))


def moved(**names: str) -> Any:
    return lambda given: {names.get(k, k): v for k, v in given.items()}


def of(call: Any, *operands: np.ndarray, theirs: Any = None, **given: Any) -> Case:
    return Case(call, operands, "f", theirs=theirs, **given)


TABLE: Table = {
    **{
        f"nn.{name}": activation(name)
        for name in (
            "relu",
            "relu6",
            "silu",
            "selu",
            "mish",
            "softsign",
            "tanhshrink",
            "hardswish",
            "tanh",
            "sigmoid",
            "softplus",
        )
    },
    "nn.hardsigmoid": activation("hardsigmoid", 0, "torch has its slope in float32"),
    "nn.log_sigmoid": activation("log_sigmoid", torch="logsigmoid"),
    "nn.gelu": of(lambda m, x: of_one(m.nn.gelu, x) + [m.nn.gelu(x, approximate="tanh")], X),
    "nn.elu": activation("elu", alpha=0.7),
    "nn.celu": activation("celu", alpha=0.5),
    "nn.leaky_relu": activation("leaky_relu", negative_slope=0.2),
    "nn.hardtanh": activation("hardtanh", min_val=-1.5, max_val=0.5),
    "nn.softshrink": activation("softshrink", lambd=0.7),
    "nn.hardshrink": activation("hardshrink", lambd=0.7),
    "nn.threshold": activation("threshold", threshold=0.1, value=3.0),
    "nn.prelu": of(lambda m, x, w: [m.nn.prelu(x, w), m.nn.prelu(x, w[:1]), m.nn.prelu(x[:0], w)], X, ROW),
    "nn.glu, nn.softmin": of(
        lambda m, x: [m.nn.glu(x), m.nn.glu(x[:2], axis=0), m.nn.glu(x[:0]), m.nn.softmin(x), m.nn.softmin(x, axis=0)],
        X,
        theirs=lambda m, x: [
            m.nn.glu(x),
            m.nn.glu(x[:2], dim=0),
            m.nn.glu(x[:0]),
            m.nn.softmin(x, dim=-1),
            m.nn.softmin(x, dim=0),
        ],
    ),
    "nn.mse": loss("mse", torch="mse_loss"),
    "nn.mae": loss("mae", torch="l1_loss"),
    "nn.huber_loss": loss("huber_loss", flags=({}, {"delta": 0.7})),
    "nn.smooth_l1_loss": loss("smooth_l1_loss", flags=({}, {"beta": 0.7})),
    "nn.kl_div": loss("kl_div", X, UNIT, flags=({}, {"reduction": "batchmean"})),
    "nn.bce": loss("bce", UNIT, UNIT[::-1], torch="binary_cross_entropy"),
    "nn.bce_with_logits": loss("bce_with_logits", X, UNIT, torch="binary_cross_entropy_with_logits"),
    "nn.poisson_nll_loss": loss(
        "poisson_nll_loss", X, flags=({"log_input": True}, {"full": True}), labels=np.round(UNIT * 5)
    ),
    "nn.gaussian_nll_loss": loss("gaussian_nll_loss", X, V, UNIT, flags=({}, {"full": True})),
    "nn.hinge_embedding_loss": loss("hinge_embedding_loss", X, flags=({}, {"margin": 0.4}), labels=SIGNS),
    "nn.soft_margin_loss": loss("soft_margin_loss", X, labels=SIGNS),
    "nn.multilabel_soft_margin_loss": loss("multilabel_soft_margin_loss", X, labels=(SIGNS + 1) / 2),
    "nn.margin_ranking_loss": loss(
        "margin_ranking_loss", ROW, ROW[::-1] + 0.1, flags=({"margin": 0.3},), labels=SIGNS[0]
    ),
    "nn.cosine_embedding_loss": loss("cosine_embedding_loss", X, V, flags=({}, {"margin": 0.1}), labels=SIGNS[:, 0]),
    "nn.triplet_margin_loss": loss("triplet_margin_loss", X, V, UNIT, flags=({}, {"swap": True, "p": 3.0})),
    "nn.cross_entropy": loss("cross_entropy", X, flags=({}, {"label_smoothing": 0.2}), labels=LABELS),
    "nn.nll_loss": loss("nll_loss", X, labels=LABELS),
    "nn.multi_margin_loss": loss("multi_margin_loss", X, flags=({}, {"p": 2, "margin": 0.3}), labels=LABELS, orders=1),
    "nn.cosine_similarity": of(
        lambda m, x, v: [
            m.nn.cosine_similarity(x, v),
            m.nn.cosine_similarity(x, v[:1], axis=0),
            m.nn.cosine_similarity(x[:0], v[:0]),
        ],
        X,
        V,
        theirs=lambda m, x, v: [
            m.nn.cosine_similarity(x, v, -1),
            m.nn.cosine_similarity(x, v[:1], 0),
            m.nn.cosine_similarity(x[:0], v[:0], -1),
        ],
    ),
    "nn.pairwise_distance": of(
        lambda m, x, v: (
            [m.nn.pairwise_distance(x, v, p) for p in (1.0, 2.0, 3.5)] + [m.nn.pairwise_distance(x[:0], v[:0])]
        ),
        X,
        V,
    ),
    "nn.normalize": of(
        lambda m, x: [m.nn.normalize(x, 2.0, -1), m.nn.normalize(x, 3.0, 0), m.nn.normalize(x[:0], 2.0, 1)], X
    ),
    "nn.layer_norm": of(
        lambda m, x, w: batches(lambda x: m.nn.layer_norm(x, (4,), w, w), x) + [m.nn.layer_norm(x, (3, 4))], X, ROW
    ),
    "nn.rms_norm": of(lambda m, x, w: batches(lambda x: m.nn.rms_norm(x, (4,), w, 1e-3), x), X, ROW),
    "nn.group_norm": of(lambda m, x, w: batches(lambda x: m.nn.group_norm(x, 2, w, w), x), SIGNAL, ROW),
    "nn.instance_norm": of(
        lambda m, x, w: [m.nn.instance_norm(x, None, None, w, w), m.nn.instance_norm(x[:1])], SIGNAL, ROW
    ),
    "nn.batch_norm": of(
        lambda m, x, w, b: [
            m.nn.batch_norm(x, *map(m.stop_gradient, (w, b)), w, b),
            m.nn.batch_norm(x[:0], *map(m.stop_gradient, (w, b))),
            m.nn.batch_norm(x, None, None, w, b, training=True),
        ],
        SIGNAL,
        ROW,
        ROW[::-1],
    ),
    "nn.local_response_norm": of(
        lambda m, x: batches(lambda x: m.nn.local_response_norm(x, 3, 0.5, 0.6, 2.0), x), SIGNAL
    ),
    "nn.embedding": of(  # torch has no derivatives of this without elements, nor of the shuffled pixels below
        lambda m, x: [
            m.nn.embedding(LABELS[1:], x.T),
            m.nn.embedding(LABELS[:0], m.stop_gradient(x.T)),
            m.nn.embedding(np.array([[0, 2], [1, 0]]), x, 1),
        ],
        X,
        theirs=lambda m, x: [
            m.nn.embedding(m.constant(LABELS[1:]), x.T),
            m.nn.embedding(m.constant(LABELS[:0]), m.stop_gradient(x.T)),
            m.nn.embedding(m.constant(np.array([[0, 2], [1, 0]])), x, 1),
        ],
    ),
    "nn.scaled_dot_product_attention": of(
        lambda m, q, k: (
            batches(lambda q: m.nn.scaled_dot_product_attention(q, k[:1], k[:1]), q)
            + [m.nn.scaled_dot_product_attention(q, k, k, is_causal=True)]
        ),
        uniform(-1, 1, 2, 3, 4),
        uniform(-1, 1, 2, 3, 4),
    ),
    **{
        f"nn.conv{d}d": of(
            lambda m, x, w, d=d: (
                batches(lambda x: getattr(m.nn, f"conv{d}d")(x, w, stride=2, padding=1), x)
                + [
                    getattr(m.nn, f"conv{d}d")(x[0], w[:, :2], groups=2),
                    getattr(m.nn, f"conv{d}d")(x, w, padding="same", dilation=2),
                ]
            ),
            x,
            uniform(-1, 1, 6, 4, *(2,) * d),
        )
        for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)
    },
    **{
        f"nn.conv_transpose{d}d": of(
            lambda m, x, w, d=d: batches(lambda x: getattr(m.nn, f"conv_transpose{d}d")(x, w, stride=2, padding=1), x),
            x,
            uniform(-1, 1, 4, 3, *(2,) * d),
        )
        for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)
    },
    **{
        f"nn.{kind}_pool{d}d": of(
            lambda m, x, f=f"{kind}_pool{d}d": (
                batches(lambda x: getattr(m.nn, f)(x, 2), x) + [getattr(m.nn, f)(x[0], 3)]
            ),
            x,
        )
        for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)
        for kind in ("max", "avg", "adaptive_avg", "adaptive_max")
    },
    **{
        f"nn.lp_pool{d}d": of(
            lambda m, x, f=f"lp_pool{d}d": [getattr(m.nn, f)(x, 2.0, 2), getattr(m.nn, f)(x, 4.0, 2, 1, True)], x + 2
        )
        for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)
    },
    "nn.interpolate": of(
        lambda m, x: (
            [
                m.nn.interpolate(x, size=(7, 3), mode=mode)
                for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
            ]
            + [
                m.nn.interpolate(x[:0], scale_factor=2.0),
                m.nn.interpolate(x, scale_factor=0.6, mode="bilinear", align_corners=True),
            ]
        ),
        IMAGE,
    ),
    "nn.pixel_shuffle, nn.pixel_unshuffle": of(
        lambda m, x: [
            m.nn.pixel_shuffle(x, 2),
            m.nn.pixel_shuffle(m.stop_gradient(x[:0]), 2),
            m.nn.pixel_unshuffle(x[:, :, :4], 2),
        ],
        IMAGE,
    ),
    "nn.unfold, nn.fold": of(
        lambda m, x: [
            m.nn.unfold(x, 2),
            m.nn.fold(m.nn.unfold(x, (2, 3), stride=2, padding=1), (5, 6), (2, 3), stride=2, padding=1),
        ],
        IMAGE,
    ),
    "nn.affine_grid, nn.grid_sample": of(
        lambda m, x, t: [
            m.nn.grid_sample(x, m.nn.affine_grid(t, (2, 4, 3, 3), align_corners=corners), mode, padding, corners)
            for mode in ("bilinear", "nearest")
            for padding in ("zeros", "border", "reflection")
            for corners in (False, True)
        ],
        IMAGE,
        uniform(-0.7, 0.7, 2, 2, 3),
    ),
}
