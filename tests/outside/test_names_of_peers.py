"""Each function of NumPy, SciPy, JAX and PyTorch that computes on arrays is there, or its name says what to write."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import staticad as sa
from staticad.numpy_elsewhere import WAYS

# Where users look for the functions of a module.
PEERS: dict[str, tuple[Any, ...]] = {
    "numpy": (sa,),
    "numpy.linalg": (sa.linalg,),
    "numpy.fft": (sa.fft,),
    "scipy.special": (sa.special,),
    "scipy.linalg": (sa.linalg,),
    "scipy.fft": (sa.fft,),
}
EXTRAS: dict[str, tuple[Any, ...]] = {
    "jax.numpy": (sa,),
    "jax.numpy.linalg": (sa.linalg,),
    "jax.nn": (sa.nn,),
    "jax.lax": (sa,),
    "jax.random": (sa.random,),
    "jax.scipy.special": (sa.special,),
    "jax.scipy.linalg": (sa.linalg,),
    "jax.scipy.signal": (sa,),
    "torch": (sa, sa.nn),
    "torch.special": (sa.special,),
    "torch.linalg": (sa.linalg,),
    "torch.fft": (sa.fft,),
    "torch.nn.functional": (sa.nn,),
}
# What is no function of arrays: settings, files, text, the inside of a library, and copies of views.
OTHERS = re.compile(
    r"""[A-Z]\w*|(get|set|is|import|has|find|init|register|skip|parse|unify|fork|q|sym|from)_\w+|\w+_(copy|resize|setup)
    |(cudnn|miopen|mkldnn|fbgemm|quantized|autocast|empty|batch_norm|conv|resize|format|show)_\w+|(seterr|geterr)\w*
    |setbufsize|getbufsize|printoptions|info|test|fork|wait|(base|binary)_repr|datetime_data|fromregex|isfortran|require
    |mintypecode|nested_iters|assert_int_or_pair|boolean_dispatch|handle_torch_function|padtype_to_pads|int_repr
    |reduce_window_shape_tuple|choose_qparams_optimized|clear_autocast_cache|fused_moving_avg_obs_fake_quant|hash_tensor
    |merge_type_from_type_comment|native_norm|slice_inverse|thread_safe_generator""",
    re.VERBOSE,
)


def missing(peer: str, places: tuple[Any, ...]) -> Iterator[str]:
    module = import_module(peer)
    for name in getattr(module, "__all__", dir(module)):
        value = getattr(module, name, None)
        if name[0] == "_" or not callable(value) or inspect.isclass(value) or OTHERS.fullmatch(name):
            continue
        if not any(_answered(place, name) for place in places) and f"np.{name}" not in WAYS:
            yield f"{peer}.{name}"


def _answered(place: Any, name: str) -> bool:
    try:
        getattr(place, name)
    except AttributeError as error:
        return "has no attribute" not in str(error)
    return True


@pytest.mark.parametrize("peer", PEERS)
def test_names_of_numpy_and_scipy(peer: str) -> None:
    assert not list(missing(peer, PEERS[peer]))


@pytest.mark.extras("jax", "torch")
def test_names_of_jax_and_torch() -> None:
    assert not [name for peer, places in EXTRAS.items() for name in missing(peer, places)]
