"""Builds the package with its machine code (see `staticad.codegen.prebuilt`); all else is in pyproject.toml."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

NEEDED = ("numpy", "numba", "scipy", "networkx")


class BuildWithMachineCode(build_py):
    """The modules, and then what they make: into the wheel, or beside the sources of an editable installation."""

    def run(self) -> None:
        super().run()
        missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            print(f"staticad: no prebuilt code without {', '.join(missing)}; it is compiled when it is first needed")
            return
        root = Path(__file__).parent if self.editable_mode else Path(self.build_lib).absolute()
        command = [sys.executable, "-m", "staticad.runtime.prebuild", str(root / "staticad" / "prebuilt")]
        path = os.pathsep.join([str(root), *filter(None, sys.path)])  # of an isolated build, too
        subprocess.run(command, check=True, cwd=root, env={**os.environ, "PYTHONPATH": path})


class WithMachineCode(Distribution):
    """Says that a wheel is for one architecture."""

    def has_ext_modules(self) -> bool:
        return True


class WheelOfAllPythons(bdist_wheel):
    """The machine code is the same for all: it gets the addresses of Python's functions when it starts, and what it
    reads of Python's objects is a part of the text that it is found by."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(
    cmdclass={"build_py": BuildWithMachineCode, "bdist_wheel": WheelOfAllPythons},
    distclass=WithMachineCode,
)
