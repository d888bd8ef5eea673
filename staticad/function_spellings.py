"""Functions of linear algebra, Fourier transforms and special functions that SciPy, JAX and PyTorch have, and what to
write instead.

The tables hold no name that exists: a test looks at all rows.
"""

from __future__ import annotations


def _each(names: str, text: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), text)


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
    **_each(
        "companion convolution_matrix dft fiedler fiedler_companion hadamard helmert hilbert invhilbert invpascal "
        "leslie pascal",
        "SciPy's function of numbers, whose result is a constant; of tensors sa.stack and x.at[...].set",
    ),
    **_each("cho_solve_banded cholesky_banded solveh_banded", "sa.linalg.cho_solve of the whole matrix"),
    **_each("eig_banded eigvals_banded", "sa.linalg.eigh of the whole matrix"),
    **_each("qr_delete qr_insert qr_update", "sa.linalg.qr of the changed matrix"),
    "qr_multiply": "q, r = sa.linalg.qr(a), and q @ c",
    **_each("hessenberg rsf2csf cdf2rdf", "sa.linalg.schur or sa.linalg.eig, of a complex matrix"),
    **_each("qz ordqz", "sa.linalg.eig(sa.linalg.solve(b, a)), for generalized eigenvalues"),
    **_each("cossin subspace_angles", "sa.linalg.svd(sa.linalg.qr(a)[0].mT @ sa.linalg.qr(b)[0])"),
    **_each(
        "solve_continuous_are solve_discrete_are",
        "sa.linalg.eig of the Hamiltonian matrix; or iterate sa.linalg.solve in sa.while_loop",
    ),
    "solve_discrete_lyapunov": "sa.linalg.solve(sa.eye(n * n) - sa.kron(a, a.conj()), sa.ravel(q))",
    "bandwidth": "NumPy's arrays: a size can't depend on data",
    "diagsvd": "sa.diag of the singular values",
    **_each("ishermitian issymmetric", "sa.allclose(a, a.mT.conj())"),
    "khatri_rao": "sa.reshape(sa.einsum('ik,jk->ijk', a, b), (-1, n))",
    "expm_frechet": "sa.jvp(sa.linalg.expm(a), [a], [e])",
    "expm_cond": "sa.jacobian(sa.linalg.expm(a), a)",
    "matrix_balance": "a * d / d[:, None], with scales d of your own",
    "tanm": "sa.linalg.solve(c, s), the real and imaginary parts c and s of sa.linalg.expm(1j * a)",
    "clarkson_woodruff_transform": "sa.segment_sum of rows with random signs",
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
    "ifht": "sa.fft.ifft of numbers in logarithmic steps, divided by a table",
    "fhtoffset": "SciPy's function, whose result is a number",
    **_each("get_workers set_workers", "staticad.config.override(threads=n)"),
    "next_fast_len": "any length: all are fast, primes too",
    "prev_fast_len": "any length: all are fast, primes too",
    "stft": "sa.fft.rfft(sa.sliding_window_view(x, n)[::step] * window)",
}

_OWN = "sa.custom_op with your own function and derivative"
_NUMBERS = "SciPy's function, whose results are numbers: constants of the graph"
_RECURRENCE = "its recurrence in the order: a loop of Python for a known order, else sa.fori_loop"
_QUANTILE = "steps of Newton's method on the distribution function: sa.fori_loop"
_TAIL = "1 - betainc(n / 2, 1 / 2, n / (n + t**2)) / 2 for t > 0"


SPECIAL: dict[str, str] = {
    # SciPy, JAX and PyTorch
    "bessel_j0": "sa.special.j0(x)",
    "bessel_j1": "sa.special.j1(x)",
    "bessel_jn": "sa.special.jv(n, x)",
    "igamma": "sa.special.gammainc(a, x)",
    "igammac": "sa.special.gammaincc(a, x)",
    "modified_bessel_i0": "sa.special.i0(x)",
    "modified_bessel_i1": "sa.special.i1(x)",
    "mvlgamma": "sa.special.multigammaln(a, d)",
    "poch": "sa.exp(sa.special.gammaln(x + n) - sa.special.gammaln(x)), of positive x",
    "spherical_bessel_j0": "sa.sinc(x / np.pi)",
    "stdtr": f"sa.special.betainc of t**2: {_TAIL}",
    "chdtr": "sa.special.gammainc(n / 2, x / 2)",
    "chdtrc": "sa.special.gammaincc(n / 2, x / 2)",
    "pdtr": "sa.special.gammaincc(sa.floor(k) + 1, m)",
    "pdtrc": "sa.special.gammainc(sa.floor(k) + 1, m)",
    "gdtr": "sa.special.gammainc(b, a * x)",
    "gdtrc": "sa.special.gammaincc(b, a * x)",
    "bdtr": "sa.special.betaincc(k + 1, n - k, p)",
    "bdtrc": "sa.special.betainc(k + 1, n - k, p)",
    "nbdtr": "sa.special.betainc(n, k + 1, p)",
    "nbdtrc": "sa.special.betaincc(n, k + 1, p)",
    "fdtr": "sa.special.betainc(m / 2, n / 2, m * x / (m * x + n))",
    "fdtrc": "sa.special.betaincc(m / 2, n / 2, m * x / (m * x + n))",
    **_each(
        "bdtri bdtrik bdtrin betainccinv betaincinv btdtria btdtrib chdtri chdtriv fdtri fdtridfd gammainccinv "
        "gammaincinv gdtria gdtrib gdtrix nbdtri nbdtrik nbdtrin ndtri_exp nrdtrimn nrdtrisd pdtri pdtrik stdtridf "
        "stdtrit tklmbda kolmogi smirnovi",
        _QUANTILE,
    ),
    **_each(
        "assoc_laguerre assoc_legendre_p assoc_legendre_p_all chebyc chebys chebyt chebyu eval_chebyc eval_chebys "
        "eval_chebyt eval_chebyu eval_gegenbauer eval_genlaguerre eval_hermite eval_hermitenorm eval_jacobi "
        "eval_laguerre eval_legendre eval_sh_chebyt eval_sh_chebyu eval_sh_jacobi eval_sh_legendre gegenbauer "
        "genlaguerre hermite hermitenorm jacobi laguerre legendre legendre_p legendre_p_all lpmv sh_chebyt sh_chebyu "
        "sh_jacobi sh_legendre sph_harm_y sph_harm_y_all sph_legendre_p sph_legendre_p_all spherical_in spherical_jn "
        "spherical_kn spherical_yn riccati_jn riccati_yn lmbda besselpoly",
        _RECURRENCE,
    ),
    **_each(
        "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w "
        "hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p "
        "shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v "
        "shifted_chebyshev_polynomial_w",
        _RECURRENCE,
    ),
    **_each(
        "ai_zeros bei_zeros beip_zeros ber_zeros bernoulli berp_zeros bi_zeros c_roots cg_roots erf_zeros euler "
        "fresnel_zeros fresnelc_zeros fresnels_zeros h_roots he_roots j_roots jn_zeros jnjnp_zeros jnp_zeros "
        "jnyn_zeros js_roots kei_zeros keip_zeros kelvin_zeros ker_zeros kerp_zeros l_roots la_roots "
        "mathieu_even_coef mathieu_odd_coef obl_cv_seq p_roots pro_cv_seq ps_roots roots_chebyc roots_chebys "
        "roots_chebyt roots_chebyu roots_gegenbauer roots_genlaguerre roots_hermite roots_hermitenorm roots_jacobi "
        "roots_laguerre roots_legendre roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi roots_sh_legendre s_roots "
        "stirling2 t_roots ts_roots u_roots us_roots y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros",
        _NUMBERS,
    ),
    **_each(
        "agm airy airye airy_ai bei beip ber berp chndtr chndtridf chndtrinc chndtrix ellip_harm ellip_harm_2 "
        "ellip_normal ellipe ellipeinc ellipj ellipk ellipkinc ellipkm1 elliprc elliprd elliprf elliprg elliprj "
        "hankel1 hankel1e hankel2 hankel2e h1vp h2vp hyp0f1 hyp1f1 hyp2f1 hyperu it2i0k0 it2j0y0 it2struve0 itairy "
        "iti0k0 itj0y0 itmodstruve0 itstruve0 kei keip kelvin ker kerp kolmogorov lambertw log_wright_bessel lqmn "
        "lqn mathieu_a mathieu_b mathieu_cem mathieu_modcem1 mathieu_modcem2 mathieu_modsem1 mathieu_modsem2 "
        "mathieu_sem modfresnelm modfresnelp modstruve ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr "
        "nctdtridf nctdtrinc nctdtrit obl_ang1 obl_ang1_cv obl_cv obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv "
        "owens_t pbdn_seq pbdv pbdv_seq pbvv pbvv_seq pbwa pro_ang1 pro_ang1_cv pro_cv pro_rad1 pro_rad1_cv "
        "pro_rad2 pro_rad2_cv smirnov struve voigt_profile wofz wright_bessel wrightomega",
        _OWN,
    ),
    "ivp": "(sa.special.iv(n - 1, x) + sa.special.iv(n + 1, x)) / 2",
    "jvp": "(sa.special.jv(n - 1, x) - sa.special.jv(n + 1, x)) / 2",
    "kvp": "-(sa.special.kv(n - 1, x) + sa.special.kv(n + 1, x)) / 2",
    "yvp": "(sa.special.yv(n - 1, x) - sa.special.yv(n + 1, x)) / 2",
    "yve": "sa.special.yv(n, x), of real numbers",
    "shichi": "(sa.special.expi(x) + sa.special.exp1(x)) / 2 and half their difference, of x > 0",
    "bessel_y0": "sa.special.y0(x)",
    "bessel_y1": "sa.special.y1(x)",
    "modified_bessel_k0": "sa.special.k0(x)",
    "modified_bessel_k1": "sa.special.k1(x)",
    "scaled_modified_bessel_k0": "sa.special.k0e(x)",
    "scaled_modified_bessel_k1": "sa.special.k1e(x)",
    "jve": "sa.special.jv(n, x), of real numbers",
    "zetac": "sa.special.zeta(x) - 1",
    "diric": "sa.sin(n * x / 2) / (n * sa.sin(x / 2))",
    "cosdg": "sa.cos(sa.deg2rad(x))",
    "sindg": "sa.sin(sa.deg2rad(x))",
    "tandg": "sa.tan(sa.deg2rad(x))",
    "cotdg": "1 / sa.tan(sa.deg2rad(x))",
    "radian": "sa.deg2rad(d + m / 60 + s / 3600)",
    "factorial2": "2**(n / 2) * sa.special.gamma(n / 2 + 1) of even n, times sa.sqrt(2 / np.pi) of odd n",
    "factorialk": "k**(n / k) * sa.special.gamma(n / k + 1), of multiples of k",
    "perm": "sa.special.binom(n, k) * sa.special.factorial(k)",
}
