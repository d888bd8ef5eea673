"""Automatic differentiation on static graphs, compiled to fused machine code with symbolic sizes.

What this file imports is public: all of the modules of the front that say what is, and the names written out. Most of
it is imported when it is first used (`staticad.names`).
"""

from __future__ import annotations

import typing as _typing
from functools import partial as _partial
from math import e as e, inf as inf, nan as nan, pi as pi

from staticad import errors as errors
from staticad.errors import (
    AssertionFailed as AssertionFailed,
    CompileError as CompileError,
    ConfigError as ConfigError,
    DTypeError as DTypeError,
    FeedError as FeedError,
    GradientError as GradientError,
    GraphError as GraphError,
    IndexOutOfBounds as IndexOutOfBounds,
    LinAlgError as LinAlgError,
    LoadError as LoadError,
    NonFiniteError as NonFiniteError,
    OutOfMemory as OutOfMemory,
    ShapeError as ShapeError,
    StaticadError as StaticadError,
    VerifyError as VerifyError,
)
from staticad.functional.methods import attach as _attach
from staticad.functional.size_arithmetic import attach as _attach_to_sizes
from staticad.ir.dims import Dim as Dim
from staticad.ir.graph import Tensor as Tensor
from staticad.late import Attribute as _Attribute, value as _value
from staticad.names import places_of as _places_of, public as _public
from staticad.spellings import PACKAGE as _PACKAGE

if _typing.TYPE_CHECKING:
    from staticad import fft as fft, linalg as linalg, nn as nn, optim as optim, random as random, special as special
    from staticad.functional.autograph.convert import function as function
    from staticad.runtime.session import Session as Session, compile as compile
    from staticad.autodiff.check import gradcheck as gradcheck
    from staticad.autodiff.custom import (
        custom_gradient as custom_gradient,
        custom_jvp as custom_jvp,
        custom_vjp as custom_vjp,
    )
    from staticad.autodiff.derivatives import (
        hessian as hessian,
        hvp as hvp,
        jacobian as jacobian,
        stop_gradient as stop_gradient,
    )
    from staticad.autodiff.forward import jvp as jvp
    from staticad.autodiff.reverse import gradients as gradients
    from staticad.export.dot import to_dot as to_dot
    from staticad.export.networkx_graph import to_networkx as to_networkx
    from staticad.export.svg import to_svg as to_svg
    from staticad.functional import array_api as array_api
    from staticad.functional.angles import *
    from staticad.functional.bitwise import *
    from staticad.functional.closeness import *
    from staticad.functional.choosing import *
    from staticad.functional.comparison import *
    from staticad.functional.complex import *
    from staticad.functional.control import (
        cond as cond,
        fori_loop as fori_loop,
        scan as scan,
        switch as switch,
        while_loop as while_loop,
    )
    from staticad.functional.creation import *
    from staticad.functional.cumulative import *
    from staticad.functional.differences import *
    from staticad.functional.effects import assert_ as assert_, print_ as print_
    from staticad.functional.einsum import einsum as einsum
    from staticad.functional.elementwise import *
    from staticad.functional.float_parts import *
    from staticad.functional.filters import *
    from staticad.functional.histograms import *
    from staticad.functional.editing import *
    from staticad.functional.grids import *
    from staticad.functional.indexing import take as take, take_along_axis as take_along_axis
    from staticad.functional.interpolation import *
    from staticad.functional.joining import *
    from staticad.functional.linalg.powers import (
        cross as cross,
        matrix_transpose as matrix_transpose,
        matvec as matvec,
        vecdot as vecdot,
        vecmat as vecmat,
    )
    from staticad.functional.linalg.products import (
        diag as diag,
        diagonal as diagonal,
        dot as dot,
        inner as inner,
        matmul as matmul,
        outer as outer,
        tensordot as tensordot,
        trace as trace,
        tril as tril,
        triu as triu,
        vdot as vdot,
    )
    from staticad.functional.matrices import *
    from staticad.functional.mode import training as training
    from staticad.functional.movement import *
    from staticad.functional.nested import *
    from staticad.functional.polynomials import *
    from staticad.functional.powers import *
    from staticad.functional.nans import *
    from staticad.functional.quantiles import *
    from staticad.functional.reductions import *
    from staticad.functional.sets import *
    from staticad.functional.sorting import *
    from staticad.functional.padding import *
    from staticad.functional.ravelling import *
    from staticad.functional.repeating import *
    from staticad.functional.segments import *
    from staticad.functional.special.bessel import i0 as i0
    from staticad.functional.special.softmaxes import (
        log_softmax as log_softmax,
        logsumexp as logsumexp,
        one_hot as one_hot,
        softmax as softmax,
    )
    from staticad.functional.statistics import *
    from staticad.functional.splitting import *
    from staticad.functional.updates import put as put, put_along_axis as put_along_axis
    from staticad.functional.windows import *
    from staticad.ir.graph import no_grad as no_grad
    from staticad.ir.name_scopes import name_scope as name_scope
    from staticad.nn.classification import cross_entropy as cross_entropy
    from staticad.nn.losses import mse as mse
    from staticad.ops.sources import constant as constant, placeholder as placeholder
    from staticad.reference import evaluate as evaluate
    from staticad.runtime.custom_op import custom_op as custom_op
    from staticad.runtime.variables import Variable as Variable, variable as variable
    from staticad.saving.checkpoint import Checkpoint as Checkpoint, load as load, save as save

newaxis = None

_attach(Tensor)
_attach_to_sizes()
_drawn = _Attribute(Tensor, "_repr_svg_", _partial(_value, "staticad.export.notebook", "drawn"))
setattr(Tensor, "_repr_svg_", _drawn)  # noqa: B010 - type checkers know no such attribute

if not _typing.TYPE_CHECKING:  # a checker takes no computed list
    _IMPORTED = [n for n, v in globals().items() if n in errors.__all__ or v in (Dim, Tensor, errors)]
    __all__ = [*_IMPORTED, "e", "inf", "nan", "newaxis", "pi", *_places_of(__name__)]
    __getattr__, __dir__ = _public(globals(), _PACKAGE)
