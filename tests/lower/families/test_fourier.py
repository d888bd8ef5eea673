"""Plans with Fourier transforms: operands are read where they lie, and every access to memory is checked in Python."""

from __future__ import annotations

import staticad as sa
from staticad.pairs.decompose import Decomposition
from tests.lower.checking import computes
from tests.lower.planning import labels, plan_for


def made_real(z: sa.Tensor) -> sa.Tensor:
    """Its parts as they are stored outside."""
    (found,) = Decomposition().outputs([z])
    return found


def test_operands_are_read_where_they_lie() -> None:
    """Slices and transposed arrays are not copied first, but for what is no row of equal distances. Results are written
    as they are stored, also those of a transform backwards."""
    a, b = sa.placeholder((5, 7, 12)), sa.placeholder((5, 7, 12))
    z = sa.complex(a, b)
    for x in (z[:, 2], z[1].T, z[1, :, ::2]):
        assert labels(plan_for(made_real(sa.fft.fft(x)))) == ["fft"]
        assert labels(plan_for(made_real(sa.fft.ifft(x, norm="forward")))) == ["fft"]
    assert labels(plan_for(made_real(sa.fft.fft(z[:3, 1:3])))) == ["copy", "copy", "fft"]
    assert labels(plan_for(made_real(sa.fft.fft2(z[0])))) == ["fft", "fft"]


def test_long_transforms_are_two_steps() -> None:
    z, free = (sa.complex(sa.placeholder(shape), sa.placeholder(shape)) for shape in ((3, 1 << 14), ("n",)))
    # Of a free length, the table for a convolution is a transform as well.
    for x, steps in ((z, 2), (z[:, :1024], 1), (free, 4)):
        assert labels(plan_for(sa.real(sa.fft.fft(x)))).count("fft") == steps


def test_all_accesses_are_checked() -> None:
    x, y, a = sa.placeholder((2, 70)), sa.placeholder((2, 70)), sa.placeholder(("n", 3))
    computes(sa.real(sa.fft.ifft(sa.complex(x, y)[:, ::2])))
    computes(sa.real(sa.fft.fft(x, 1 << 14)[:, :3]))
    computes(sa.fft.irfft(sa.fft.fft(a, axis=0), 9, axis=0), 4)
