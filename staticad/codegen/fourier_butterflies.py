"""The butterflies of Fourier transforms: sums of a few numbers, a loop over the elements of a run for each way to read
and to write them.

A butterfly says ``real(j)`` and ``imag(j)`` for the parts of the number that it reads from leg ``j``, and ``put(k, a,
b)`` for those of the number that it writes to leg ``k``, before that is turned by its power of w. Passes between
others read and write parts that lie apart. A pass that is the first one may read numbers whose parts lie side by side,
and the last one write such numbers, so that they are not copied. The last pass has one group, whose powers of w are 1:
where the matrix is to be multiplied by a table next, it does that instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Form

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.butterfly_language import imag, put, real
    from staticad.codegen.routine_names import DTYPE


def _two(args: int, lo: int, hi: int) -> None:
    a0 = real(0) + real(1)
    b0 = imag(0) + imag(1)
    a1 = real(0) - real(1)
    b1 = imag(0) - imag(1)
    put(0, a0, b0)
    put(1, a1, b1)


def _three(args: int, lo: int, hi: int) -> None:
    a0 = real(0)
    b0 = imag(0)
    a1 = real(1) + real(2)
    b1 = imag(1) + imag(2)
    a2 = real(1) - real(2)
    b2 = imag(1) - imag(2)
    put(0, a0 + a1, b0 + b1)
    a0 = a0 - a1 * DTYPE(0.5)
    b0 = b0 - b1 * DTYPE(0.5)
    a2 = a2 * DTYPE(0.8660254037844386)
    b2 = b2 * DTYPE(0.8660254037844386)
    put(1, a0 + b2, b0 - a2)
    put(2, a0 - b2, b0 + a2)


def _four(args: int, lo: int, hi: int) -> None:
    a0 = real(0) + real(2)
    b0 = imag(0) + imag(2)
    a2 = real(0) - real(2)
    b2 = imag(0) - imag(2)
    a1 = real(1) + real(3)
    b1 = imag(1) + imag(3)
    a3 = real(1) - real(3)
    b3 = imag(1) - imag(3)
    put(0, a0 + a1, b0 + b1)
    put(2, a0 - a1, b0 - b1)
    put(1, a2 + b3, b2 - a3)
    put(3, a2 - b3, b2 + a3)


def _five(args: int, lo: int, hi: int) -> None:
    a0 = real(0)
    b0 = imag(0)
    a1 = real(1) + real(4)
    b1 = imag(1) + imag(4)
    a4 = real(1) - real(4)
    b4 = imag(1) - imag(4)
    a2 = real(2) + real(3)
    b2 = imag(2) + imag(3)
    a3 = real(2) - real(3)
    b3 = imag(2) - imag(3)
    put(0, a0 + a1 + a2, b0 + b1 + b2)
    c1 = a0 + a1 * DTYPE(0.30901699437494745) - a2 * DTYPE(0.8090169943749475)
    c2 = a0 - a1 * DTYPE(0.8090169943749475) + a2 * DTYPE(0.30901699437494745)
    e1 = a4 * DTYPE(0.9510565162951535) + a3 * DTYPE(0.5877852522924731)
    e2 = a4 * DTYPE(0.5877852522924731) - a3 * DTYPE(0.9510565162951535)
    d1 = b0 + b1 * DTYPE(0.30901699437494745) - b2 * DTYPE(0.8090169943749475)
    d2 = b0 - b1 * DTYPE(0.8090169943749475) + b2 * DTYPE(0.30901699437494745)
    f1 = b4 * DTYPE(0.9510565162951535) + b3 * DTYPE(0.5877852522924731)
    f2 = b4 * DTYPE(0.5877852522924731) - b3 * DTYPE(0.9510565162951535)
    put(1, c1 + f1, d1 - e1)
    put(2, c2 + f2, d2 - e2)
    put(3, c2 - f2, d2 + e2)
    put(4, c1 - f1, d1 + e1)


def _eight(args: int, lo: int, hi: int) -> None:
    a0 = real(0) + real(4)
    b0 = imag(0) + imag(4)
    a4 = real(0) - real(4)
    b4 = imag(0) - imag(4)
    a1 = real(1) + real(5)
    b1 = imag(1) + imag(5)
    a5 = real(1) - real(5)
    b5 = imag(1) - imag(5)
    a2 = real(2) + real(6)
    b2 = imag(2) + imag(6)
    a6 = real(2) - real(6)
    b6 = imag(2) - imag(6)
    a3 = real(3) + real(7)
    b3 = imag(3) + imag(7)
    a7 = real(3) - real(7)
    b7 = imag(3) - imag(7)
    c0 = a0 + a2
    c1 = a1 + a3
    c2 = a0 - a2
    c3 = a1 - a3
    d0 = b0 + b2
    d1 = b1 + b3
    d2 = b0 - b2
    d3 = b1 - b3
    put(0, c0 + c1, d0 + d1)
    put(4, c0 - c1, d0 - d1)
    put(2, c2 + d3, d2 - c3)
    put(6, c2 - d3, d2 + c3)
    c1 = (a5 + b5) * DTYPE(0.7071067811865476)
    d1 = (b5 - a5) * DTYPE(0.7071067811865476)
    c3 = (b7 - a7) * DTYPE(0.7071067811865476)
    d3 = (a7 + b7) * DTYPE(0.7071067811865476)
    c0 = a4 + b6
    d0 = b4 - a6
    c2 = a4 - b6
    d2 = b4 + a6
    e0 = c1 + c3
    f0 = d1 - d3
    e1 = c1 - c3
    f1 = d1 + d3
    put(1, c0 + e0, d0 + f0)
    put(5, c0 - e0, d0 - f0)
    put(3, c2 + f1, d2 - e1)
    put(7, c2 - f1, d2 + e1)


_BUTTERFLIES: Mapping[int, Callable[[int, int, int], None]] = {2: _two, 3: _three, 4: _four, 5: _five, 8: _eight}
_AT_ENDS = (4, 8)  # the factors with a loop of each form
# Where both parts of element q of a leg are read and written.
_APART = "{0}_re, {1} + q", "{0}_im, {1} + q"
_READ_TOGETHER = "{0}_re, {1} + 2 * q", "{0}_re, {1} + 2 * q + 1"
_WRITTEN_TOGETHER = "{0}_re, 2 * ({1} + q)", "{0}_re, 2 * ({1} + q) + 1"
_PLACES = {
    Form.BETWEEN: (_APART, _APART),
    Form.FIRST: (_READ_TOGETHER, _APART),
    Form.FIRST_EXCHANGED: (_READ_TOGETHER[::-1], _APART),
    Form.TWISTED: (_APART, _APART),
    Form.LAST: (_APART, _WRITTEN_TOGETHER),
    Form.LAST_EXCHANGED: (_APART, _WRITTEN_TOGETHER[::-1]),
}
_PUT = re.compile(r"put\((\d), (.*), (.*)\)")
_GET = re.compile(r"(real|imag)\((\d)\)")


def butterflies() -> str:
    """Branches for all factors and forms, which continue a chain of conditions."""
    return "".join(
        _branch(radix, form) for radix in _BUTTERFLIES for form in Form if form is Form.BETWEEN or radix in _AT_ENDS
    )


def _branch(radix: int, form: Form) -> str:
    """The loops over groups and over elements."""
    groups = []
    if form not in (Form.TWISTED, Form.LAST, Form.LAST_EXCHANGED):
        for k in range(1, radix):
            groups += [f"w{k} = load(cos, {k} * p * step)", f"v{k} = load(sin, {k} * p * step)"]
    groups += ["x0 = p * row", *(f"x{j} = x{j - 1} + leg" for j in range(1, radix))]
    groups += ["y0 = p * to_row", *(f"y{k} = y{k - 1} + to_leg" for k in range(1, radix))]
    body = [line.strip() for line in function_text(_BUTTERFLIES[radix]).splitlines()[1:]]
    elements = [expanded for line in body for expanded in _expanded(line, form)]
    return "".join(
        [
            f"    elif radix == {radix} and form == {form.value}:\n",
            "        for p in range(lo, hi):\n",
            *(f"            {line}\n" for line in groups),
            "            for q in range(run):\n",
            *(f"                {line}\n" for line in elements),
        ]
    )


def _expanded(line: str, form: Form) -> list[str]:
    """A line of a butterfly as kernels say it."""
    read, written = _PLACES[form]

    def loaded(match: re.Match[str]) -> str:
        return f"load({read[match[1] == 'imag'].format('x', f'x{match[2]}')})"

    line = _GET.sub(loaded, line)
    found = _PUT.fullmatch(line)
    if found is None:
        return [line]
    k, a, b = found.groups()
    places = [place.format("y", f"y{k}") for place in written]
    if form is Form.TWISTED:
        turned = [f"w = load(cos, y{k} + q)", f"v = load(sin, y{k} + q)"]
        w, v = "w", "v"
    elif k == "0" or form in (Form.LAST, Form.LAST_EXCHANGED):
        return [f"store({place}, {part})" for place, part in zip(places, (a, b), strict=True)]
    else:
        turned, w, v = [], f"w{k}", f"v{k}"
    parts = f"a * {w} + b * {v}", f"b * {w} - a * {v}"
    stores = [f"store({place}, {part})" for place, part in zip(places, parts, strict=True)]
    return [*turned, f"a = {a}", f"b = {b}", *stores]
