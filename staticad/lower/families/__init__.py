"""How each family of ops is lowered: one file a family, and the tables that say which class of ops has which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from staticad.late import later
from staticad.lower.families.creation import EmptyLowering, FullLowering, IotaLowering, PositionLowering, SizeLowering
from staticad.lower.families.elementwise import CopyLowering, ElementwiseLowering
from staticad.lower.families.source import SourceLowering
from staticad.lower.fusion.clusters import Copy
from staticad.lower.interface import Families, FamilyLowering
from staticad.ops.base import Elementwise, Op, Source
from staticad.ops.creation import Empty, Full, Iota, Position, SizeNumber

if TYPE_CHECKING:
    from staticad.lower.families import (
        assemble,
        barrier,
        contract,
        control,
        convolution,
        cumulative,
        custom,
        effects,
        fourier,
        frame,
        gather,
        library,
        movement,
        reduce,
        reshape,
        scatter,
        staging,
        user,
        windows,
    )
else:
    assemble, barrier = later("staticad.lower.families.assemble"), later("staticad.lower.families.barrier")
    contract, frame = later("staticad.lower.families.contract"), later("staticad.lower.families.frame")
    movement, reduce = later("staticad.lower.families.movement"), later("staticad.lower.families.reduce")
    reshape = later("staticad.lower.families.reshape")
    control, convolution = later("staticad.lower.families.control"), later("staticad.lower.families.convolution")
    cumulative, custom = later("staticad.lower.families.cumulative"), later("staticad.lower.families.custom")
    effects, fourier = later("staticad.lower.families.effects"), later("staticad.lower.families.fourier")
    gather, library = later("staticad.lower.families.gather"), later("staticad.lower.families.library")
    scatter, staging = later("staticad.lower.families.scatter"), later("staticad.lower.families.staging")
    user, windows = later("staticad.lower.families.user"), later("staticad.lower.families.windows")

TABLE: dict[type[Op], FamilyLowering] = {
    Source: SourceLowering(),
    Full: FullLowering(),
    Empty: EmptyLowering(),
    Iota: IotaLowering(),
    Position: PositionLowering(),
    SizeNumber: SizeLowering(),
    Elementwise: ElementwiseLowering(),
    Copy: CopyLowering(),
}
"""The lowering of the classes of ops that all programs have; a class that is in no table has that of the nearest class
above it."""

LATER: dict[str, Callable[[], FamilyLowering]] = {
    "staticad.ops.base.Reduce": lambda: reduce.ReduceLowering(),
    "staticad.ops.base.ArgReduce": lambda: reduce.ArgReduceLowering(),
    "staticad.lower.fusion.clusters.Partial": lambda: reduce.PartialLowering(),
    "staticad.ops.base.Movement": lambda: movement.MovementLowering(),
    "staticad.ops.base.Reshape": lambda: reshape.ReshapeLowering(),
    "staticad.ops.base.Assemble": lambda: assemble.AssembleLowering(),
    "staticad.ops.barrier.Barrier": lambda: barrier.BarrierLowering(),
    "staticad.ops.contract.Contract": lambda: contract.ContractLowering(),
    "staticad.lower.fusion.frames.Frame": lambda: frame.FrameLowering(),
    "staticad.ops.effects.After": lambda: effects.AfterLowering(),
    "staticad.ops.custom.Ruled": lambda: custom.RuledLowering(),
    "staticad.ops.effects.Print": lambda: effects.PrintLowering(),
    "staticad.ops.effects.Assert": lambda: effects.AssertLowering(),
    "staticad.ops.indexing.Gather": lambda: gather.GatherLowering(),
    "staticad.ops.indexing.Scatter": lambda: scatter.ScatterLowering(),
    "staticad.ops.convolution.Convolution": lambda: convolution.ConvolutionLowering(),
    "staticad.ops.windows.WindowExtreme": lambda: windows.WindowLowering(),
    "staticad.ops.fourier.Fourier": lambda: fourier.FourierLowering(),
    "staticad.ops.library.Library": lambda: library.LibraryLowering(),
    "staticad.ops.compiled.CustomRoutine": lambda: user.UserLowering(),
    "staticad.ops.cumulative.Scan": lambda: cumulative.ScanLowering(),
    "staticad.ops.control.Cond": lambda: control.CondLowering(),
    "staticad.ops.control.Loop": lambda: control.LoopLowering(),
    "staticad.lower.fusion.parts.Part": lambda: scatter.PartLowering(),
    "staticad.lower.fusion.staging.CheckedIndex": lambda: staging.CheckedIndexLowering(),
}
"""The same of the other classes, by their modules and names: neither they nor their families are imported by programs
that have no such ops."""

FAMILIES = Families(TABLE, LATER)
