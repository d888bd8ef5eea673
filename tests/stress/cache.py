"""One cache that eight processes fill, damage, sweep and delete while some are killed: nobody gets a wrong kernel."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np

from staticad import config
from staticad.codegen import cache_sweep, object_cache
from tests.stress.program import Case, Finding

PROCESSES = 8
PAGE = 4096
LIMIT = 64 * PAGE


def prepare(short: bool) -> Case:
    """Nothing is compiled: the cache does not look into what it keeps."""
    uses = 20 if short else 100

    def case(numbers: np.random.Generator) -> int:
        seeds = numbers.integers(1 << 30, size=PROCESSES).tolist()
        killed = numbers.random(PROCESSES) < 0.4
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder, "cache")
            with config.override(cache_dir=directory, cache=True, cache_limit=LIMIT):
                children = [start(Path(folder, f"finding{i}"), seed, uses) for i, seed in enumerate(seeds)]
                time.sleep(numbers.uniform(0, 0.0005 * uses))
                for child, kill in zip(children, killed):
                    if kill:
                        os.kill(child, signal.SIGKILL)
                statuses = [os.waitpid(child, 0)[1] for child in children]
                for path in Path(folder).glob("finding*"):
                    raise Finding(path.read_text("utf-8"))
                bad = [status for status, kill in zip(statuses, killed) if status != 0 and not kill]
                if bad:
                    raise Finding(f"processes ended with {bad}")
                return PROCESSES * uses + check_the_rest(directory / "kernels")

    return case


def start(finding: Path, seed: int, uses: int) -> int:
    """A process that uses the cache so many times and writes what is wrong to a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which staticad stands
        child = os.fork()
    if child:
        return child
    status = 1
    try:
        sys.stderr = None  # that a directory has gone is told there
        use(random.Random(seed), uses)
        status = 0
    except BaseException:
        finding.write_text(traceback.format_exc(), "utf-8")
    finally:
        os._exit(status)


def payload(number: int) -> bytes:
    return f"{number},".encode() * (number * 37 % 2500)


def use(choose: random.Random, uses: int) -> None:
    directory = config.settings().cache_dir / "kernels"
    for _ in range(uses):
        number = min(choose.randrange(100), choose.randrange(100))
        found = object_cache.load(str(number))
        if found is None:
            object_cache.store(str(number), payload(number))
        elif found != payload(number):
            raise Finding(f"entry {number} has {len(found)} bytes that are not its own: {found[:50]!r}")
        if choose.random() < 0.1:
            with suppress(OSError, IndexError):  # another process was faster, or there is nothing
                damage(choose, directory)


def damage(choose: random.Random, directory: Path) -> None:
    """What may happen to files and directories, by mistake or bad luck."""
    paths = [path for path in sorted(directory.iterdir()) if path.is_file() and not path.is_symlink()]
    path = choose.choice(paths)
    match choose.randrange(12):
        case 0:
            shutil.rmtree(directory, ignore_errors=True)
        case 1:
            directory.rename(directory.parent / f"away{choose.random()}")
        case 2 | 3:
            path.unlink()
            os.mkfifo(path)
        case 4 | 5:
            path.unlink()
            path.symlink_to(choose.choice(["/dev/zero", "nowhere", str(choose.choice(paths))]))
        case 6:
            descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            os.ftruncate(descriptor, choose.choice([0, 10, 100, 1 << 40]))
            os.close(descriptor)
        case 7:
            os.link(path, directory / f"{choose.random()}")
        case 8:
            os.replace(path, choose.choice(paths))
        case 9:
            (directory / ".new").write_bytes(choose.randbytes(1000))
            os.replace(directory / ".new", path)
        case 10:
            path.unlink()
            path.mkdir()
        case _:
            os.utime(path, (0, choose.choice([0, 1 << 33])), follow_symlinks=False)


def check_the_rest(directory: Path) -> int:
    """After all that a new sweep leaves a sound cache."""
    numbers = range(100)
    for number in numbers:
        if object_cache.load(str(number)) not in (None, payload(number)):
            raise Finding(f"entry {number} is wrong in the end")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    (directory / ".killed.tmp").write_bytes(b"")
    for path in directory.iterdir():
        if path.suffix == ".tmp" and path.is_file():
            os.utime(path, (0, 0))
        elif path.is_dir() and not path.is_symlink():
            path.rmdir()
    (directory / cache_sweep.STAMP).unlink(missing_ok=True)
    for number in numbers:
        object_cache.store(str(number), payload(number))
        if object_cache.load(str(number)) != payload(number):
            raise Finding(f"entry {number} cannot be stored")
    left = [path.name for path in directory.glob(".*.tmp") if path.is_file() and not path.is_symlink()]
    size = sum(-(-path.stat().st_size // PAGE) * PAGE for path in directory.glob("*.o") if path.is_file())
    if left or not LIMIT // 2 < size <= LIMIT:
        raise Finding(f"the sweep left {left} and {size} bytes", "sweep")
    return 2 * len(numbers)
