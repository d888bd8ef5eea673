"""Changes of parts share the memory of what they change. Plans are interpreted and compared with the reference."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.lower.kernel.plan import LoopCall, Plan
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients
from tests.lower.checking import computes
from tests.lower.interpreter import interpret
from tests.lower.planning import labels, plan_for

COPIES = ("copy", "first", "assign", "assign!")


def copies(plan: Plan) -> int:
    return sum(labels(plan).count(label) for label in COPIES)


def test_several_changes_of_a_computed_array_need_no_copy() -> None:
    x, i = sa.placeholder((None,)), sa.placeholder((None,), "int64")
    y = sa.exp(x).at[i].add(1.0).at[0].set(2.0).at[i].multiply(3.0)
    plan = computes(y, sizes=5)
    assert copies(plan) == 0
    used = {number for step in plan.steps for number in (*step.reads, *step.writes)}
    assert not any(b.role == "temporary" for b in plan.buffers if b.number in used)


def test_a_region_is_written_into_what_was_computed() -> None:
    x = sa.placeholder((None, 4))
    plan = computes(sa.exp(x).at[1:].set(0.5), sizes=5)
    assert labels(plan).count("replace") == 1


def test_readers_of_the_old_value_come_first() -> None:
    x = sa.placeholder((None,))
    y = sa.exp(x)
    changed = y.at[0].set(0.0)
    plan = computes(changed * sa.flip(y), sizes=5)
    assert copies(plan) <= 1


def test_a_reader_that_needs_the_new_value_keeps_the_copy() -> None:
    x = sa.placeholder((None,))
    y = sa.exp(x)
    changed = y.at[0].set(x.sum())
    later = sa.take(y, (changed.sum() * 0).astype("int64"))
    computes([changed, later * sa.flip(y)], sizes=5)


def test_a_fetched_base_stays() -> None:
    x = sa.placeholder((None,))
    y = sa.exp(x)
    computes([y, y.at[0].set(1.0), y.at[1].set(2.0)], sizes=5)


def test_two_changes_of_one_base() -> None:
    x = sa.placeholder((None,))
    y = sa.exp(x)
    plan = computes([y.at[0].set(1.0), y.at[1].set(2.0)], sizes=5)
    assert labels(plan).count("replace") == 3  # one of them copies


def test_the_next_value_of_a_variable_is_not_changed() -> None:
    w = sa.variable(np.arange(4.0))
    new = w * 2.0
    computes([new.at[0].set(9.0)], updates={w: new})


def test_variables_of_a_session_keep_their_values_until_the_end() -> None:
    w, i = sa.variable(np.arange(4.0)), sa.placeholder((), "int64")
    last = sa.fori_loop(0, 3, lambda k, u: u.at[i].add(1.0), w)
    session = sa.compile(last.sum(), inputs=[i], updates={w: last})
    try:
        session(7)
    except sa.errors.IndexOutOfBounds:
        pass
    else:
        raise AssertionError("no error")
    np.testing.assert_array_equal(w.value, np.arange(4.0))
    assert session(1) == 9.0
    np.testing.assert_array_equal(w.value, [0, 4, 2, 3])


def nested(n: int, m: int, grid: sa.Tensor) -> sa.Tensor:
    def row(i: sa.Tensor, u: sa.Tensor) -> sa.Tensor:
        def column(j: sa.Tensor, u: sa.Tensor) -> sa.Tensor:
            around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
            return u.at[i, j].set(0.25 * around)

        return sa.fori_loop(1, m - 1, column, u)

    return sa.fori_loop(1, n - 1, row, grid)


def sweep(u: np.ndarray) -> np.ndarray:
    u = u.copy()
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return u


def test_nested_loops_work_on_one_buffer() -> None:
    x = sa.placeholder((6, 5))
    y = nested(6, 5, x)
    data = np.random.default_rng(0).normal(size=(6, 5))
    session = sa.compile(y, inputs=[x])
    np.testing.assert_allclose(session(data), sweep(data), rtol=1e-14)
    (kernel,) = [text for text in session.source().split("# ") if text.startswith("loop")]
    assert kernel.count("for ") == 2  # no loop copies the grid


def test_a_nested_loop_in_a_body_with_a_library_call_works_on_the_carry() -> None:
    x, w = sa.placeholder((260, 260)), sa.placeholder((260, 260))

    def step(k: sa.Tensor, u: sa.Tensor) -> sa.Tensor:
        return sa.fori_loop(0, 260, lambda j, u: u.at[j, j].add(1.0), u) @ w

    y = sa.fori_loop(0, 2, step, x)
    (call,) = [s.kernel for s in plan_for(y).steps if isinstance(s.kernel, LoopCall)]
    assert "first" not in labels(call.plan)
    a, b = np.random.default_rng(0).normal(size=(2, 260, 260))
    want = (((a + np.eye(260)) @ b) + np.eye(260)) @ b
    np.testing.assert_allclose(sa.compile(y, inputs=[x, w])(a, b), want, rtol=1e-12, atol=1e-12)


def test_carries_that_trade_places_inside_are_right() -> None:
    x, y = sa.placeholder((4,)), sa.placeholder((4,))

    def step(k: sa.Tensor, state: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
        u, v = state
        return sa.fori_loop(0, 2, lambda j, s: (s[0].at[j].add(1.0), s[1].at[j].multiply(2.0)), (v, u))

    a, b = sa.fori_loop(0, 3, step, (x, y))
    data = [np.arange(4.0), np.arange(4.0) + 10]
    u, v = (d.copy() for d in data)
    for _ in range(3):
        u, v = v, u
        u[:2] += 1
        v[:2] *= 2
    for given, want in zip(sa.compile([a, b], inputs=[x, y])(*data), (u, v), strict=True):
        np.testing.assert_array_equal(given, want)


def test_an_elementwise_value_is_written_over_an_operand_that_dies() -> None:
    x, w = sa.placeholder((None, 200)), sa.placeholder((200, 200))
    plan = computes(sa.tanh((x @ w) * 2.0) @ w, sizes=3)
    used = {number for step in plan.steps for number in (*step.reads, *step.writes)}
    assert sum(b.role == "temporary" for b in plan.buffers if b.number in used) == 1


def test_an_operand_that_is_read_elsewhere_or_later_is_not_written_over() -> None:
    x, w = sa.placeholder((None, 4)), sa.placeholder((4, 4))
    product = x @ w
    computes([sa.flip(product) * product], sizes=3)
    computes([sa.tanh(product) @ w, product.sum(axis=0)], sizes=3)
    computes([sa.tanh(product), sa.sin(product) @ w, product], sizes=3)
    computes([product - product.max(axis=0), product - product.max()], sizes=3)


def test_what_fills_a_region_is_computed_there() -> None:
    x = sa.placeholder((None, 6))
    y = sa.exp(x)
    plan = computes(y.at[:, 1:-1].set(sa.sin(x[:, 2:]) + x[:, :-2]), sizes=4)
    assert labels(plan).count("replace") == 0


def test_a_region_that_is_made_of_its_surroundings_waits() -> None:
    x = sa.placeholder((None, 6))
    y = sa.exp(x)
    plan = computes(y.at[:, 1:-1].set(y[:, 2:] + y[:, :-2]), sizes=4)
    assert labels(plan).count("replace") == 1 and copies(plan) == 0
    plan = computes(y.at[:, 1:-1].set(sa.sin(y[:, 2:] + y[:, :-2])), sizes=4)
    assert labels(plan).count("replace") == 1
    plan = computes(y.at[:, 1:-1].set(y[:, 1:-1] * 2 + x[:, 2:]), sizes=4)
    assert labels(plan).count("replace") == 0


def test_a_region_that_is_made_of_itself_is_changed_in_place() -> None:
    x = sa.placeholder((None, 6))
    plan = computes(sa.exp(x).at[:, 1:-1].multiply(2.0), sizes=4)
    assert labels(plan) == ["exp", "mul"]


def test_others_read_the_value_of_a_region_from_there() -> None:
    x = sa.placeholder((6, 6))
    y = sa.exp(x)
    value = sa.sin(x[1:-1, 2:]) + x[1:-1, :-2]
    changed = y.at[1:-1, 1:-1].set(value)
    computes([changed, sa.flip(value) * 2.0])
    computes([changed, value.sum(axis=0), value @ value])
    computes([changed.at[2].set(value.max()), sa.flip(value)])


def test_a_stencil_in_a_loop_works_on_two_buffers() -> None:
    x, y = sa.placeholder((7, 6)), sa.placeholder((7, 6))

    def around(a: sa.Tensor) -> sa.Tensor:
        return 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])

    def step(k: sa.Tensor, s: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
        b = s[1].at[1:-1, 1:-1].set(around(s[0]))
        return s[0].at[1:-1, 1:-1].set(around(b)), b

    last, _ = sa.fori_loop(0, 3, step, (x, y))
    session = sa.compile(last, inputs=[x, y])
    (kernel,) = [text for text in session.source().split("# ") if text.startswith("loop")]
    assert kernel.count("store(") == 2  # nothing but the two results
    data = np.random.default_rng(0).normal(size=(2, 7, 6))
    a, b = data.copy()
    for _ in range(3):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])
        a[1:-1, 1:-1] = 0.2 * (b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[2:, 1:-1] + b[:-2, 1:-1])
    np.testing.assert_allclose(session(*data), a, rtol=1e-13)
    check_gradients((last**2).sum(), [x, y], {x: data[0], y: data[1]})


def test_a_carry_that_stays_is_not_changed() -> None:
    x, v = sa.placeholder((4,)), sa.placeholder(())

    def step(k: sa.Tensor, s: tuple[sa.Tensor, ...]) -> tuple[sa.Tensor, ...]:
        u, a, b = s
        return u, a + u.at[k].set(0.0), b + sa.sin(v) * (-u)

    u, a, b = sa.fori_loop(0, 3, step, (x, x * 0, x * 0))
    data = np.arange(4.0) + 1
    got = sa.compile([u, a, b], inputs=[x, v])(data, 0.5)
    np.testing.assert_array_equal(got[0], data)
    np.testing.assert_allclose(got[1], [2, 4, 6, 12])
    np.testing.assert_allclose(got[2], -3 * np.sin(0.5) * data)


def test_what_stages_hand_on_in_registers_is_loaded_late() -> None:
    """Loops that are written out evaluate what an earlier stage would have stored where it is needed, behind stores."""
    x, v = sa.placeholder(("n", 3)), sa.placeholder(("n", 3))
    twice, tangent = sa.concatenate([x, x]), sa.concatenate([v, v])
    taken = sa.expand_dims((abs(twice - 1.0) < 0.9).all(axis=1), 1)
    root = sa.sqrt(twice + sa.sqrt(twice))
    change = tangent * (1.0 + 0.5 / sa.sqrt(twice)) * (0.5 / root) * (0.5 / sa.sqrt(root))
    outputs = [sa.where(taken, sa.sqrt(root), 0.0), sa.where(taken, change, 0.0)]
    rng = np.random.default_rng(0)
    feeds = {x: rng.uniform(0.3, 1.2, (4, 3)), v: rng.normal(size=(4, 3))}
    feeds[x][2, 1] = 3.0
    plan = plan_for(outputs, inputs=[x, v])
    for found, wanted in zip(interpret(plan, feeds)[0], evaluate(outputs, feeds), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-14)
