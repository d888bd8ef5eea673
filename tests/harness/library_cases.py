"""The families of the operator library that have a file of their own, `tests/harness/cases_….py`: one line each."""

from __future__ import annotations

from tests.harness import (
    cases_complex,
    cases_convolution,
    cases_custom,
    cases_elementwise,
    cases_fft,
    cases_linalg,
    cases_movement,
    cases_nn,
    cases_random,
    cases_reductions,
    cases_sorting,
    cases_special,
)
from tests.harness.family_cases import FamilyCases

FAMILIES: tuple[FamilyCases, ...] = (
    cases_complex.FAMILY,
    cases_convolution.FAMILY,
    cases_custom.FAMILY,
    cases_elementwise.FAMILY,
    cases_fft.FAMILY,
    cases_linalg.FAMILY,
    cases_movement.FAMILY,
    cases_nn.FAMILY,
    cases_random.FAMILY,
    cases_reductions.FAMILY,
    cases_sorting.FAMILY,
    cases_special.FAMILY,
)
