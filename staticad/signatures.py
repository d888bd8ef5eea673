"""Calls that do not fit a function's signature: what is wrong with them, and what an argument is called here."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any

from staticad.errors import GraphError

# What other libraries, and NumPy in some of its functions, call an argument; and the names that it may have here.
_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("dim", "dims", "axis", "axes", "reduction_indices"), ("axis", "axes", "axis1", "reps")),
    **dict.fromkeys(("dim0", "dim1"), ("axis1", "axis2")),
    **dict.fromkeys(("keepdim", "keep_dims"), ("keepdims",)),
    **dict.fromkeys(("size", "sizes", "sample_shape", "num_samples"), ("shape", "new_shape", "output_size")),
    **dict.fromkeys(("target", "label", "labels", "y_true"), ("targets",)),
    **dict.fromkeys(("low", "a_min"), ("minval", "min", "lower")),
    **dict.fromkeys(("high", "a_max"), ("maxval", "max", "upper")),
    **dict.fromkeys(("generator", "seed", "rng", "random_state"), ("key", "rng")),
    **dict.fromkeys(("epsilon", "variance_epsilon"), ("eps",)),
    **dict.fromkeys(("weights", "gamma", "kernel", "filters"), ("weight",)),
    **dict.fromkeys(("beta", "b"), ("bias",)),
    **dict.fromkeys(("p", "drop_rate"), ("rate", "dropout_p", "ord", "q")),
    "uplo": ("UPLO",),
    "some": ("full_matrices",),
    **dict.fromkeys(("strides", "window_strides"), ("stride",)),
    **dict.fromkeys(("dilations", "rhs_dilation"), ("dilation",)),
    "feature_group_count": ("groups",),
    "mask": ("attn_mask", "where"),
    "fill": ("fill_value",),
    **dict.fromkeys(("index", "idx"), ("indices",)),
    "equation": ("subscripts",),
    "boundaries": ("bins",),
    "interpolation": ("method",),
}
# Where the name alone does not say it.
_HINTS = {
    **dict.fromkeys((("lower", "upper"), ("upper", "lower")), ", which says the opposite"),
    **dict.fromkeys((("unbiased", "ddof"), ("unbiased", "correction")), "1 for True, 0 for False"),
    **dict.fromkeys((("lower", "UPLO"), ("upper", "UPLO")), "'L' or 'U'"),
}
_FIRST = frozenset("input tensor tensors array arr ary arrays a x x1 xs m self data inputs logits operand".split())
_SECOND = frozenset("other b x2 y tensor2 mat2 vec2 exponent divisor target".split())

_CHANGED = "tensors can't be changed in place, and results are new tensors"
_SCALED = "scale and move what is drawn, loc + scale * sample"
_NOT_NEEDED = "leave it out: it would change nothing here"
_WITHOUT: dict[str, str] = {
    "out": f"leave it out: {_CHANGED}",
    "inplace": f"leave it out: {_CHANGED}",
    **dict.fromkeys(("overwrite_a", "overwrite_b", "overwrite_x", "overwrite_c"), f"leave it out: {_CHANGED}"),
    **dict.fromkeys(("check_finite", "workers", "precision", "optimize", "device", "casting", "subok"), _NOT_NEEDED),
    "requires_grad": "leave it out: sa.gradients takes what is to be differentiated",
    **dict.fromkeys(("loc", "scale", "mean", "std", "stddev"), _SCALED),
    "dtype": "write .astype(dtype) behind the call, or before it of the operand",
    "order": "leave it out: arrays in a graph have no order in memory",
    "left": "for x @ a = b, write solve(a.mT, b.mT).mT",
}


def check_call(function: Callable[..., Any], title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raises GraphError if these arguments don't fit the signature of the function."""
    signature = inspect.signature(function)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        parameters = [p for p in signature.parameters.values() if p.name != "self"]
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        unknown = next((name for name in kwargs if name not in signature.parameters), None)
        reason = f"{error}" if unknown is None else f"no argument is called {unknown!r}{_remedy(unknown, names)}"
        raise GraphError(f"{title}: {reason}. Its arguments are {title}({_shown(parameters)})") from None


def _remedy(unknown: str, names: list[str]) -> str:
    hinted = next((pair for pair in _HINTS if pair[0] == unknown and pair[1] in names), None)
    if hinted is not None:
        return f"; use {hinted[1]}={_HINTS[hinted]}"
    found = next((name for name in _OTHER_NAMES.get(unknown, ()) if name in names), None)
    if found is None and unknown in _FIRST and names:
        found = names[0]
    if found is None and unknown in _SECOND and len(names) > 1:
        found = names[1]
    if found is None and unknown in _WITHOUT:
        return f"; {_WITHOUT[unknown]}"
    if found is None:
        found = next(iter(difflib.get_close_matches(unknown, names, n=1)), None)
    return "" if found is None else f"; use {found}="


def _shown(parameters: list[Parameter]) -> str:
    """Parameters without their annotations."""
    shown: list[str] = []
    for parameter in parameters:
        kind = parameter.kind
        if kind is kind.KEYWORD_ONLY and "*" not in shown and not any(text.startswith("*") for text in shown):
            shown.append("*")
        stars = {kind.VAR_POSITIONAL: "*", kind.VAR_KEYWORD: "**"}.get(kind, "")
        default = "" if parameter.default is Parameter.empty else f"={parameter.default!r}"
        shown.append(f"{stars}{parameter.name}{default}")
    return ", ".join(shown)
