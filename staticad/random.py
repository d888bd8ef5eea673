"""Random numbers: `staticad.functional.random` under its public name, ``sa.random``."""

from __future__ import annotations

import typing as _typing

from staticad.functional.random import __all__ as __all__

if _typing.TYPE_CHECKING:
    from staticad.functional.random import *  # noqa: F403
else:
    from staticad.functional.random import __dir__ as __dir__
    from staticad.functional.random import __getattr__ as __getattr__
