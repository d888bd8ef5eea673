"""Functions of linear algebra, Fourier transforms and special functions that SciPy, JAX and PyTorch have, and what to
write instead.

The tables hold no name that exists: a test looks at all rows.
"""

from __future__ import annotations

LINALG: dict[str, str] = {
    # SciPy
    "circulant": "sa.linalg.toeplitz(c, sa.roll(c[::-1], 1))",
    "coshm": "(sa.linalg.expm(a) + sa.linalg.expm(-a)) / 2",
    "cosm": "sa.linalg.expm(1j * a), whose real part it is of a real matrix",
    "eigh_tridiagonal": "sa.linalg.eigh of the whole matrix",
    "eigvalsh_tridiagonal": "sa.linalg.eigvalsh of the whole matrix",
    "fractional_matrix_power": "w, v = sa.linalg.eigh(a), and v * w**p @ v.mT.conj(); sa.linalg.sqrtm for p = 0.5",
    "funm": "w, v = sa.linalg.eigh(a), and v * f(w) @ v.mT.conj(); of others sa.linalg.eig and inv(v) for v.mT.conj()",
    "hankel": "sa.flip of sa.linalg.toeplitz",
    "ldl": "sa.linalg.cholesky, or sa.linalg.lu of a matrix that is not positive definite",
    "logm": "w, v = sa.linalg.eigh(a), and v * sa.log(w) @ v.mT.conj(); of others sa.linalg.eig and inv(v) for "
    "v.mT.conj()",
    "matmul_toeplitz": "sa.linalg.toeplitz(c, r) @ x, or sa.convolve",
    "null_space": "sa.linalg.svd: the last rows of vh, conjugated, whose number is known",
    "orth": "sa.linalg.svd: the first columns of u, whose number is known",
    "orthogonal_procrustes": "u, s, vh = sa.linalg.svd(b.T @ a), and (u @ vh).T",
    "pinvh": "sa.linalg.pinv(a, hermitian=True)",
    "polar": "u, s, vh = sa.linalg.svd(a, full_matrices=False), and u @ vh with vh.mT.conj() * s @ vh",
    "rq": "sa.linalg.qr of sa.flip(a).mT, turned back",
    "signm": "sa.linalg.inv(sa.linalg.sqrtm(a @ a)) @ a",
    "sinhm": "(sa.linalg.expm(a) - sa.linalg.expm(-a)) / 2",
    "sinm": "sa.linalg.expm(1j * a), whose imaginary part it is of a real matrix",
    "solve_banded": "sa.linalg.solve of the whole matrix, or sa.scan over its rows",
    "solve_circulant": "sa.fft.ifft(sa.fft.fft(b) / sa.fft.fft(c))",
    "solve_continuous_lyapunov": "sa.linalg.solve_sylvester(a, a.mT.conj(), q)",
    "solve_lyapunov": "sa.linalg.solve_sylvester(a, a.mT.conj(), q)",
    "solve_toeplitz": "sa.linalg.solve(sa.linalg.toeplitz(c, r), b)",
    "tanhm": "sa.linalg.solve(cosh, sinh) with the two of sa.linalg.expm(a) and sa.linalg.expm(-a)",
    # PyTorch
    "cholesky_ex": "sa.linalg.cholesky(a)",
    "cholesky_inverse": "sa.linalg.cho_solve((c, True), sa.eye(n))",
    "cholesky_solve": "sa.linalg.cho_solve((c, True), b)",
    "inv_ex": "sa.linalg.inv(a)",
    "logdet": "sa.linalg.slogdet(a), whose second result it is",
    "lu_factor_ex": "sa.linalg.lu_factor(a)",
    "matrix_exp": "sa.linalg.expm(a)",
    "solve_ex": "sa.linalg.solve(a, b)",
    "vander": "sa.vander(x, increasing=True)",
}

FOURIER: dict[str, str] = {
    "dft": "sa.fft.fft(x)",
    "fht": "sa.fft.fft of numbers in logarithmic steps, times a table",
    "next_fast_len": "any length: all are fast, primes too",
    "prev_fast_len": "any length: all are fast, primes too",
    "stft": "sa.fft.rfft(sa.sliding_window_view(x, n)[::step] * window)",
}

SPECIAL: dict[str, str] = {
    # SciPy, JAX and PyTorch
    **dict.fromkeys(("lgamma", "loggamma"), "sa.special.gammaln(x), of real numbers"),
    "bessel_j0": "sa.special.j0(x)",
    "bessel_j1": "sa.special.j1(x)",
    "bessel_jn": "sa.special.jv(n, x)",
    "binom": "sa.exp(-sa.special.betaln(1 + n - k, 1 + k) - sa.log(n + 1))",
    "boxcox": "sa.expm1(p * sa.log(x)) / p, or sa.log(x) where p is 0",
    "boxcox1p": "sa.expm1(p * sa.log1p(x)) / p, or sa.log1p(x) where p is 0",
    "comb": "sa.exp(-sa.special.betaln(1 + n - k, 1 + k) - sa.log(n + 1))",
    "cosm1": "-2 * sa.sin(x / 2)**2",
    "exp10": "sa.power(10.0, x)",
    "exp2": "sa.exp2(x)",
    "expm1": "sa.expm1(x)",
    "exprel": "sa.expm1(x) / x, or 1 where x is 0",
    "factorial": "sa.special.gamma(n + 1)",
    "gammasgn": "sa.sign(sa.special.gamma(x)), or of negative x, by the parity of sa.floor(x)",
    "huber": "sa.nn.huber_loss(r, 0.0, delta=delta, reduction='none')",
    "igamma": "sa.special.gammainc(a, x)",
    "igammac": "sa.special.gammaincc(a, x)",
    "inv_boxcox": "sa.exp(sa.log1p(p * y) / p), or sa.exp(y) where p is 0",
    "log1p": "sa.log1p(x)",
    "modified_bessel_i0": "sa.special.i0(x)",
    "modified_bessel_i1": "sa.special.i1(x)",
    "mvlgamma": "sa.special.multigammaln(a, d)",
    "owens_t": "sa.custom_op with your own function and derivative",
    "poch": "sa.exp(sa.special.gammaln(x + n) - sa.special.gammaln(x)), of positive x",
    "pseudo_huber": "delta**2 * (sa.hypot(1.0, r / delta) - 1)",
    "rgamma": "1 / sa.special.gamma(x)",
    "round": "sa.round(x)",
    "sinc": "sa.sinc(x)",
    "softplus": "sa.softplus(x)",
    "spherical_bessel_j0": "sa.sinc(x / np.pi)",
    "stdtr": "sa.special.betainc of t**2: 1 - betainc(n / 2, 1 / 2, n / (n + t**2)) / 2 for t > 0",
}
