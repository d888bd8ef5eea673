"""Every file is opened with an encoding, whatever the user's locale is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PROGRAM = """
import numpy as np
import staticad as sa

@sa.function
def halved(x):
    while x > 1:
        x = x / 2
    return x

x = sa.placeholder((), name="x")
y = x * sa.variable(2.0)
session = sa.compile(y, [x])
assert session(3.0) == 6
session.profile({x: 3.0}, 1)
session.check({x: 3.0})
text = "".join([session.source(), *map(session.to_dot, ("graph", "optimized", "kernels")), sa.to_dot(halved(y))])
assert "while" in text
try:
    sa.to_svg(y), sa.to_networkx(y)
except sa.errors.MissingPackage:
    pass
"""


def test_no_file_is_opened_without_an_encoding(tmp_path: Path) -> None:
    """With an empty cache, so that compiling is tried as well."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-W", "error", str(program)],
        cwd=ROOT,
        env=os.environ | {"STATICAD_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
