"""The machine that kernels are compiled for: this CPU with all its features, as LLVM sees it."""

from __future__ import annotations

import functools

import llvmlite.binding as llvm


@functools.cache
def cpu() -> tuple[str, str, str]:
    """Triple, CPU name and CPU features of this machine, as LLVM spells them.

    LLVM uses half of each 512-bit register on all Intel CPUs, since the first ones that had them lowered their clock.
    Those with VBMI (Ice Lake and later) don't, so there the whole register is used.
    """
    features = llvm.get_host_cpu_features()
    wide = ",-prefer-256-bit" if features.get("avx512vbmi") else ""
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten() + wide


def create_target_machine() -> llvm.TargetMachine:
    """A new LLVM target machine for this CPU, for code that is loaded into this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple, name, features = cpu()
    x86 = triple.startswith(("x86", "i386", "i686"))
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=name,
        features=features,
        opt=3,
        reloc="static" if x86 else "default",
        codemodel="jitdefault",
        jit=True,
    )


@functools.cache
def target_machine() -> llvm.TargetMachine:
    """The target machine that compiles kernels; one for the process."""
    return create_target_machine()
