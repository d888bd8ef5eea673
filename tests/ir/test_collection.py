"""The collector rests while a graph is compiled, and is as the user had it afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import staticad as sa
from staticad.collection import no_collection


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if enabled else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False])
def test_it_is_as_the_user_had_it(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    with no_collection():
        assert not gc.isenabled()
        with no_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled() == enabled
    with pytest.raises(ZeroDivisionError), no_collection():
        raise ZeroDivisionError
    assert gc.isenabled() == enabled


def test_what_the_user_has_frozen_stays_frozen() -> None:
    gc.enable()
    with no_collection():
        pass
    assert gc.get_freeze_count() == 0
    gc.freeze()
    frozen = gc.get_freeze_count()
    with no_collection():
        pass
    assert gc.get_freeze_count() == frozen > 0


def test_compile_does_not_collect() -> None:
    gc.enable()
    seen: list[str] = []

    def note(phase: str, _: dict[str, int]) -> None:
        seen.append(phase)

    x = sa.placeholder((None,))
    y = x
    for _ in range(100):
        y = sa.tanh(y) * x
    old = gc.get_threshold()
    gc.callbacks.append(note)
    try:
        gc.set_threshold(1000)  # thousands of objects are made here
        seen.clear()
        sa.compile([y], [x])
    finally:
        gc.set_threshold(*old)
        gc.callbacks.remove(note)
    assert len(seen) <= 2 and gc.isenabled()  # one when all is done
