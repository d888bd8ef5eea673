"""Fourier transforms: sizes cut and filled, axes, norms, no elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.table import Case, Table, uniform

X = uniform(-1, 2, 3, 4)
SIZES: tuple[dict[str, Any], ...] = (
    {},
    {"n": 6},
    {"n": 2, "axis": 0, "norm": "ortho"},
    {"n": 5, "axis": -1, "norm": "forward"},
)
SEVERAL: tuple[dict[str, Any], ...] = (
    {},
    {"s": (5, 3), "axes": (-2, -1)},
    {"axes": (1, 0), "norm": "ortho"},
    {"axes": (0, 1), "norm": "forward"},
)
CUBE = uniform(-1, 2, 2, 3, 4)


def of(name: str, kinds: str, options: tuple[dict[str, Any], ...], array: np.ndarray = X) -> Case:
    return Case(lambda m, x: [getattr(m.fft, name)(x, **given) for given in options], (array,), kinds)


COSINES: tuple[dict[str, Any], ...] = ({}, {"axis": 0, "norm": "ortho"}, {"n": 3}, {"type": 2, "n": 6, "axis": -1})
TABLE: Table = {
    **{f"fft.{name}": of(name, "fc", SIZES) for name in ("fft", "ifft", "irfft", "hfft")},
    **{f"fft.{name}": of(name, "f", SIZES) for name in ("rfft", "ihfft")},
    **{f"fft.{name}": of(name, "fc", SEVERAL) for name in ("fft2", "ifft2", "irfft2")},
    "fft.rfft2": of("rfft2", "f", SEVERAL),
    **{
        f"fft.{name}": of(name, "fc", (*SEVERAL[1:], {}, {"axes": (-1,)}), CUBE) for name in ("fftn", "ifftn", "irfftn")
    },
    "fft.rfftn": of("rfftn", "f", (*SEVERAL[1:], {}), CUBE),
    **{f"fft.{name}": of(name, "fc", ({}, {"axes": -1}, {"axes": (0,)})) for name in ("fftshift", "ifftshift")},
    "fft.fftfreq, fft.rfftfreq": Case(
        lambda m, x: [m.fft.fftfreq(5), m.fft.fftfreq(4, 0.1), m.fft.rfftfreq(5), m.fft.rfftfreq(4, 0.1)],
        (X,),
        orders=0,
    ),
    **{f"fft.{name}": of(name, "f", COSINES) for name in ("dct", "idct")},
    **{
        f"fft.{name}": of(name, "f", ({}, {"axes": (0,), "norm": "ortho"}, {"s": (3, 5), "axes": (0, 1)}))
        for name in ("dctn", "idctn")
    },
}
