"""Special functions: `staticad.functional.special` under its public name, ``sa.special``."""

from __future__ import annotations

import typing as _typing

from staticad.functional.special import __all__ as __all__

if _typing.TYPE_CHECKING:
    from staticad.functional.special import *  # noqa: F403
else:
    from staticad.functional.special import __dir__ as __dir__
    from staticad.functional.special import __getattr__ as __getattr__
