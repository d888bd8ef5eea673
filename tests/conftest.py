"""Fixtures and settings shared by all tests: a seeded generator, a kernel cache of their own, repeatable Hypothesis."""

from __future__ import annotations

import gc
import importlib.util
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("staticad", derandomize=True, deadline=None, database=None, print_blob=True)
settings.load_profile("staticad")


def pytest_configure(config: pytest.Config) -> None:
    """Point the kernel cache into the checkout before any test module imports staticad: a second run is warm,
    and the user's own cache stays out of it. Where the checkout is not trusted with code, it is elsewhere.

    Where no bytecode is to lie beside the sources, it lies with the kernels. Without any, each process of a run spends
    fifteen seconds on the assertions of all tests, and each fresh interpreter reads the package from its sources."""
    # As a script, since the package reads its settings when it is imported.
    opened = runpy.run_path(str(config.rootpath / "staticad" / "codegen" / "trusted_directory.py"))["opened"]
    if "STATICAD_CACHE_DIR" not in os.environ:
        directory = config.rootpath / ".pytest_cache" / "staticad"
        try:
            opened(directory / "kernels", create=True)
        except OSError:  # a checkout of another user, or one that others may write to
            directory = Path(tempfile.gettempdir()) / f"staticad-tests-{os.getuid()}"
        os.environ["STATICAD_CACHE_DIR"] = str(directory)
    if sys.dont_write_bytecode and sys.pycache_prefix is None:
        bytecode = Path(os.environ["STATICAD_CACHE_DIR"]).absolute() / "bytecode"
        with suppress(OSError):  # nobody else may write there
            opened(bytecode, create=True)
            sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(bytecode)
            sys.dont_write_bytecode = False
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a shell; some tests interrupt
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process per core for all tests; none where some were asked for, so that these start at once."""
    return 0 if config.args_source is pytest.Config.ArgsSource.ARGS else os.cpu_count() or 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Twelve thousand tests are made, and none of them is garbage: the collector took a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests marked `extras("torch", ...)` when one of the packages they name is not installed."""

    def wanted(item: pytest.Item) -> bool:
        marks = item.iter_markers("extras")
        return all(importlib.util.find_spec(module) is not None for mark in marks for module in mark.args)

    left_out = [item for item in items if not wanted(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if wanted(item)]


@pytest.fixture(autouse=True)
def _made_anew(request: pytest.FixtureRequest) -> Iterator[None]:
    """Who replaces parts of the package gets no program that was compiled with the parts themselves."""
    from staticad import config  # not before the cache is set

    with config.override(programs=False) if "monkeypatch" in request.fixturenames else nullcontext():
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with the same seed in every test."""
    return np.random.default_rng(0)
