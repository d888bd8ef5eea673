"""What a user does first, with nothing but the installed package: the code of the README, in an empty folder."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> None:
    readme = CHECKOUT / "README.md"
    text = readme.read_text("utf-8")
    blocks = list(FENCE.finditer(text))
    assert blocks, "the README has no code"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["STATICAD_CACHE_DIR"] = str(Path(folder) / "cache")  # as after the installation: empty
        import staticad

        home = Path(staticad.__file__).resolve().parent
        assert CHECKOUT / "staticad" != home, "that was the checkout, not what is installed"
        assert (home / "py.typed").is_file()
        namespace: dict[str, Any] = {"__name__": "readme"}
        for block in blocks:
            lines_before = "\n" * text.count("\n", 0, block.start(1))  # so that functions find their source
            exec(compile(lines_before + block[1], str(readme), "exec"), namespace)
        os.chdir("/")
    assert "numba" not in sys.modules, "machine code of the README is missing in the wheel: Numba had to make it"
    print(f"Python {sys.version.split()[0]}: {len(blocks)} blocks of the README run")


if __name__ == "__main__":
    main()
