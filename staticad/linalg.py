"""Linear algebra: `staticad.functional.linalg` under its public name, ``sa.linalg``."""

from __future__ import annotations

import typing as _typing

from staticad.functional.linalg import __all__ as __all__

if _typing.TYPE_CHECKING:
    from staticad.functional.linalg import *  # noqa: F403
else:
    from staticad.functional.linalg import __dir__ as __dir__
    from staticad.functional.linalg import __getattr__ as __getattr__
