"""Normalization, attention, embedding and losses of `sa.nn`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import staticad as sa
from staticad import nn
from tests.harness.cases import FLOATS, Case, Input, values
from tests.harness.family_cases import FamilyCases

if TYPE_CHECKING:
    from tests.harness.random_builder import Builder

SOME = frozenset("abcd")
LABELS = Input(("a",), "index", "b")


def _chain(name: str, inputs: tuple[Input, ...], build: Any, **more: Any) -> Case:
    return Case(f"nn.{name}", inputs, build, "front", FLOATS, ulp=None, special=False, nonzero=SOME, **more)


def _labels(x: sa.Tensor, t: sa.Tensor) -> sa.Tensor:
    """Integers as classes of the last axis."""
    return sa.remainder(t, x.shape[-1])


def front_cases() -> Iterator[Case]:
    yield _chain("layer_norm", values("ab", "b", "b"), lambda x, w, b: nn.layer_norm(x, w.shape, w, b, eps=0.1))
    yield _chain("rms_norm", values("ab"), lambda x: nn.rms_norm(x, eps=0.1))
    yield _chain("group_norm", values("a4b"), lambda x: nn.group_norm(x, 2, eps=0.1))
    yield _chain("batch_norm", values("abc", "b"), lambda x, w: nn.batch_norm(x, weight=w, training=True, eps=0.1))
    yield _chain(
        "attention", values("abd", "acd", "acb"),
        lambda q, k, v: nn.scaled_dot_product_attention(q, k, v, is_causal=True),
    )  # fmt: skip
    yield _chain(
        "cross_entropy", (*values("ab"), LABELS),
        lambda x, t: nn.cross_entropy(x, _labels(x, t), ignore_index=0, label_smoothing=0.1, reduction="sum"),
    )  # fmt: skip
    yield _chain("bce_with_logits", values("ab", "ab", "b"), lambda x, t, p: nn.bce_with_logits(x, t, pos_weight=p))
    yield _chain("huber_loss", values("ab", "ab"), lambda x, t: nn.huber_loss(x, t, reduction="none"))
    yield _chain(
        "cosine_similarity", values("ab", "ab"), lambda x, t: nn.cosine_similarity(x, t, eps=0.1), domain=(0.5, 2)
    )
    yield _chain(
        "embedding", (*values("ab"), Input(("d",), "index", "a")),
        lambda x, i: nn.embedding(sa.remainder(i, x.shape[0]), x),
    )  # fmt: skip


def normalizing(build: Builder) -> sa.Tensor | None:
    x = build.pick(lambda t: t.dtype.kind == "f" and t.ndim >= 1)
    if x is None:
        return None
    tame = sa.where(sa.isfinite(x), sa.tanh(x), 0.5)
    return build.choose((
        lambda: nn.layer_norm(tame, eps=0.1),
        lambda: nn.rms_norm(tame, eps=0.1),
        lambda: nn.huber_loss(tame, sa.zeros_like(tame), reduction="none"),
    ))()  # fmt: skip


FAMILY = FamilyCases(front_cases=front_cases, steps=(normalizing,))
