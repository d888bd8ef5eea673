"""What the butterflies of Fourier transforms say instead of addresses, as linters and type checkers read it.

`staticad.codegen.fourier_butterflies` says what it stands for. Imported for type checkers only.
"""

from __future__ import annotations

from collections.abc import Callable

real: Callable[[int], float]
imag: Callable[[int], float]
put: Callable[[int, float, float], None]
