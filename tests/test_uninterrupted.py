"""Handlers of signals raise while the main thread waits, never in what it waits for."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from staticad import late
from staticad import uninterrupted as module
from staticad.uninterrupted import uninterrupted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGUSR1")


class Alarm(Exception):
    pass


@pytest.fixture
def alarms() -> Iterator[None]:
    def handler(number: int, frame: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGUSR1, handler)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where modules lie that a test makes."""
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - before:
        del sys.modules[name]


def wait_for(name: str) -> object:
    """What `late` gives for a module, from another thread that has half a minute."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(late.value(name, ".")), daemon=True)
    thread.start()
    thread.join(30)
    assert found
    return found[0]


def test_an_interrupted_import_comes_to_its_end(alarms: None, folder: Path) -> None:
    """The signal comes while a class is named, which made another exception of it, and between an import's locks."""
    folder.joinpath("interrupted_one.py").write_text(
        "import signal, time\n"
        "class Name:\n"
        "    def __set_name__(self, owner, name):\n"
        "        signal.raise_signal(signal.SIGUSR1)\n"
        "        for _ in range(100):\n"
        "            time.sleep(0.001)\n"
        "class Names:\n"
        "    first = Name()\n"
        "import interrupted_two\n"
    )
    folder.joinpath("interrupted_two.py").write_text("")
    with pytest.raises(Alarm):
        late.value("interrupted_one", "Names")
    whole = wait_for("interrupted_one")
    assert whole is late.value("interrupted_one", ".")
    assert whole.interrupted_two  # type: ignore[attr-defined]


def test_what_is_called_is_answered() -> None:
    thread = uninterrupted(threading.get_ident)
    assert thread != threading.get_ident()
    with np.errstate(divide="raise"):
        assert uninterrupted(np.geterr)["divide"] == "raise"

    def fail() -> None:
        raise KeyError("its own")

    for _ in range(2):
        with pytest.raises(KeyError, match="its own"):
            uninterrupted(fail)


def test_other_threads_make_the_call_themselves() -> None:
    """Handlers do not run there."""
    same: list[bool] = []
    thread = threading.Thread(target=lambda: same.append(uninterrupted(threading.get_ident) == threading.get_ident()))
    thread.start()
    thread.join()
    assert same == [True]


def test_a_module_that_is_being_imported_may_be_needed(folder: Path) -> None:
    """Two threads would wait for each other."""
    folder.joinpath("needed_first.py").write_text(
        "START = 1\nfrom staticad import late\nVALUE = late.value('needed_second', 'VALUE')\n"
    )
    folder.joinpath("needed_second.py").write_text("from needed_first import START\nVALUE = START + 1\n")
    __import__("needed_first")
    assert sys.modules["needed_first"].VALUE == 2


def test_without_threads_the_call_is_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.stack_size(1 << 46)  # more than there are addresses
    try:
        assert uninterrupted(threading.get_ident) == threading.get_ident()
    finally:
        threading.stack_size(before)

    def interrupted(function: object, arguments: object) -> None:
        raise RuntimeError("of a handler")

    monkeypatch.setattr(module, "start_new_thread", interrupted)
    with pytest.raises(RuntimeError, match="of a handler"):
        uninterrupted(threading.get_ident)
