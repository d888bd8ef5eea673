"""Values that are printed or checked on their way: texts, order, loops, branches and derivatives, failed runs."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import AssertionFailed, ConfigError, DTypeError
from staticad.ir.graph import Tensor

X = np.array([0.25, 0.5, 1.0])


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_formats_dtypes_and_order(capsys: pytest.CaptureFixture[str]) -> None:
    x, i = sa.placeholder((None,)), sa.placeholder((None, 2), "int32")
    last = sa.print_(x + 100.0, "last but written first: {:.1f}")
    first = sa.print_(x, "x =")
    ends = sa.print_(sa.concatenate([x] * 4), "{}", summarize=1)
    whole = sa.print_(sa.concatenate([x] * 4), summarize=-1)
    several = sa.print_(i, "{1} before {0} and {2:.2f}", x.sum() > 1, x.sum())
    number = sa.print_(x[0] * (1 + 2j), "{:.2f}")
    session = sa.compile([number, several, whole, ends, first, last], inputs=[x, i])
    capsys.readouterr()
    for _ in range(2):
        results = session(X, np.ones((1, 2), "int32"))
        assert printed(capsys) == [
            "last but written first: [100.2 100.5 101.0]", "x = [0.25 0.5  1.  ]", "[0.25 ... 1.  ]",
            f"[{' '.join(['0.25 0.5  1.  '] * 4)}]", "True before [[1 1]] and 1.75", "0.25+0.50j",
        ]  # fmt: skip
    np.testing.assert_array_equal(results[4], X)
    sa.compile(first, inputs=[x])(np.zeros(0))
    assert printed(capsys) == ["x = []"]
    assert sa.evaluate(sa.print_(x, "reference"), {x: X})[0] is not None and printed(capsys) == [
        "reference [0.25 0.5  1.  ]"
    ]


def test_loops_branches_and_derivatives_print_once(capsys: pytest.CaptureFixture[str]) -> None:
    x = sa.placeholder((3,))

    def body(i: Tensor, s: Tensor) -> Any:
        s = sa.print_(s, "step {1}", i)
        kept = sa.print_(x.sum(), "of the outside")
        return sa.cond(i > 0, lambda a: sa.print_(sa.sin(a), "sine") * 2.0, lambda a: a, s) + 0.0 * kept

    y = sa.fori_loop(0, 2, body, x)
    z = sa.print_(y, "after")
    inner = sa.while_loop(lambda s: s.sum() < 9, lambda s: sa.print_(sa.exp(s), "while"), x)
    fetched = [z, *sa.gradients((z**2).sum() + inner.sum(), [x]), *sa.jvp([z, inner], x, np.ones(3))]
    session = sa.compile(fetched, inputs=[x])
    capsys.readouterr()
    session(X)
    lines = printed(capsys)
    assert [re.sub(r" \S+$", "", line) if "outside" in line else line.split(" [")[0] for line in lines] == [
        "step 0", "of the outside", "step 1", "of the outside", "sine", "after", "while", "while",
    ]  # fmt: skip


def test_checkpoints_print_once(capsys: pytest.CaptureFixture[str]) -> None:
    x = sa.placeholder(())
    y = sa.fori_loop(0, 9, lambda i, s: sa.print_(sa.sin(s), "{1}", i), x, checkpoint="sqrt")
    session = sa.compile([y, *sa.gradients(y, [x])], inputs=[x])
    capsys.readouterr()
    session(0.5)
    assert printed(capsys) == [str(k) for k in range(9)]


def test_an_assertion_fails_the_run_and_variables_stay(capsys: pytest.CaptureFixture[str]) -> None:
    x, total = sa.placeholder((None,)), sa.variable(np.zeros(3))
    positive = sa.assert_(x, x > 0, "rates {have} to be positive")
    one = sa.assert_(sa.print_(positive, "checked"), x.sum() < 10)
    session = sa.compile(one * 2.0, inputs=[x], updates={total: total + one})
    np.testing.assert_array_equal(session(X), 2 * X)
    capsys.readouterr()
    text = r"rates {have} to be positive \(the condition does not hold for 2 of 3 elements\), at .*test_effects.py"
    with pytest.raises(AssertionFailed, match=text):
        session(-X + 0.5)
    assert len(printed(capsys)) <= 1  # and not once more to tell of the error
    with pytest.raises(AssertionFailed, match=r"an assertion does not hold, at .*test_effects.py"):
        session(X + 5)
    np.testing.assert_array_equal(total.value, X)
    with pytest.raises(AssertionFailed, match="rates {have}"):
        sa.evaluate(positive, {x: -X})


def test_what_is_known_is_printed_and_checked_in_runs(capsys: pytest.CaptureFixture[str]) -> None:
    x = sa.placeholder((3,))
    y = sa.print_(sa.zeros(3), "{1} of {2}", x.shape[0], np.arange(2)) + sa.print_(sa.constant(2.0), "two")
    wrong = sa.assert_(x, sa.constant(2) > 3, "two is more than three")
    session, failing = sa.compile(y + x, [x]), sa.compile(wrong, [x])
    assert not printed(capsys)
    for _ in range(2):
        session(X)
        assert printed(capsys) == ["3 of [0 1]", "two 2.0"]
    with pytest.raises(AssertionFailed, match="two is more than three, at .*test_effects.py"):
        failing(X)


def test_assertions_in_bodies_and_derivatives() -> None:
    x = sa.placeholder(())
    y = sa.while_loop(lambda s: s < 100, lambda s: sa.assert_(s * s, s > 1, "grows"), x)
    session = sa.compile([y, *sa.gradients(y, [x]), *sa.jvp(y, x, 1.0)], inputs=[x])
    np.testing.assert_allclose(session(2.0), [256.0, 1024.0, 1024.0])
    with pytest.raises(AssertionFailed, match="grows, at"):
        session(0.5)


def test_refusals() -> None:
    x = sa.placeholder((3,))
    with pytest.raises(DTypeError, match="assert_: a condition is bool, not placeholder float64"):
        sa.assert_(x, x)
    for form in ("{1}", "{name}", "{:d}", "{"):
        with pytest.raises(ConfigError, match=r"print_: the format .* does not fit placeholder.*test_effects.py"):
            sa.print_(x, form)
