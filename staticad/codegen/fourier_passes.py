"""One pass of a Fourier transform over a block, as `staticad.codegen.fourier` explains; and copies of blocks.

It is compiled like a kernel, so that its inner loops are vectors: what is read and written are buffers that do not
overlap.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from staticad.codegen.fourier_butterflies import butterflies
from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Pass

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import load, pointer, size, store
    from staticad.codegen.routine_names import DTYPE, ITEMSIZE

    # Words of a pass.
    FROM_RE = FROM_IM = TO_RE = TO_IM = COS = SIN = RADIX = RUN = STEP = ROOT = 0
    FROM_ROW = FROM_LEG = TO_ROW = TO_LEG = FORM = BUTTERFLIES = 0


# Elements of group p and leg j begin at p * FROM_ROW + j * FROM_LEG, and are RUN side by side. Radix 1 copies rows of a
# block from or to an array, where legs are the columns; an array without imaginary part has the address 0. Radix 0
# multiplies rows by a table whose rows lie STEP apart, radix -1 by w(n)^(row column) from the roots of unity, with STEP
# for the number of the first column, radix -2 by one number of a table each; radix -3 sets rows to zero.
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
    form = size(args, FORM)
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
    elif radix == -2:
        for p in range(lo, hi):
            w = load(cos, p)
            v = load(sin, p)
            for q in range(run):
                a = load(x_re, p * row + q)
                b = load(x_im, p * row + q)
                store(y_re, p * to_row + q, a * w + b * v)
                store(y_im, p * to_row + q, b * w - a * v)
    elif radix == -3:
        for p in range(lo, hi):
            for q in range(run):
                store(y_re, p * to_row + q, DTYPE(0))
                store(y_im, p * to_row + q, DTYPE(0))
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
    elif form == BUTTERFLIES:
        pass
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
    text = function_text(_pass).replace("    elif form == BUTTERFLIES:\n        pass\n", butterflies())
    return re.sub(r"\b[A-Z][A-Z0-9_]*\b", lambda match: values[match[0]], text)
