"""One pass of a Fourier transform over a block, as `staticad.codegen.fourier` explains; and copies of blocks.

It is compiled like a kernel, so that its inner loops are vectors: what is read and written are buffers that do not
overlap.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Pass

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import load, pointer, size, store
    from staticad.codegen.routine_names import DTYPE, ITEMSIZE

    # Words of a pass.
    FROM_RE = FROM_IM = TO_RE = TO_IM = COS = SIN = RADIX = RUN = STEP = ROOT = 0
    FROM_ROW = FROM_LEG = TO_ROW = TO_LEG = 0


# Elements of group p and leg j begin at p * FROM_ROW + j * FROM_LEG, and are RUN side by side. Radix 1 copies rows of a
# block from or to an array, where legs are the columns; an array without imaginary part has the address 0. Radix 0
# multiplies rows by a table whose rows lie STEP apart, radix -1 by w(n)^(row column) from the roots of unity, with STEP
# for the number of the first column.
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
    row = size(args, FROM_ROW)
    leg = size(args, FROM_LEG)
    to_row = size(args, TO_ROW)
    to_leg = size(args, TO_LEG)
    if radix == 1 and size(args, FROM_IM) == 0:
        for j in range(lo, hi):
            for c in range(run):
                store(y_re, j * to_row + c * to_leg, load(x_re, j * row + c * leg))
                store(y_im, j * to_row + c * to_leg, DTYPE(0))
    elif radix == 1 and leg == 1 and to_leg == 1:
        for j in range(lo, hi):
            for c in range(run):
                store(y_re, j * to_row + c, load(x_re, j * row + c))
            for c in range(run):
                store(y_im, j * to_row + c, load(x_im, j * row + c))
    elif radix == 1 and leg == 2 and to_leg == 1 and size(args, FROM_IM) == size(args, FROM_RE) + ITEMSIZE:
        for j in range(lo, hi):  # both parts lie in the same vectors
            for c in range(run):
                a = load(x_re, j * row + 2 * c)
                b = load(x_re, j * row + 2 * c + 1)
                store(y_re, j * to_row + c, a)
                store(y_im, j * to_row + c, b)
    elif radix == 1 and leg == 1 and to_leg == 2 and size(args, TO_IM) == size(args, TO_RE) + ITEMSIZE:
        for j in range(lo, hi):
            for c in range(run):
                a = load(x_re, j * row + c)
                b = load(x_im, j * row + c)
                store(y_re, j * to_row + 2 * c, a)
                store(y_re, j * to_row + 2 * c + 1, b)
    elif radix == 1 and leg == 1 and to_row == 1:
        whole = lo + (hi - lo) // 4 * 4
        for j in range(lo, whole, 4):  # four numbers are written side by side
            x0 = j * row
            x1 = x0 + row
            x2 = x1 + row
            x3 = x2 + row
            for c in range(run):
                y0 = j + c * to_leg
                store(y_re, y0, load(x_re, x0 + c))
                store(y_re, y0 + 1, load(x_re, x1 + c))
                store(y_re, y0 + 2, load(x_re, x2 + c))
                store(y_re, y0 + 3, load(x_re, x3 + c))
            for c in range(run):
                y0 = j + c * to_leg
                store(y_im, y0, load(x_im, x0 + c))
                store(y_im, y0 + 1, load(x_im, x1 + c))
                store(y_im, y0 + 2, load(x_im, x2 + c))
                store(y_im, y0 + 3, load(x_im, x3 + c))
        for j in range(whole, hi):
            for c in range(run):
                store(y_re, j + c * to_leg, load(x_re, j * row + c))
                store(y_im, j + c * to_leg, load(x_im, j * row + c))
    elif radix == 1:
        for start in range(lo, hi, 16):
            stop = start + 16
            if stop > hi:
                stop = hi
            for c in range(run):
                for j in range(start, stop):
                    store(y_re, j * to_row + c * to_leg, load(x_re, j * row + c * leg))
                    store(y_im, j * to_row + c * to_leg, load(x_im, j * row + c * leg))
    elif radix == 0:
        for p in range(lo, hi):
            for q in range(run):
                w = load(cos, p * step + q)
                v = load(sin, p * step + q)
                a = load(x_re, p * row + q)
                b = load(x_im, p * row + q)
                store(y_re, p * to_row + q, a * w + b * v)
                store(y_im, p * to_row + q, b * w - a * v)
    elif radix < 0:
        for p in range(lo, hi):
            power = p * step
            for q in range(run):
                w = load(cos, power)
                v = load(sin, power)
                a = load(x_re, p * row + q)
                b = load(x_im, p * row + q)
                store(y_re, p * to_row + q, a * w + b * v)
                store(y_im, p * to_row + q, b * w - a * v)
                power += p
    elif radix == 2:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            x0 = p * row
            x1 = x0 + leg
            y0 = p * to_row
            y1 = y0 + to_leg
            for q in range(run):
                a0 = load(x_re, x0 + q) + load(x_re, x1 + q)
                b0 = load(x_im, x0 + q) + load(x_im, x1 + q)
                a1 = load(x_re, x0 + q) - load(x_re, x1 + q)
                b1 = load(x_im, x0 + q) - load(x_im, x1 + q)
                store(y_re, y0 + q, a0)
                store(y_im, y0 + q, b0)
                a = a1
                b = b1
                store(y_re, y1 + q, a * w1 + b * v1)
                store(y_im, y1 + q, b * w1 - a * v1)
    elif radix == 3:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            w2 = load(cos, 2 * p * step)
            v2 = load(sin, 2 * p * step)
            x0 = p * row
            x1 = x0 + leg
            x2 = x1 + leg
            y0 = p * to_row
            y1 = y0 + to_leg
            y2 = y1 + to_leg
            for q in range(run):
                a0 = load(x_re, x0 + q)
                b0 = load(x_im, x0 + q)
                a1 = load(x_re, x1 + q) + load(x_re, x2 + q)
                b1 = load(x_im, x1 + q) + load(x_im, x2 + q)
                a2 = load(x_re, x1 + q) - load(x_re, x2 + q)
                b2 = load(x_im, x1 + q) - load(x_im, x2 + q)
                store(y_re, y0 + q, a0 + a1)
                store(y_im, y0 + q, b0 + b1)
                a0 = a0 - a1 * DTYPE(0.5)
                b0 = b0 - b1 * DTYPE(0.5)
                a2 = a2 * DTYPE(0.8660254037844386)
                b2 = b2 * DTYPE(0.8660254037844386)
                a = a0 + b2
                b = b0 - a2
                store(y_re, y1 + q, a * w1 + b * v1)
                store(y_im, y1 + q, b * w1 - a * v1)
                a = a0 - b2
                b = b0 + a2
                store(y_re, y2 + q, a * w2 + b * v2)
                store(y_im, y2 + q, b * w2 - a * v2)
    elif radix == 4:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            w2 = load(cos, 2 * p * step)
            v2 = load(sin, 2 * p * step)
            w3 = load(cos, 3 * p * step)
            v3 = load(sin, 3 * p * step)
            x0 = p * row
            x1 = x0 + leg
            x2 = x1 + leg
            x3 = x2 + leg
            y0 = p * to_row
            y1 = y0 + to_leg
            y2 = y1 + to_leg
            y3 = y2 + to_leg
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
            x0 = p * row
            x1 = x0 + leg
            x2 = x1 + leg
            x3 = x2 + leg
            x4 = x3 + leg
            y0 = p * to_row
            y1 = y0 + to_leg
            y2 = y1 + to_leg
            y3 = y2 + to_leg
            y4 = y3 + to_leg
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
                c2 = a0 - a1 * DTYPE(0.8090169943749475) + a2 * DTYPE(0.30901699437494745)
                e1 = a4 * DTYPE(0.9510565162951535) + a3 * DTYPE(0.5877852522924731)
                e2 = a4 * DTYPE(0.5877852522924731) - a3 * DTYPE(0.9510565162951535)
                d1 = b0 + b1 * DTYPE(0.30901699437494745) - b2 * DTYPE(0.8090169943749475)
                d2 = b0 - b1 * DTYPE(0.8090169943749475) + b2 * DTYPE(0.30901699437494745)
                f1 = b4 * DTYPE(0.9510565162951535) + b3 * DTYPE(0.5877852522924731)
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
    elif radix == 8:
        for p in range(lo, hi):
            w1 = load(cos, p * step)
            v1 = load(sin, p * step)
            w2 = load(cos, 2 * p * step)
            v2 = load(sin, 2 * p * step)
            w3 = load(cos, 3 * p * step)
            v3 = load(sin, 3 * p * step)
            w4 = load(cos, 4 * p * step)
            v4 = load(sin, 4 * p * step)
            w5 = load(cos, 5 * p * step)
            v5 = load(sin, 5 * p * step)
            w6 = load(cos, 6 * p * step)
            v6 = load(sin, 6 * p * step)
            w7 = load(cos, 7 * p * step)
            v7 = load(sin, 7 * p * step)
            x0 = p * row
            x1 = x0 + leg
            x2 = x1 + leg
            x3 = x2 + leg
            x4 = x3 + leg
            x5 = x4 + leg
            x6 = x5 + leg
            x7 = x6 + leg
            y0 = p * to_row
            y1 = y0 + to_leg
            y2 = y1 + to_leg
            y3 = y2 + to_leg
            y4 = y3 + to_leg
            y5 = y4 + to_leg
            y6 = y5 + to_leg
            y7 = y6 + to_leg
            for q in range(run):
                a0 = load(x_re, x0 + q) + load(x_re, x4 + q)
                b0 = load(x_im, x0 + q) + load(x_im, x4 + q)
                a4 = load(x_re, x0 + q) - load(x_re, x4 + q)
                b4 = load(x_im, x0 + q) - load(x_im, x4 + q)
                a1 = load(x_re, x1 + q) + load(x_re, x5 + q)
                b1 = load(x_im, x1 + q) + load(x_im, x5 + q)
                a5 = load(x_re, x1 + q) - load(x_re, x5 + q)
                b5 = load(x_im, x1 + q) - load(x_im, x5 + q)
                a2 = load(x_re, x2 + q) + load(x_re, x6 + q)
                b2 = load(x_im, x2 + q) + load(x_im, x6 + q)
                a6 = load(x_re, x2 + q) - load(x_re, x6 + q)
                b6 = load(x_im, x2 + q) - load(x_im, x6 + q)
                a3 = load(x_re, x3 + q) + load(x_re, x7 + q)
                b3 = load(x_im, x3 + q) + load(x_im, x7 + q)
                a7 = load(x_re, x3 + q) - load(x_re, x7 + q)
                b7 = load(x_im, x3 + q) - load(x_im, x7 + q)
                c0 = a0 + a2
                c1 = a1 + a3
                c2 = a0 - a2
                c3 = a1 - a3
                d0 = b0 + b2
                d1 = b1 + b3
                d2 = b0 - b2
                d3 = b1 - b3
                store(y_re, y0 + q, c0 + c1)
                store(y_im, y0 + q, d0 + d1)
                a = c0 - c1
                b = d0 - d1
                store(y_re, y4 + q, a * w4 + b * v4)
                store(y_im, y4 + q, b * w4 - a * v4)
                a = c2 + d3
                b = d2 - c3
                store(y_re, y2 + q, a * w2 + b * v2)
                store(y_im, y2 + q, b * w2 - a * v2)
                a = c2 - d3
                b = d2 + c3
                store(y_re, y6 + q, a * w6 + b * v6)
                store(y_im, y6 + q, b * w6 - a * v6)
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
                a = c0 + e0
                b = d0 + f0
                store(y_re, y1 + q, a * w1 + b * v1)
                store(y_im, y1 + q, b * w1 - a * v1)
                a = c0 - e0
                b = d0 - f0
                store(y_re, y5 + q, a * w5 + b * v5)
                store(y_im, y5 + q, b * w5 - a * v5)
                a = c2 + f1
                b = d2 - e1
                store(y_re, y3 + q, a * w3 + b * v3)
                store(y_im, y3 + q, b * w3 - a * v3)
                a = c2 - f1
                b = d2 + e1
                store(y_re, y7 + q, a * w7 + b * v7)
                store(y_im, y7 + q, b * w7 - a * v7)
    else:  # the sum as it stands
        root = size(args, ROOT)
        for p in range(lo, hi):
            for k in range(radix):
                power = p * k * step
                y0 = p * to_row + k * to_leg
                x0 = p * row
                for j in range(radix):
                    w1 = load(cos, power)
                    v1 = load(sin, power)
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
                    power += k * root
                    if power >= radix * root:
                        power -= radix * root
                    x0 += leg


def pass_source(dtype: str) -> str:
    """The text of the function for one pass."""
    values = {name.name: str(int(name)) for name in Pass} | {"DTYPE": dtype, "ITEMSIZE": str(np.dtype(dtype).itemsize)}
    return re.sub(r"\b[A-Z][A-Z0-9_]*\b", lambda match: values[match[0]], function_text(_pass))
