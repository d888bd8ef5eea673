"""How each family of ops is lowered: one file a family, and the table that says which class of ops has which."""

from __future__ import annotations

from staticad.lower.families.assemble import AssembleLowering
from staticad.lower.families.barrier import BarrierLowering
from staticad.lower.families.contract import ContractLowering
from staticad.lower.families.control import CondLowering, LoopLowering
from staticad.lower.families.convolution import ConvolutionLowering
from staticad.lower.families.creation import EmptyLowering, FullLowering, IotaLowering, PositionLowering, SizeLowering
from staticad.lower.families.cumulative import ScanLowering
from staticad.lower.families.custom import RuledLowering
from staticad.lower.families.effects import AfterLowering, AssertLowering, PrintLowering
from staticad.lower.families.elementwise import CopyLowering, ElementwiseLowering
from staticad.lower.families.fourier import FourierLowering
from staticad.lower.families.frame import FrameLowering
from staticad.lower.families.gather import GatherLowering
from staticad.lower.families.library import LibraryLowering
from staticad.lower.families.movement import MovementLowering
from staticad.lower.families.reduce import ArgReduceLowering, PartialLowering, ReduceLowering
from staticad.lower.families.reshape import ReshapeLowering
from staticad.lower.families.scatter import PartLowering, ScatterLowering
from staticad.lower.families.source import SourceLowering
from staticad.lower.families.staging import CheckedIndexLowering
from staticad.lower.families.user import UserLowering
from staticad.lower.families.windows import WindowLowering
from staticad.lower.fusion.clusters import Copy, Partial
from staticad.lower.fusion.frames import Frame
from staticad.lower.fusion.parts import Part
from staticad.lower.fusion.staging import CheckedIndex
from staticad.lower.interface import Families, FamilyLowering
from staticad.ops.base import (
    ArgReduce,
    Assemble,
    Barrier,
    Elementwise,
    Movement,
    Op,
    Reduce,
    Reshape,
    Source,
)
from staticad.ops.compiled import CustomRoutine
from staticad.ops.contract import Contract
from staticad.ops.control import Cond, Loop
from staticad.ops.convolution import Convolution
from staticad.ops.creation import Empty, Full, Iota, Position, SizeNumber
from staticad.ops.cumulative import Scan
from staticad.ops.custom import Ruled
from staticad.ops.effects import After, Assert, Print
from staticad.ops.fourier import Fourier
from staticad.ops.indexing import Gather, Scatter
from staticad.ops.library import Library
from staticad.ops.windows import WindowExtreme

TABLE: dict[type[Op], FamilyLowering] = {
    Source: SourceLowering(),
    Full: FullLowering(),
    Empty: EmptyLowering(),
    Iota: IotaLowering(),
    Position: PositionLowering(),
    SizeNumber: SizeLowering(),
    Elementwise: ElementwiseLowering(),
    Copy: CopyLowering(),
    Reduce: ReduceLowering(),
    ArgReduce: ArgReduceLowering(),
    Movement: MovementLowering(),
    Reshape: ReshapeLowering(),
    Barrier: BarrierLowering(),
    After: AfterLowering(),
    Ruled: RuledLowering(),
    Print: PrintLowering(),
    Assert: AssertLowering(),
    Assemble: AssembleLowering(),
    Gather: GatherLowering(),
    Scatter: ScatterLowering(),
    Contract: ContractLowering(),
    Convolution: ConvolutionLowering(),
    WindowExtreme: WindowLowering(),
    Fourier: FourierLowering(),
    Library: LibraryLowering(),
    CustomRoutine: UserLowering(),
    Scan: ScanLowering(),
    Cond: CondLowering(),
    Loop: LoopLowering(),
    Partial: PartialLowering(),
    Frame: FrameLowering(),
    Part: PartLowering(),
    CheckedIndex: CheckedIndexLowering(),
}
"""The lowering of every class of ops; a class that is not listed has that of the nearest class above it."""

FAMILIES = Families(TABLE)
