"""Writes docs/functions.md: run ``python docs/make_functions.py`` after a change of public functions.

What a row says is found by calling the function on placeholders: the dtypes that it takes, the ops that it makes, and
whether gradients of gradients can be built. Functions are called by the names of their parameters; `EXAMPLES` has those
calls that do not follow from them.
"""

from __future__ import annotations

import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import staticad as sa
from staticad import Tensor, function_spellings, numpy_elsewhere
from staticad.functional.nests import flatten
from staticad.ir.dtypes import is_inexact
from staticad.ops.base import Op
from staticad.ops.contract import Contract
from staticad.ops.control import Cond, Control, all_nodes
from staticad.ops.convolution import Convolution
from staticad.ops.cumulative import Scan
from staticad.ops.fourier import Fourier
from staticad.ops.library import Library

TARGET = Path(__file__).resolve().with_name("functions.md")

HEAD = """# Functions

These are all public functions of arrays. The tables say which dtypes a function takes, how often it can be
differentiated, and what computes it. [The reference](reference.md) says what each function does. NumPy's functions of
the same name do the same: `np.exp(x)` is `sa.exp(x)` for a tensor x.

*dtypes*

- b: bool, i: integers, h: float16 and bfloat16, f: float32 and float64, c: complex.
- "–": the function has no operands but sizes, or a key of random numbers. What has no parameters, such as
  `sa.random.exponential`, is scaled and moved: `scale * sa.random.exponential(key)`.
- Functions of floats, such as `exp`, convert bools and integers first.

*derivatives*

- "all": derivatives of every order.
- "first": there is a first derivative, but no second one.
- "second": there are first and second derivatives, but no third one by some operand.
- "zero": the derivative is zero wherever it exists.
- "none": asking for one raises `GradientError`.
- "–": results or operands are no floats.
- [The list of ops](ops.md) says which value is used where a derivative does not exist.

*computed*

- "fused": in one loop together with the operations around it.
- Otherwise: the routines, products, scans and loops that the function becomes. Elementwise operations before and behind
  them are fused with them where that is possible.

`python docs/make_functions.py` makes this page: it calls each function on placeholders and looks at the graph. A test
fails when the page is out of date.
"""

# What is no function of arrays.
OTHERS = frozenset(
    "compile constant placeholder variable evaluate gradcheck gradients hessian hvp jacobian jvp stop_gradient no_grad "
    "function cond fori_loop scan switch while_loop to_dot to_networkx to_svg name_scope save load training "
    "custom_gradient custom_jvp custom_op custom_vjp assert_ print_".split()
)
SECTIONS = ("linalg", "fft", "special", "nn", "random")  # modules of the package that are a section each
KINDS = {"b": "bool", "i": "int32", "h": "float16", "f": "float32", "c": "complex64"}
WORDS: dict[type[Op], str] = {
    Contract: "product",
    Convolution: "convolution",
    Fourier: "Fourier transform",
    Scan: "scan",
    Cond: "branch",
    Control: "loop",
}

Make = Callable[..., Tensor]


def _is(value: Any) -> Callable[[Make], Any]:
    return lambda make: value


def _integers(*shape: int) -> Callable[[Make], Tensor]:
    return lambda make: sa.placeholder(shape, "int64")


# Arguments by the names of parameters without a default; others are arrays of one of these shapes.
SHAPES = ((3, 3), (3,), (), (2, 4, 4), (2, 4, 4, 4), (2, 2, 4, 4, 4))
BY_NAME: dict[str, Callable[[Make], Any]] = {
    **dict.fromkeys(("axis", "axis1", "source", "kth", "order"), _is(0)),
    **dict.fromkeys(("axis2", "destination", "shift", "repeats", "reps", "pad_width", "k", "n", "M", "N"), _is(1)),
    **dict.fromkeys(("num", "num_classes", "num_groups", "kernel_size", "output_size", "upscale_factor"), _is(2)),
    **dict.fromkeys(("downscale_factor", "norm_type", "num_heads", "window_shape"), _is(2)),
    **dict.fromkeys(("indices_or_sections", "size"), _is(3)),
    **dict.fromkeys(("shape", "new_shape", "dimensions", "dims"), _is((3, 3))),
    **dict.fromkeys(("arrays", "tensors"), lambda make: [make(3, 3), make(3, 3)]),
    **dict.fromkeys(("condition", "mask"), lambda make: sa.placeholder((3, 3), "bool")),
    **dict.fromkeys(("indices", "segment_ids", "labels"), _integers(3)),
    "dtype": _is("float32"),
    "key": lambda make: sa.random.key(0),
    "seed": _is(0),
    "rate": _is(0.5),
    "q": _is(0.5),
}
# Arguments by name that are given where it does not go without.
OPTIONAL: tuple[dict[str, Any], ...] = ({}, {"size": 3}, {"num_segments": 3}, {"axis": 0})
# Calls by one of the names of a function.
EXAMPLES: dict[str, Callable[[Any, Make], Any]] = {
    "sa.arange": lambda f, make: f(3),
    "sa.associative_scan": lambda f, make: f(sa.add, make(3)),
    "sa.bincount": lambda f, make: f(make(3), length=3),
    "sa.choose": lambda f, make: f(sa.placeholder((3,), "int64"), [make(3), make(3)]),
    "sa.compress": lambda f, make: f(sa.placeholder((3,), "bool"), make(3, 3), 0, size=2),
    "sa.delete": lambda f, make: f(make(3, 3), [0], 0),
    "sa.dsplit": lambda f, make: f(make(2, 2, 3), 3),
    "sa.einsum": lambda f, make: f("ij,jk->ik", make(3, 3), make(3, 3)),
    "sa.fromfunction": lambda f, make: f(sa.add, (3, 3)),
    "sa.gradient": lambda f, make: f(make(3, 3)),
    "sa.insert": lambda f, make: f(make(3, 3), [0], make(), 0),
    "sa.ix_": lambda f, make: f(sa.placeholder((3,), "int64")),
    "sa.ldexp": lambda f, make: f(make(3), sa.placeholder((3,), "int32")),
    "sa.linalg.cho_solve": lambda f, make: f((make(3, 3), True), make(3)),
    "sa.linalg.lu_solve": lambda f, make: f((make(3, 3), sa.placeholder((3,), "int64")), make(3)),
    "sa.linalg.solve_sylvester": lambda f, make: f(make(3, 3), make(2, 2), make(3, 2)),
    "sa.linalg.tensorinv": lambda f, make: f(make(2, 2, 2, 2)),
    "sa.linalg.tensorsolve": lambda f, make: f(make(2, 2, 2, 2), make(2, 2)),
    "sa.nn.affine_grid": lambda f, make: f(make(1, 2, 3), (1, 1, 4, 4)),
    "sa.nn.batch_norm": lambda f, make: f(make(3, 3), make(3), make(3)),
    "sa.nn.conv1d": lambda f, make: f(make(1, 2, 4), make(2, 2, 3)),
    "sa.nn.conv2d": lambda f, make: f(make(1, 2, 4, 4), make(2, 2, 3, 3)),
    "sa.nn.conv3d": lambda f, make: f(make(1, 2, 4, 4, 4), make(2, 2, 3, 3, 3)),
    "sa.nn.conv_transpose1d": lambda f, make: f(make(1, 2, 4), make(2, 2, 3)),
    "sa.nn.conv_transpose2d": lambda f, make: f(make(1, 2, 4, 4), make(2, 2, 3, 3)),
    "sa.nn.conv_transpose3d": lambda f, make: f(make(1, 2, 4, 4, 4), make(2, 2, 3, 3, 3)),
    "sa.nn.cross_entropy": lambda f, make: f(make(3, 3), sa.placeholder((3,), "int64")),
    "sa.nn.ctc_loss": lambda f, make: f(
        make(5, 1, 3), *(sa.placeholder(shape, "int64") for shape in ((1, 2), (1,), (1,)))
    ),
    "sa.nn.fold": lambda f, make: f(make(1, 4, 9), (4, 4), 2),
    "sa.nn.grid_sample": lambda f, make: f(make(1, 1, 4, 4), make(1, 3, 3, 2)),
    "sa.nn.interpolate": lambda f, make: f(make(1, 1, 4, 4), size=(8, 8), mode="bilinear"),
    "sa.nn.multi_head_attention": lambda f, make: f(make(3, 4), make(3, 4), make(3, 4), 2),
    "sa.nn.multi_margin_loss": lambda f, make: f(make(3, 3), sa.placeholder((3,), "int64")),
    "sa.nn.multilabel_margin_loss": lambda f, make: f(make(3, 3), sa.placeholder((3, 3), "int64")),
    "sa.nn.nll_loss": lambda f, make: f(make(3, 3), sa.placeholder((3,), "int64")),
    "sa.nn.pixel_shuffle": lambda f, make: f(make(4, 2, 2), 2),
    "sa.nn.prelu": lambda f, make: f(make(3, 3), make()),
    "sa.nn.scaled_dot_product_attention": lambda f, make: f(make(3, 4), make(3, 4), make(3, 4)),
    "sa.put": lambda f, make: f(make(3, 3), sa.placeholder((3,), "int64"), make(3)),
    "sa.put_along_axis": lambda f, make: f(make(3, 3), sa.placeholder((3, 3), "int64"), make(3, 3), 0),
    "sa.random.bernoulli": lambda f, make: f(sa.random.key(0), make(3)),
    "sa.random.lognormal": lambda f, make: f(sa.random.key(0), make(3)),
    "sa.random.poisson": lambda f, make: f(sa.random.key(0), make(3)),
    "sa.random.rayleigh": lambda f, make: f(sa.random.key(0), make(3)),
    "sa.random.uniform": lambda f, make: f(sa.random.key(0), (3,), minval=make(3), maxval=make(3)),
    "sa.random.von_mises": lambda f, make: f(sa.random.key(0), make(3), make(3)),
    "sa.ravel_multi_index": lambda f, make: f((sa.placeholder((3,), "int64"),) * 2, (3, 3)),
    "sa.select": lambda f, make: f([sa.placeholder((3,), "bool")], [make(3)], make()),
    "sa.sliding_window_view": lambda f, make: f(make(3, 3), (2, 2)),
    "sa.special.iv": lambda f, make: f(2, make(3)),
    "sa.special.ive": lambda f, make: f(2, make(3)),
    "sa.special.jv": lambda f, make: f(2, make(3)),
    **dict.fromkeys(("sa.special.kv", "sa.special.kve", "sa.special.yv"), lambda f, make: f(2, make(3))),
    "sa.special.multigammaln": lambda f, make: f(make(3), 2),
    "sa.take_along_axis": lambda f, make: f(make(3, 3), sa.placeholder((3, 3), "int64")),
    "sa.where": lambda f, make: f(sa.placeholder((3,), "bool"), make(3), make(3)),
}
# What the library is to have, by where it is to be; what is not there is listed with the reason.
WANTED = {
    "": """
        sinh cosh arcsin arccos arctan arcsinh arccosh arctanh arctan2 hypot exp2 log2 log10 cbrt logaddexp logaddexp2
        float_power fmod fmax fmin copysign nextafter heaviside sinc deg2rad rad2deg degrees radians sign signbit fabs
        ldexp frexp modf nan_to_num isneginf isposinf isclose allclose gcd lcm
        median quantile percentile nansum nanmean nanstd nanvar nanmax nanmin nanprod count_nonzero ptp average cumsum
        cumprod cummax cummin logcumsumexp diff ediff1d trapezoid cumulative_trapezoid gradient associative_scan
        sort argsort lexsort topk partition searchsorted digitize bincount histogram unique nonzero
        rot90 meshgrid kron cross block array_split hsplit vsplit dsplit dstack column_stack atleast_3d rollaxis fliplr
        flipud resize pad diagflat fill_diagonal tri vander triu_indices tril_indices ix_ sliding_window_view
        unravel_index ravel_multi_index select choose compress put_along_axis segment_sum segment_prod segment_max
        segment_min einsum tensordot real imag conj angle abs custom_op custom_gradient custom_jvp print_ assert_
    """,
    "special": """
        erfc erfcx erfinv erfcinv gammaln gamma digamma polygamma beta betaln betainc gammainc gammaincc i0 i0e i1 i1e
        j0 j1 logit expit log_expit ndtr log_ndtr ndtri xlogy xlog1py entr rel_entr kl_div zeta expi
        multigammaln logsumexp owens_t
    """,
    "nn": """
        gelu silu elu selu celu leaky_relu prelu hardtanh hardswish hardsigmoid softsign log_sigmoid mish glu threshold
        softmin layer_norm batch_norm group_norm rms_norm conv1d conv2d conv3d conv_transpose1d conv_transpose2d
        conv_transpose3d max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool2d
        adaptive_max_pool2d lp_pool2d interpolate pixel_shuffle unfold fold grid_sample scaled_dot_product_attention
        embedding mse mae huber_loss smooth_l1_loss cross_entropy bce bce_with_logits nll_loss kl_div poisson_nll_loss
        hinge_loss cosine_embedding_loss triplet_margin_loss ctc_loss
    """,
    "linalg": """
        inv pinv solve solve_triangular lu lu_factor lu_solve cholesky cho_solve qr svd svdvals eigh eigvalsh eig
        eigvals det slogdet lstsq matrix_power expm sqrtm logm matrix_rank cond norm multi_dot block_diag toeplitz
    """,
    "fft": """
        fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn fftshift ifftshift fftfreq
        rfftfreq dct dst
    """,
    "random": """
        permutation shuffle choice gamma beta dirichlet chisquare student_t poisson binomial multinomial geometric
        multivariate_normal von_mises pareto weibull
    """,
}
ABSENT = """Functions of NumPy, SciPy, JAX and PyTorch that are not offered. Calling one of them raises an error that
says what this table says. So do names that stand in another module, such as `sa.erfc`, and those of PyTorch's
functions that change their operand, such as `sa.exp_`. Names of `jax.lax`, `jax.scipy.signal` and `torch` are answered
as well; `staticad/spellings.py` and `staticad/peer_spellings.py` list them.
"""
BACKSLASHED = r"\\\1"
INSTEAD = {
    "np": {name.partition(".")[2]: text for name, text in numpy_elsewhere.WAYS.items()},
    "sa.linalg": function_spellings.LINALG,
    "sa.fft": function_spellings.FOURIER,
    "sa.special": function_spellings.SPECIAL,
}


def absent() -> list[str]:
    """What NumPy, SciPy and others have and what there is not, with what to write instead. Raises LookupError for a
    wanted name that is neither there nor among these."""
    for space, listed in WANTED.items():
        owner, prefix = (getattr(sa, space), f"sa.{space}") if space else (sa, "np")
        for name in listed.split():
            if not hasattr(owner, name) and name not in INSTEAD.get(prefix, {}):
                raise LookupError(f"there is no {space}.{name}, and no line says what to write instead")
    rows: dict[tuple[str, str], list[str]] = {}
    for prefix, table in INSTEAD.items():
        for name, text in table.items():
            rows.setdefault((prefix, text), []).append(name)
    return [
        f"| {_together(prefix, names)} | {re.sub(r'([*|])', BACKSLASHED, text)} |"
        for (prefix, text), names in rows.items()
    ]


def _together(prefix: str, names: list[str]) -> str:
    """Names of one module."""
    if len(names) < 5:
        return ", ".join(f"`{prefix}.{name}`" for name in names)
    return f"of `{prefix}`: {' '.join(f'`{name}`' for name in names)}"


def sections() -> dict[str, dict[FunctionType, list[str]]]:
    """The public functions, each with all its names, by the modules that define them."""
    found: dict[str, dict[FunctionType, list[str]]] = {}
    names = [(name, getattr(sa, name)) for name in sa.__all__ if name not in OTHERS]
    for section in SECTIONS:
        module = getattr(sa, section, None)
        names += [(f"{section}.{name}", value) for name, value in _public(module)] if module else []
    for name, function in sorted(names, key=lambda pair: pair[0].count(".")):
        if isinstance(function, FunctionType):
            found.setdefault(_title(function), {}).setdefault(function, []).append(f"sa.{name}")
    return found


def _public(module: ModuleType) -> list[tuple[str, Any]]:
    """What a module offers: all that it names, or defines itself."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    return [(name, getattr(module, name)) for name in getattr(module, "__all__", own) if name[0] != "_"]


def _title(function: FunctionType) -> str:
    """What the module says of itself: that of the section, where one is a package."""
    module = sys.modules[inspect.unwrap(function).__module__]
    package = sys.modules[module.__name__.rpartition(".")[0]]
    shown = package if package.__name__.rpartition(".")[2] in SECTIONS else module
    return re.split(r"[:;.]", (shown.__doc__ or shown.__name__).split("\n")[0])[0]


class Call:
    """A function that was called on placeholders of one dtype."""

    def __init__(self, function: FunctionType, arguments: Callable[[Any, Make], Any], dtype: str) -> None:
        self.inputs: list[Tensor] = []
        self.dtype = dtype
        result = arguments(function, self.make)
        self.outputs = [leaf for leaf in flatten(result)[0] if isinstance(leaf, Tensor)]

    def make(self, *shape: int) -> Tensor:
        """A placeholder."""
        self.inputs.append(sa.placeholder(shape, self.dtype))
        return self.inputs[-1]


def calls(names: list[str], function: FunctionType) -> dict[str, Call]:
    """The function called on each kind of dtypes that it takes. Raises LookupError where `EXAMPLES` has to say how."""
    for arguments in [EXAMPLES[name] for name in names if name in EXAMPLES] or _guesses(function):
        found = {}
        try:
            for kind, dtype in KINDS.items():
                with suppress(sa.DTypeError):
                    found[kind] = Call(function, arguments, dtype)
        except (sa.StaticadError, AttributeError, TypeError, ValueError, IndexError):
            continue
        if found:
            return found
    raise LookupError(f"EXAMPLES in docs/make_functions.py has to say how {' or '.join(names)} is called")


def _guesses(function: FunctionType) -> Iterator[Callable[[Any, Make], Any]]:
    parameters = inspect.signature(function).parameters
    for shape, optional in itertools.product(SHAPES, OPTIONAL):
        if optional.keys() <= {name for name, p in parameters.items() if p.default is not p.empty}:
            yield partial(_guess, shape, optional)


def _guess(shape: tuple[int, ...], optional: dict[str, Any], function: FunctionType, make: Make) -> Any:
    given: list[Any] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            given += [make(*shape), make(*shape)]
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD:
            given.append(BY_NAME[name](make) if name in BY_NAME else make(*shape))
    return function(*given, **optional)


def derivatives(call: Call) -> str:
    """To which order there are derivatives by floats."""
    ys, xs = ([t for t in tensors if is_inexact(t.dtype)] for tensors in (call.outputs, call.inputs))
    if not ys or not xs:
        return "–"
    try:
        first = _slopes(ys, xs)
    except sa.GradientError:
        return "none"
    if not first:
        return "zero"
    try:
        second = _slopes(first, xs)
    except sa.GradientError:
        return "first"
    limited = any(getattr(node.op, "orders", None) is not None for node in all_nodes(second))
    try:
        _slopes(second, xs) if limited else None
    except sa.GradientError:
        return "second"
    return "all"


def _slopes(ys: list[Tensor], xs: list[Tensor]) -> list[Tensor]:
    total = sum(sa.real(y).sum() for y in ys)
    return [g for g in sa.gradients(total, xs, unconnected="none") if g is not None]


def computed(call: Call) -> str:
    """What computes it."""
    ops = dict.fromkeys(node.op for node in all_nodes(call.outputs))
    words = [word for op in ops if (word := _what(op))]
    return ", ".join(dict.fromkeys(words)) or "fused"


def _what(op: Op) -> str | None:
    if isinstance(op, Library):
        return f"routine `{op.name}`"
    return next((word for family, word in WORDS.items() if isinstance(op, family)), None)


def row(names: list[str], function: FunctionType) -> str:
    """The line of one function."""
    found = calls(names, function)
    call = found.get("f") or found.get("c") or next(iter(found.values()))
    taken = "".join(found) if call.inputs else "–"
    return f"| {', '.join(f'`{name}`' for name in names)} | {taken} | {derivatives(call)} | {computed(call)} |"


def render() -> str:
    """The text of docs/functions.md."""
    parts = [HEAD]
    for title, functions in sections().items():
        rows = [row(names, function) for function, names in functions.items()]
        head = [f"## {title}\n", "| function | dtypes | derivatives | computed |", "|---|---|---|---|"]
        parts.append("\n".join([*head, *rows]) + "\n")
    head = [f"## What there is not\n\n{ABSENT}", "| name | what to write instead |", "|---|---|"]
    parts.append("\n".join([*head, *absent()]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), "utf-8")
