"""Arrays that take long to compute, and say what is true whatever the package does: they lie beside the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import numpy as np

from staticad.codegen import object_cache


def kept(made_of: Sequence[bytes], compute: Callable[[], np.ndarray]) -> np.ndarray:
    """The float64 array that ``compute`` gives, which depends on nothing but what it is ``made_of``."""
    digest = sha256()
    for part in made_of:
        digest.update(b"%d\n" % len(part))
        digest.update(part)
    name = f"truth {digest.hexdigest()}"
    found = object_cache.load(name)
    if found is None:
        found = compute().astype(float).tobytes()
        object_cache.store(name, found)
    return np.frombuffer(found)
