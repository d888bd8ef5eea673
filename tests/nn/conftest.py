"""Layers, activations and losses of float32 compute with float32: the warning that they do not is an error here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

from staticad.errors import Float64Warning


@pytest.fixture(autouse=True)
def _no_silent_float64() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Float64Warning)
        yield
