"""Files are replaced as a whole: by processes that are killed, writers that fail, and several at once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from staticad.saving.atomic import replace_file

KILLED = """
import os, random, signal, sys, time
import numpy as np
import staticad as sa

path, folder = sys.argv[1], sys.argv[2]
numbers = random.Random(0)
v, w = sa.variable(np.zeros(20_000), name="v"), sa.variable(np.zeros((), "int64"), name="w")
sa.save(path, [v, w])
last, left = 0.0, 0
for turn in range(100):
    child = os.fork()
    if child == 0:
        while True:
            last += 1
            v.assign(np.full(20_000, last)), w.assign(int(last))
            sa.save(path, [v, w])
    seen, begin = os.stat(path).st_ino, time.monotonic()
    while os.stat(path).st_ino == seen:  # until it has saved once
        time.sleep(0.0005)
        assert time.monotonic() < begin + 60
    time.sleep(numbers.uniform(0, 2) * (time.monotonic() - begin))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = sa.load(path)
    assert (found["v"] == found["v"][0]).all() and found["w"] == found["v"][0], turn
    assert found["w"] > last, turn
    last = float(found["w"])
    left += len(os.listdir(folder)) > 1
assert left  # some were in the middle
sa.save(path, [v, w])
print(sorted(os.listdir(folder)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes to kill")
def test_a_process_that_is_killed_while_it_saves_leaves_a_whole_file(tmp_path: Path) -> None:
    """A hundred times: the values in the file belong together, and are never older than those seen before. What the
    dead have left behind is gone after the next save."""
    memory = Path("/dev/shm")  # where the test waits for no disk: files outlive processes there, too
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        arguments = [sys.executable, "-c", KILLED, f"{folder}/model.safetensors", folder]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("['model.safetensors']", 0), done.stderr


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(str(path), lambda file: file.write(b"old"))

    def fails(file: BinaryIO) -> None:
        file.write(b"new")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(str(path), fails)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError):  # a directory is no file to replace
        replace_file(str(tmp_path), lambda file: file.write(b"new"))
    with pytest.raises(FileNotFoundError):
        replace_file(str(tmp_path / "nowhere" / "file"), lambda file: file.write(b"new"))


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (events.append("sync"), sync(number)))
    monkeypatch.setattr(os, "replace", lambda a, b: (events.append("rename"), replace(a, b)))
    replace_file(str(tmp_path / "file"), lambda file: file.write(b"new"))
    assert events == ["sync", "rename", "sync"]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    replace_file(str(link), lambda file: file.write(b"new"))
    assert link.is_symlink() and path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        replace_file(str(tmp_path / "other"), lambda file: file.write(b"new"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "other").stat().st_mode) == 0o640


def test_several_writers_at_once(tmp_path: Path) -> None:
    """Each file is whole, and nobody takes the file of one that is alive for left behind."""
    path = tmp_path / "file"

    def write(number: int) -> None:
        for _ in range(20):
            replace_file(str(path), lambda file: file.write(bytes([number]) * 10_000))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = path.read_bytes()
    assert len(content) == 10_000 and len(set(content)) == 1
    replace_file(str(path), lambda file: file.write(b"last"))
    assert list(tmp_path.iterdir()) == [path]
