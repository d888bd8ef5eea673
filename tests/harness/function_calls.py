"""One valid call of every public function: what outsiders' malformed input starts from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import staticad as sa

P = sa.placeholder
X, V, W, S = P((3, 4), name="x"), P((3,)), P((4,)), P(())
SQUARE, COLUMNS, CUBE, THREES = P((3, 3)), P((4, 2)), P((2, 3, 4)), P((4, 3))
MASK, KEY = P((3, 4), "bool"), sa.random.key(0)
NUMBERS, J, K = P((3, 4), "int64"), P((3,), "int64"), P((4,), "int64")
SIGNAL, IMAGE, VOLUME = P((2, 4, 8)), P((2, 3, 8, 8)), P((2, 4, 6, 6, 6))

# Arguments by the names of parameters without a default; x for others.
USUAL: dict[str, Any] = {
    "axis": 0, "axis1": 0, "axis2": 1, "dtype": "float32", "ind": NUMBERS, "indices": NUMBERS, "k": 1, "key": KEY,
    "n": 2, "N": 3,
    "q": 0.5, "shape": (3, 4),
}  # fmt: skip
INTEGERS = (
    "bitwise_and bitwise_or bitwise_xor invert bitwise_invert bitwise_not left_shift right_shift bitwise_left_shift "
    "bitwise_right_shift bitwise_count gcd lcm"
).split()
SQUARES = "cho_factor cholesky cond det eig eigh eigvals eigvalsh expm inv lu_factor schur slogdet sqrtm".split()
SIZED = (
    "nonzero flatnonzero argwhere unique unique_values unique_counts unique_inverse unique_all union1d intersect1d "
    "setdiff1d setxor1d"
).split()
SEVERAL = "concatenate concat stack vstack hstack dstack column_stack".split()

CALLS: dict[str, tuple[Any, ...]] = {
    "arange": (3,), "argpartition": (X, 1), "array_split": (X, 2, 1), "assert_": (X, X > 0),
    "associative_scan": (lambda a, b: a + b, X), "bincount": (K, None, 5), "block": ([[X, X]],),
    "broadcast_to": (X, (2, 3, 4)), "choose": (NUMBERS, [X, X]), "clip": (X, 0, 1), "compress": (V > 0, X, 0),
    "cond": (S > 0, sa.sin, sa.cos, X), "constant": (1.5,), "convolve": (V, W), "correlate": (V, W),
    "cross": (THREES, THREES), "cross_entropy": (X, J), "cumulative_prod": (X, 0), "cumulative_sum": (X, 0),
    "delete": (X, 0, 0), "diag_indices": (3,), "diag_indices_from": (SQUARE,), "digitize": (X, V), "dot": (X, W),
    "dsplit": (CUBE, 2), "einsum": ("ij,ij->i", X, X), "expand_dims": (X, 0), "extract": (MASK, X),
    "fill_diagonal": (X, 0.0), "fori_loop": (0, 3, lambda i, s: s * 2, X), "fromfunction": (lambda i, j: i, (3, 4)),
    "full": ((3, 4), 1.0), "full_like": (X, 1), "geomspace": (1.0, 2.0, 5), "gradients": ((X * X).sum(), X),
    "hessian": (X.sum(), X), "histogram2d": (V, V), "hsplit": (X, 2), "hvp": ((X * X).sum(), [X], [X]),
    "identity": (3,), "indices": ((3, 4),), "insert": (X, 0, 1.0, 0), "interp": (X, V, V), "ix_": (K, K),
    "jacobian": (X * X, X), "jvp": (X * X, [X], [X]), "ldexp": (X, NUMBERS), "lexsort": ([V, V],),
    "linspace": (0.0, 1.0, 5), "logspace": (0.0, 1.0, 5), "matmul": (X, COLUMNS), "meshgrid": (V, W),
    "moveaxis": (X, 0, 1), "mse": (X, X), "one_hot": (NUMBERS, 4), "pad": (X, 1), "partition": (X, 1),
    "placeholder": (),
    "put": (X, K, 1.0), "put_along_axis": (X, NUMBERS, X, 0), "ravel_multi_index": ((NUMBERS, NUMBERS), (3, 4)),
    "repeat": (X, 2),
    "reshape": (X, (4, 3)), "resize": (X, (2, 2)), "roll": (X, 1), "scan": (lambda s, x: (s + x, s), W, X),
    "searchsorted": (V, X), "select": ([MASK], [X]), "sliding_window_view": (X, 2, 0), "split": (X, 2, 1),
    "switch": (J[0], [sa.sin, sa.cos], X), "take": (X, K, 0), "take_along_axis": (X, NUMBERS, 0),
    "tensordot": (X, COLUMNS, 1), "tile": (X, 2), "top_k": (X, 2), "topk": (X, 2), "training": (True,),
    "tri": (3, 4), "tril_indices": (3,), "triu_indices": (3,), "unravel_index": (NUMBERS, (3, 4)), "vander": (V,),
    "variable": (1.5,), "vsplit": (X, 3), "where": (MASK, X, X),
    "while_loop": (lambda s: s.sum() < 3, lambda s: s * 2, X),
    "linalg.cho_solve": ((SQUARE, False), V), "linalg.cross": (THREES, THREES), "linalg.dot": (X, W),
    "linalg.lstsq": (X, V), "linalg.lu_solve": ((SQUARE, J), V), "linalg.matmul": (X, COLUMNS),
    "linalg.matrix_power": (SQUARE, 2), "matvec": (X, W), "linalg.matvec": (X, W), "linalg.multi_dot": ([X, COLUMNS],),
    "linalg.solve": (SQUARE, V), "linalg.solve_sylvester": (SQUARE, SQUARE, SQUARE),
    "linalg.solve_triangular": (SQUARE, V), "linalg.tensordot": (X, COLUMNS, 1),
    "linalg.tensorinv": (P((4, 2, 2)), 1), "linalg.tensorsolve": (SQUARE, V), "linalg.toeplitz": (V,),
    "vecmat": (V, X), "linalg.vecmat": (V, X),
    "polyval": (V, X), "fft.fftfreq": (4,), "fft.rfftfreq": (4,), "special.one_hot": (NUMBERS, 4),
    **{f"segment_{name}": (X, J, 3) for name in ("sum", "prod", "max", "min")}, "special.multigammaln": (X, 2),
    **{f"special.{name}": (1, X) for name in "iv ive jn jv kn kv kve yn yv expn polygamma".split()},
    "random.bernoulli": (KEY, 0.5), "random.beta": (KEY, 1.0, 2.0), "random.binomial": (KEY, 5, 0.5),
    "random.chisquare": (KEY, 2.0), "random.choice": (KEY, 5), "random.dirichlet": (KEY, V),
    "random.double_sided_maxwell": (KEY, 0.0, 1.0), "random.f": (KEY, 2.0, 3.0), "random.fold_in": (KEY, 3),
    "random.gamma": (KEY, 2.0), "random.geometric": (KEY, 0.5), "random.key": (3,), "random.loggamma": (KEY, 2.0),
    "random.multinomial": (KEY, 5, V), "random.multivariate_normal": (KEY, V, SQUARE),
    "random.negative_binomial": (KEY, 5, 0.5), "random.pareto": (KEY, 2.0), "random.randint": (KEY, (3,), 0, 5),
    "random.student_t": (KEY, 2.0), "random.t": (KEY, 2.0), "random.triangular": (KEY, 0.0, 0.5, 1.0),
    "random.truncated_normal": (KEY, -1.0, 1.0), "random.weibull": (KEY, 2.0),
    "random.weibull_min": (KEY, 1.0, 2.0),
    "nn.BatchNorm": (3,), "nn.Dense": (3, 4), "nn.Dropout": (0.5, KEY),
    "nn.Sequential": ([sa.sin],), "nn.alpha_dropout": (X, 0.5, KEY),
    "nn.affine_grid": (P((2, 2, 3)), (2, 3, 4, 4)), "nn.batch_norm": (X, W, W), "nn.batch_statistics": (X, W, W),
    "nn.cosine_embedding_loss": (X, X, V), "nn.cross_entropy": (X, J),
    "nn.ctc_loss": (P((5, 2, 4)), P((2, 3), "int64"), K[:2], K[:2]), "nn.dropout": (X, 0.5, KEY),
    "nn.embedding": (NUMBERS, X), "nn.feature_dropout": (X, 0.5, KEY), "nn.fold": (P((2, 12, 49)), (8, 8), 2),
    "nn.grid_sample": (IMAGE, P((2, 5, 5, 2))), "nn.group_norm": (SIGNAL, 2), "nn.instance_norm": (IMAGE,),
    "nn.interpolate": (IMAGE, 4), "nn.local_response_norm": (IMAGE, 2),
    "nn.multi_head_attention": (CUBE, CUBE, CUBE, 2),
    "nn.multi_margin_loss": (X, J), "nn.multilabel_margin_loss": (X, NUMBERS), "nn.nll_loss": (X, J),
    "nn.one_hot": (NUMBERS, 4),
    "nn.pixel_shuffle": (P((2, 4, 3, 3)), 2), "nn.pixel_unshuffle": (IMAGE, 2), "nn.prelu": (X, W),
    "nn.scaled_dot_product_attention": (CUBE, CUBE, CUBE), "nn.threshold": (X, 0.0, 1.0), "nn.unfold": (IMAGE, 2),
    **{f"nn.{kind}_pool{d}d": (x, 2) for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)
       for kind in ("avg", "max", "adaptive_avg", "adaptive_max")},
    **{f"nn.lp_pool{d}d": (x, 2, 2) for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)},
    **{f"nn.conv{d}d": (x, P((5, x.shape[1], *(3,) * d))) for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)},
    **{f"nn.conv_transpose{d}d": (x, P((x.shape[1], 5, *(3,) * d)))
       for d, x in enumerate((SIGNAL, IMAGE, VOLUME), 1)},
    **dict.fromkeys(INTEGERS, (NUMBERS, NUMBERS)), "invert": (NUMBERS,), "bitwise_invert": (NUMBERS,),
    "bitwise_not": (NUMBERS,),
    "bitwise_count": (NUMBERS,), **{f"linalg.{name}": (SQUARE,) for name in SQUARES},
    **{name: ([X, X],) for name in SEVERAL},
}  # fmt: skip
NAMED: dict[str, dict[str, Any]] = {name: {"size": 2} for name in (*SIZED, "compress", "extract")}

# What takes files, functions of the user's or runs; their errors have tests of their own.
LEFT_OUT = {
    "Dim", "Tensor", "Variable", "Session", "Checkpoint", "compile", "custom_gradient", "custom_jvp", "custom_op",
    "custom_vjp", "evaluate", "function", "gradcheck", "load", "name_scope", "no_grad", "save", "to_dot",
    "to_networkx", "to_svg", "nn.Layer",
}  # fmt: skip


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function and class of a layer, by its name."""
    for prefix, module in (
        ("", sa), ("linalg.", sa.linalg), ("fft.", sa.fft), ("special.", sa.special), ("random.", sa.random),
        ("nn.", sa.nn),
    ):  # fmt: skip
        for name in module.__all__:
            value = getattr(module, name)
            layer = isinstance(value, type) and not issubclass(value, Exception)
            if (isinstance(value, FunctionType) or layer) and prefix + name not in LEFT_OUT:
                yield prefix + name, value


def valid_call(name: str, function: Callable[..., Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments that a function takes."""
    if name in CALLS:
        return CALLS[name], NAMED.get(name, {})
    found: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            found += [X, X] if not found else []
        elif parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            found.append(USUAL.get(parameter.name, X))
    return tuple(found), NAMED.get(name, {})
