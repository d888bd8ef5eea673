"""What LLVM says of this CPU. It is kept on disk by what the system says of the CPU: LLVM takes long to import."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import sys
from typing import TYPE_CHECKING

import llvmlite

from staticad import config
from staticad.codegen.sealed import sealed, unsealed
from staticad.codegen.trusted_directory import opened
from staticad.late import later
from staticad.records import NamedTuple

if TYPE_CHECKING:
    import llvmlite.binding as llvm
else:
    llvm = later("llvmlite.binding")

_FILE = "/proc/cpuinfo"
_TELLING = {"vendor_id", "cpu family", "model", "model name", "stepping", "flags"}  # the rest changes
_LARGEST = 1 << 14


class Host(NamedTuple):
    """LLVM's names of architecture and system, of the CPU, and of what the CPU has and has not."""

    triple: str
    cpu: str
    features: str


@functools.cache
def this_host() -> Host:
    """This CPU and system."""
    settings = config.settings()
    system = _system() if settings.cache else None
    if system is None:
        return _asked()
    name = hashlib.sha256(f"host\n{system}".encode()).hexdigest()
    kept = _kept(settings, name)
    if kept is None:
        kept = _asked()
        try:
            directory = opened(settings.cache_dir / "kernels", create=True)
            directory.write(f"{name}.host", sealed(name, json.dumps(kept).encode()))
        except OSError as error:
            config.note(1, f"what LLVM says of this CPU is not kept: {error}")
    return kept


def _kept(settings: config.Settings, name: str) -> Host | None:
    try:
        payload = unsealed(name, opened(settings.cache_dir / "kernels", create=False).read(f"{name}.host", _LARGEST))
    except OSError:
        return None
    return None if payload is None else Host(*json.loads(payload))


def _asked() -> Host:
    return Host(str(llvm.get_process_triple()), str(llvm.get_host_cpu_name()), llvm.get_host_cpu_features().flatten())


def _system() -> str | None:
    """What the system says of an x86 CPU, and what else LLVM's answers depend on; None where it does not say it."""
    try:
        with open(_FILE, "rb", buffering=0) as file:
            lines = file.read(_LARGEST).partition(b"\n\n")[0].decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    pairs = [tuple(part.strip() for part in line.split(":", 1)) for line in lines if ":" in line]
    told = {name: value for name, value in pairs if name in _TELLING}
    if "flags" not in told:
        return None
    return json.dumps([told, llvmlite.__version__, platform.machine(), sys.platform, sys.maxsize])
