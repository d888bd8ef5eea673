"""The ops, one file a family, each op declared once. ALL_OPS lists them."""

from __future__ import annotations

from staticad.ops.base import Op
from staticad.ops.creation import CREATION_OPS
from staticad.ops.elementwise import ELEMENTWISE_OPS
from staticad.ops.sources import CONSTANT, PLACEHOLDER, VARIABLE

SOURCE_OPS = (PLACEHOLDER, VARIABLE, CONSTANT)

ALL_OPS: tuple[Op, ...] = (*SOURCE_OPS, *CREATION_OPS, *ELEMENTWISE_OPS)
