"""What loops of unknown length record: how its memory grows, its limit, and what is left of a run that reaches it."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.runtime import tapes
from staticad.runtime.layout import RecordBlock, Tape

X = sa.placeholder((None,), name="x")
STOP = sa.placeholder((), name="stop")


def recording() -> sa.Session:
    """The gradient of a loop that makes stop - x[0] steps, and a variable that counts the runs."""
    y = sa.while_loop(lambda s: s[0] < STOP, lambda s: s + 1.0 + 0.0 * sa.sin(s * s), X)
    return sa.compile([y, *sa.gradients(y.sum(), [X])], [X, STOP], updates={RUNS: RUNS + 1})


RUNS = sa.variable(0, name="runs")


def kept_records(session: sa.Session) -> tapes.Records:
    """Where its loops record."""
    assert session._records is not None
    return session._records


def numbers(error: Exception) -> tuple[int, int]:
    """The bytes and the steps that an error names."""
    held, steps = (int(text.replace(",", "")) for text in re.findall(r"([\d,]+) (?:bytes|steps)", str(error))[:2])
    return held, steps


def test_a_run_that_records_too_much_is_an_error_and_changes_nothing() -> None:
    with config.override(tape_limit=1_000_000):
        session = recording()
        session(np.zeros(2), 10.0)
        before = RUNS.value
        for _ in range(3):
            with pytest.raises(sa.OutOfMemory, match='checkpoint="sqrt".*STATICAD_TAPE_LIMIT') as caught:
                session(np.zeros(2), np.inf)
            assert isinstance(caught.value, MemoryError) and f"{__file__}:" in str(caught.value)
            held, steps = numbers(caught.value)
            assert 500_000 < held <= 1_000_000 and 1_000 < steps < 1_000_000 // 16
            np.testing.assert_array_equal(RUNS.value, before)
        (y, slope) = session(np.zeros(2), 100.0)
        np.testing.assert_array_equal(y, [100.0, 100.0])
        np.testing.assert_array_equal(slope, [1.0, 1.0])
        assert RUNS.value == before + 1


def test_the_memory_of_a_failed_run_is_given_back() -> None:
    with config.override(tape_limit=1_000_000):
        session = recording()
        session(np.zeros(3), 500.0)
        records = kept_records(session)
        kept = records.kept
        assert 500 * 24 <= kept < 1_000_000  # kept for the next run
        session(np.zeros(3), 500.0)
        assert records.kept == kept
        with pytest.raises(sa.OutOfMemory):
            session(np.zeros(3), np.inf)
        assert records.kept == 0
        assert not any(block[: RecordBlock.USED].any() for block in records._blocks)


def test_almost_the_whole_limit_is_used() -> None:
    """A record doubles; where the limit leaves no room for that, it takes what is left."""
    session = recording()
    with config.override(tape_limit=400_000), pytest.raises(sa.OutOfMemory) as caught:
        session(np.zeros(1), np.inf)
    held, steps = numbers(caught.value)
    assert 350_000 < held <= 400_000
    session(np.zeros(1), float(steps - 1))
    assert 200_000 < kept_records(session).kept <= 400_000


def test_without_a_setting_the_available_memory_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.settings().tape_limit is None
    monkeypatch.setattr(tapes, "available_memory", lambda: 1_000_000)
    (records := tapes.Records()).tape()
    assert records._tape[Tape.LIMIT] == 750_000
    session = recording()
    with pytest.raises(sa.OutOfMemory):
        session(np.zeros(1), np.inf)
    assert session(np.zeros(1), 3.0)[0] == 3


def test_large_records_look_at_the_memory_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The limit is from the time of binding; a run that needs much asks how much there is now."""
    path = tmp_path / "meminfo"
    path.write_text(f"a\nb\nMemAvailable: {8 << 10} kB\n")
    name = ctypes.create_string_buffer(bytes(path))
    monkeypatch.setattr(tapes, "has_memory_file", lambda: True)
    monkeypatch.setattr(tapes, "_path", lambda: name)
    monkeypatch.setattr(tapes, "available_memory", lambda: 1 << 40)
    session = recording()
    with pytest.raises(sa.OutOfMemory) as caught:
        session(np.zeros(8192), np.inf)  # 64 KiB a step and record
    held, _ = numbers(caught.value)
    assert tapes.LARGE <= held < 5 * tapes.LARGE


def test_nested_loops_share_a_limit() -> None:
    def outer(s: sa.Tensor) -> sa.Tensor:
        return sa.while_loop(lambda t: t[0] < s[0] + 100.5, lambda t: t + 1.0 + 0.0 * sa.sin(t * t), s)

    y = sa.while_loop(lambda s: s[0] < STOP, outer, X)
    with config.override(tape_limit=2_000_000):
        session = sa.compile(sa.gradients(y.sum(), [X]), [X, STOP])
        assert session(np.zeros(2), 300.0)[0].tolist() == [1.0, 1.0]
        with pytest.raises(sa.OutOfMemory):
            session(np.zeros(2), np.inf)
        assert session(np.zeros(2), 300.0)[0].tolist() == [1.0, 1.0]


def test_loops_with_checkpoints_get_further() -> None:
    def gradient(checkpoint: str | None) -> sa.Session:
        y = sa.while_loop(lambda s: s[0] < STOP, lambda s: s + 0.1 * sa.sin(s) + 1, X, checkpoint=checkpoint)
        return sa.compile(sa.gradients(y.sum(), [X]), [X, STOP])

    with config.override(tape_limit=200_000):
        with pytest.raises(sa.OutOfMemory):
            gradient(None)(np.zeros(4), 20_000.0)
        assert np.isfinite(gradient("sqrt")(np.zeros(4), 20_000.0)[0]).all()
