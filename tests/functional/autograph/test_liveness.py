"""Which variables matter after a statement and at the beginning of a step."""

from __future__ import annotations

import ast

from staticad.functional.autograph.jumps import remove_jumps, terminates
from staticad.functional.autograph.liveness import mark_live
from staticad.functional.autograph.names import assigned, effects, read_by_functions, read_names


def parse(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def live(text: str) -> list[set[str]]:
    """What matters at every if, while and for of a text, in order of lines."""
    body = parse(text)
    mark_live(body, set())
    found = [n for s in body for n in ast.walk(s) if isinstance(n, (ast.If, ast.While, ast.For))]
    return [n.live - {"c", "d"} for n in sorted(found, key=lambda n: n.lineno)]  # type: ignore[attr-defined]


def test_after_an_if() -> None:
    assert live("if c:\n  a = 1\n  t = 2\nelse:\n  a = 2\nreturn a") == [{"a"}]
    assert live("if c:\n  a = 1\na = 3\nreturn a") == [set()]
    assert live("if c:\n  a = 1\na\na += 3\nreturn b") == [{"a", "b"}]  # as augmented assignment is rewritten


def test_around_a_loop() -> None:
    assert live("while c:\n  t = a\n  a = t + 1\nreturn b") == [{"a", "b"}]
    assert live("while c:\n  s = t\n  t = a\nreturn s") == [{"a", "s", "t"}]  # t comes from the step before
    assert live("for i in xs:\n  t = i\n  s = s + t\nreturn s") == [{"s"}]
    assert live("for i in xs:\n  s = s + i\nreturn i") == [{"i", "s"}]


def test_an_if_in_a_loop_matters_for_the_next_step() -> None:
    assert live("while c:\n  if d:\n    a = 1\n  t = 2\n  b = a\nreturn b") == [{"a", "b"}, {"a"}]
    assert live("while c:\n  b = a\n  if d:\n    a = 1\nreturn b") == [{"a", "b"}, {"a", "b"}]


def test_functions_may_read_at_any_time() -> None:
    assert live("f = lambda: a\nif c:\n  a = 1\nreturn f()") == [{"a", "f"}]


def test_nothing_is_overwritten_for_sure_where_exceptions_leave() -> None:
    assert live("if c:\n  a = 1\ntry:\n  a = f()\nexcept E:\n  pass\nreturn a") >= [{"a"}]


def test_names() -> None:
    body = parse(
        "a, (b, *c) = x\nd.e = 1\nf[g] = h\nfor i in j: k += 1\nl = [m for m in n]\nimport o.p, q as r\n"
        "with s as t: pass\ndef u(v): w = 1\nlambda z: zz\nlist_.append(1)\nif (y := 2): pass\n"
        "try: pass\nexcept E as error: pass\n"
        "match subject:\n  case [first, *others]: pass\n  case {'k': 1, **rest}: pass\n"
    )
    expected = set("abciklorty") | {"u", "list_", "first", "others", "rest"}
    assert assigned(body) == expected - {"error"}
    assert {"x", "d", "f", "g", "h", "j", "n", "m", "s", "zz", "list_", "subject"} <= read_names(body)
    assert {"zz"} <= read_by_functions(body)
    assert [text for text, _ in effects(body)] == ["d.e", "f[g]"]


def lowered(text: str) -> str:
    return "\n".join(ast.unparse(ast.fix_missing_locations(s)) for s in remove_jumps(parse(text)))


def test_what_follows_a_jump_moves_into_the_other_block() -> None:
    text = lowered("if c:\n  return 1\nx = 2\nreturn x")
    assert text.count("if ") == 1 and "else:" in text and text.endswith("ag__value, True)")


def test_flags_guard_what_follows() -> None:
    text = lowered("while c:\n  if a:\n    if b:\n      break\n    x = 1\n  y = 2\nz = 3")
    assert "while not ag__broke_1 and c:" in text
    assert text.count("if not ag__broke_1:") == 1
    assert "return" not in text and "break" not in text


def test_a_single_return_at_the_end_stays() -> None:
    assert lowered("x = 1\nreturn x\ny = 2") == "x = 1\nreturn x"


def test_ends_that_are_not_reached() -> None:
    for text in ("return 1", "raise E", "while True:\n  if c:\n    return 1", "if c:\n  return 1\nelse:\n  raise E"):
        assert terminates(parse(text))
    for text in (
        "x = 1",
        "while True:\n  break",
        "while c:\n  return 1",
        "if c:\n  return 1",
        "for i in x:\n  return 1",
    ):
        assert not terminates(parse(text))
