"""One pass of a Fourier transform over a block, as `staticad.codegen.fourier` explains; and copies of blocks.

It is compiled like a kernel, so that its inner loops are vectors: what is read and written are buffers that do not
overlap.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Pass

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import load, pointer, size, store
    from staticad.codegen.routine_names import DTYPE

    # Words of a pass.
    FROM_RE = FROM_IM = TO_RE = TO_IM = COS = SIN = RADIX = RUN = COUNT = STEP = 0
    FROM_ROW = FROM_COLUMN = TO_ROW = TO_COLUMN = TWIST = 0


# Radix 1 copies rows lo to hi of a block from or to an array with distances of its own. An array without imaginary part
# has the address 0. With a TWIST elements are multiplied by w(n)^(row column): from a table with that distance of rows,
# or where it is negative from that of the roots of unity; then STEP is the number of the first column.
def _pass(args: int, lo: int, hi: int) -> None:
    x_re = pointer(args, FROM_RE, DTYPE, 0, 5)
    x_im = pointer(args, FROM_IM, DTYPE, 1, 5)
    y_re = pointer(args, TO_RE, DTYPE, 2, 5)
    y_im = pointer(args, TO_IM, DTYPE, 3, 5)
    cos = pointer(args, COS, DTYPE, 4, 5)
    sin = pointer(args, SIN, DTYPE, 4, 5)
    radix = size(args, RADIX)
    run = size(args, RUN)
    step = size(args, STEP)
    count = size(args, COUNT)
    if radix == 1:
        row = size(args, FROM_ROW)
        column = size(args, FROM_COLUMN)
        to_row = size(args, TO_ROW)
        to_column = size(args, TO_COLUMN)
        twist = size(args, TWIST)
        if twist > 0:  # the table stands in the order of use
            for j in range(lo, hi):
                for c in range(run):
                    w = load(cos, j * twist + c)
                    v = load(sin, j * twist + c)
                    a = load(x_re, j * row + c)
                    b = load(x_im, j * row + c)
                    store(y_re, j * to_row + c * to_column, a * w + b * v)
                    store(y_im, j * to_row + c * to_column, b * w - a * v)
        elif twist < 0:
            for j in range(lo, hi):
                power = j * step
                for c in range(run):
                    w = load(cos, power)
                    v = load(sin, power)
                    a = load(x_re, j * row + c)
                    b = load(x_im, j * row + c)
                    store(y_re, j * to_row + c * to_column, a * w + b * v)
                    store(y_im, j * to_row + c * to_column, b * w - a * v)
                    power += j
        elif size(args, FROM_IM) == 0:
            for j in range(lo, hi):
                for c in range(run):
                    store(y_re, j * to_row + c * to_column, load(x_re, j * row + c * column))
                    store(y_im, j * to_row + c * to_column, DTYPE(0))
        elif column == 1 and to_column == 1:
            for j in range(lo, hi):
                for c in range(run):
                    store(y_re, j * to_row + c, load(x_re, j * row + c))
                for c in range(run):
                    store(y_im, j * to_row + c, load(x_im, j * row + c))
        elif column == 2 and to_column == 1:
            for j in range(lo, hi):
                for c in range(run):
                    store(y_re, j * to_row + c, load(x_re, j * row + 2 * c))
                for c in range(run):
                    store(y_im, j * to_row + c, load(x_im, j * row + 2 * c))
        else:
            for start in range(lo, hi, 16):
                stop = start + 16
                if stop > hi:
                    stop = hi
                for c in range(run):
                    for j in range(start, stop):
                        store(y_re, j * to_row + c * to_column, load(x_re, j * row + c * column))
                        store(y_im, j * to_row + c * to_column, load(x_im, j * row + c * column))
    elif radix == 2:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            x0 = p * run
            x1 = (p + count) * run
            y0 = 2 * p * run
            y1 = y0 + run
            for q in range(run):
                a0 = load(x_re, x0 + q)
                b0 = load(x_im, x0 + q)
                a1 = load(x_re, x1 + q)
                b1 = load(x_im, x1 + q)
                store(y_re, y0 + q, a0 + a1)
                store(y_im, y0 + q, b0 + b1)
                a = a0 - a1
                b = b0 - b1
                store(y_re, y1 + q, a * w1 + b * v1)
                store(y_im, y1 + q, b * w1 - a * v1)
    elif radix == 3:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            w2 = load(cos, 2 * p * step)
            v2 = load(sin, 2 * p * step)
            x0 = p * run
            x1 = (p + count) * run
            x2 = (p + 2 * count) * run
            y0 = 3 * p * run
            y1 = y0 + run
            y2 = y1 + run
            for q in range(run):
                a0 = load(x_re, x0 + q)
                b0 = load(x_im, x0 + q)
                a1 = load(x_re, x1 + q)
                b1 = load(x_im, x1 + q)
                a2 = load(x_re, x2 + q)
                b2 = load(x_im, x2 + q)
                a = a1 + a2
                b = b1 + b2
                e = (a1 - a2) * DTYPE(0.8660254037844386)
                f = (b1 - b2) * DTYPE(0.8660254037844386)
                store(y_re, y0 + q, a0 + a)
                store(y_im, y0 + q, b0 + b)
                a = a0 - a * DTYPE(0.5)
                b = b0 - b * DTYPE(0.5)
                a1 = a + f
                b1 = b - e
                a2 = a - f
                b2 = b + e
                store(y_re, y1 + q, a1 * w1 + b1 * v1)
                store(y_im, y1 + q, b1 * w1 - a1 * v1)
                store(y_re, y2 + q, a2 * w2 + b2 * v2)
                store(y_im, y2 + q, b2 * w2 - a2 * v2)
    elif radix == 4:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            w2 = load(cos, 2 * p * step)
            v2 = load(sin, 2 * p * step)
            w3 = load(cos, 3 * p * step)
            v3 = load(sin, 3 * p * step)
            x0 = p * run
            x1 = (p + count) * run
            x2 = (p + 2 * count) * run
            x3 = (p + 3 * count) * run
            y0 = 4 * p * run
            y1 = y0 + run
            y2 = y1 + run
            y3 = y2 + run
            for q in range(run):
                a0 = load(x_re, x0 + q) + load(x_re, x2 + q)
                b0 = load(x_im, x0 + q) + load(x_im, x2 + q)
                a2 = load(x_re, x0 + q) - load(x_re, x2 + q)
                b2 = load(x_im, x0 + q) - load(x_im, x2 + q)
                a1 = load(x_re, x1 + q) + load(x_re, x3 + q)
                b1 = load(x_im, x1 + q) + load(x_im, x3 + q)
                a3 = load(x_re, x1 + q) - load(x_re, x3 + q)
                b3 = load(x_im, x1 + q) - load(x_im, x3 + q)
                store(y_re, y0 + q, a0 + a1)
                store(y_im, y0 + q, b0 + b1)
                a = a0 - a1
                b = b0 - b1
                store(y_re, y2 + q, a * w2 + b * v2)
                store(y_im, y2 + q, b * w2 - a * v2)
                a = a2 + b3
                b = b2 - a3
                store(y_re, y1 + q, a * w1 + b * v1)
                store(y_im, y1 + q, b * w1 - a * v1)
                a = a2 - b3
                b = b2 + a3
                store(y_re, y3 + q, a * w3 + b * v3)
                store(y_im, y3 + q, b * w3 - a * v3)
    elif radix == 5:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            w2 = load(cos, 2 * p * step)
            v2 = load(sin, 2 * p * step)
            w3 = load(cos, 3 * p * step)
            v3 = load(sin, 3 * p * step)
            w4 = load(cos, 4 * p * step)
            v4 = load(sin, 4 * p * step)
            x0 = p * run
            x1 = (p + count) * run
            x2 = (p + 2 * count) * run
            x3 = (p + 3 * count) * run
            x4 = (p + 4 * count) * run
            y0 = 5 * p * run
            y1 = y0 + run
            y2 = y1 + run
            y3 = y2 + run
            y4 = y3 + run
            for q in range(run):
                a0 = load(x_re, x0 + q)
                b0 = load(x_im, x0 + q)
                a1 = load(x_re, x1 + q) + load(x_re, x4 + q)
                b1 = load(x_im, x1 + q) + load(x_im, x4 + q)
                a4 = load(x_re, x1 + q) - load(x_re, x4 + q)
                b4 = load(x_im, x1 + q) - load(x_im, x4 + q)
                a2 = load(x_re, x2 + q) + load(x_re, x3 + q)
                b2 = load(x_im, x2 + q) + load(x_im, x3 + q)
                a3 = load(x_re, x2 + q) - load(x_re, x3 + q)
                b3 = load(x_im, x2 + q) - load(x_im, x3 + q)
                store(y_re, y0 + q, a0 + a1 + a2)
                store(y_im, y0 + q, b0 + b1 + b2)
                c1 = a0 + a1 * DTYPE(0.30901699437494745) - a2 * DTYPE(0.8090169943749475)
                d1 = b0 + b1 * DTYPE(0.30901699437494745) - b2 * DTYPE(0.8090169943749475)
                c2 = a0 - a1 * DTYPE(0.8090169943749475) + a2 * DTYPE(0.30901699437494745)
                d2 = b0 - b1 * DTYPE(0.8090169943749475) + b2 * DTYPE(0.30901699437494745)
                e1 = a4 * DTYPE(0.9510565162951535) + a3 * DTYPE(0.5877852522924731)
                f1 = b4 * DTYPE(0.9510565162951535) + b3 * DTYPE(0.5877852522924731)
                e2 = a4 * DTYPE(0.5877852522924731) - a3 * DTYPE(0.9510565162951535)
                f2 = b4 * DTYPE(0.5877852522924731) - b3 * DTYPE(0.9510565162951535)
                a = c1 + f1
                b = d1 - e1
                store(y_re, y1 + q, a * w1 + b * v1)
                store(y_im, y1 + q, b * w1 - a * v1)
                a = c2 + f2
                b = d2 - e2
                store(y_re, y2 + q, a * w2 + b * v2)
                store(y_im, y2 + q, b * w2 - a * v2)
                a = c2 - f2
                b = d2 + e2
                store(y_re, y3 + q, a * w3 + b * v3)
                store(y_im, y3 + q, b * w3 - a * v3)
                a = c1 - f1
                b = d1 + e1
                store(y_re, y4 + q, a * w4 + b * v4)
                store(y_im, y4 + q, b * w4 - a * v4)
    else:  # the sum as it stands
        whole = radix * count * step
        for p in range(lo, hi):
            for k in range(radix):
                power = p * k * step
                y0 = (radix * p + k) * run
                for j in range(radix):
                    w1 = load(cos, power)
                    v1 = load(sin, power)
                    x0 = (p + count * j) * run
                    if j == 0:
                        for q in range(run):
                            a = load(x_re, x0 + q)
                            b = load(x_im, x0 + q)
                            store(y_re, y0 + q, a * w1 + b * v1)
                            store(y_im, y0 + q, b * w1 - a * v1)
                    else:
                        for q in range(run):
                            a = load(x_re, x0 + q)
                            b = load(x_im, x0 + q)
                            store(y_re, y0 + q, load(y_re, y0 + q) + (a * w1 + b * v1))
                            store(y_im, y0 + q, load(y_im, y0 + q) + (b * w1 - a * v1))
                    power += k * count * step
                    if power >= whole:
                        power -= whole


def pass_source(dtype: str) -> str:
    """The text of the function for one pass."""
    values = {name.name: str(int(name)) for name in Pass} | {"DTYPE": dtype}
    return re.sub(r"\b[A-Z][A-Z0-9_]*\b", lambda match: values[match[0]], function_text(_pass))
