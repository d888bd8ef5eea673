"""What the routines of images write, convolutions and places in windows, by the reference of their ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from staticad.lower.families.convolution import WEIGHT_PARTS
from staticad.ops.convolution import CONVOLUTION, CONVOLUTION_IMAGE, CONVOLUTION_WEIGHT, Way
from staticad.ops.windows import WINDOW_ARGMAX


def _axes(slots: Mapping[str, Any], letter: str) -> tuple[int, ...]:
    """All three axes; images of fewer have axes of size 1."""
    return tuple(slots[letter + axis] for axis in "DHW")


def placed(
    slots: Mapping[str, Any], channels: int, read: Callable[[Any, tuple[int, ...]], np.ndarray]
) -> tuple[str, np.ndarray]:
    """The same for the places of the largest elements in windows."""
    names = {"kernel": "K", "strides": "S", "pads": "P", "dilations": "E", "places": "O"}
    image = read(slots["IN0"], (1, channels, *_axes(slots, "")))
    return "OUT0", WINDOW_ARGMAX.numpy(image, **{name: _axes(slots, letter) for name, letter in names.items()})


def convolved(slots: Mapping[str, Any], read: Callable[[Any, tuple[int, ...]], np.ndarray]) -> tuple[str, np.ndarray]:
    """The name of the slot that is written, and its numbers."""

    def axes(letter: str) -> tuple[int, ...]:
        return _axes(slots, letter)

    images, groups, channels = slots["N"], slots["GROUPS"], slots["CHANNELS"]
    filters = groups * slots["FILTERS"]
    shapes = {
        "IMAGE": (images, groups * channels, *axes("")),
        "WEIGHT": (filters, channels, *axes("K")),
        "RESULT": (images, filters, *axes("O")),
    }
    strides, dilations = axes("S"), axes("E")
    sizes = zip(axes(""), axes("K"), axes("O"), axes("P"), strides, dilations, strict=True)
    pads = tuple((p, max(0, o - 1) * s + (k - 1) * e + 1 - n - p) for n, k, o, p, s, e in sizes)
    window = {"strides": strides, "pads": pads, "dilations": dilations, "groups": groups}
    image, weight, result = (lambda name=name: read(slots[name], shapes[name]) for name in shapes)
    way = Way(slots["WAY"])
    if way == Way.RESULT:
        made = CONVOLUTION.numpy(image(), weight(), **window)
        return "RESULT", made if all(axes("O")) else np.zeros(shapes["RESULT"], made.dtype)
    if way == Way.IMAGE:
        return "IMAGE", CONVOLUTION_IMAGE.numpy(result(), weight(), **window, sizes=axes(""))
    op, runs = (WEIGHT_PARTS, {"parts": slots["RUNS"]}) if slots["RUNS"] != 1 else (CONVOLUTION_WEIGHT, {})
    return "WEIGHT", op.numpy(image(), result(), **window, sizes=axes("K"), **runs)
