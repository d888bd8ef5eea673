"""Where functions are compared that are in none of the tables, and which are compared with no peer, and why."""

from __future__ import annotations

# By the names of files, in which the names of the functions are words.
ELSEWHERE: dict[str, str] = {
    "tests/outside/test_random_against_jax.py": """
        random.key random.split random.fold_in random.bits random.uniform random.bernoulli random.normal
        random.exponential random.truncated_normal random.categorical
    """,
    "tests/outside/test_nn_against_torch.py": "nn.batch_statistics nn.ctc_loss nn.multilabel_margin_loss",
    "tests/outside/test_reductions_against_torch.py": "cumulative_trapezoid",
    "tests/outside/test_special_against_jax.py": "special.dawsn special.spence",
    "tests/outside/test_special_against_torch.py": "special.erfcx special.j1",
}

ALONE: dict[str, str] = {
    **dict.fromkeys(("assert_", "print_"), "an effect"),
    **dict.fromkeys(("constant", "placeholder", "variable", "training"), "parts of graphs"),
    "linalg.schur": "its vectors are one choice of many; its product is tested",
    "linalg.solve_sylvester": "compared with SciPy",
    **{
        f"fft.{name}": "compared with SciPy"
        for name in ("dst", "dstn", "idst", "idstn", "hfft2", "hfftn", "ihfft2", "ihfftn")
    },
    **{
        f"special.{name}": "compared with SciPy and mpmath"
        for name in (
            *(
                "betaincc",
                "erfcinv",
                "expn",
                "iv",
                "ive",
                "j0",
                "jn",
                "jv",
                "k0",
                "k0e",
                "k1",
                "k1e",
                "kn",
                "kv",
                "kve",
            ),
            *("y0", "y1", "yn", "yv", "erfi", "sici", "fresnel"),
        )
    },
    **{
        f"random.{name}": "other streams than JAX's; the distribution is tested"
        for name in (
            "beta",
            "binomial",
            "chisquare",
            "choice",
            "dirichlet",
            "double_sided_maxwell",
            "f",
            "gamma",
            "loggamma",
            "multinomial",
            "negative_binomial",
            "permutation",
            "poisson",
            "rademacher",
            "randint",
            "shuffle",
            "student_t",
            "t",
            "von_mises",
            "vonmises",
            "weibull",
            "weibull_min",
        )
    },
    **{f"nn.{name}": "random" for name in ("alpha_dropout", "dropout", "feature_dropout", "Dropout")},
    **{f"nn.{name}": "made of functions that are compared" for name in ("BatchNorm", "Dense", "Sequential")},
    "nn.multi_head_attention": "made of scaled_dot_product_attention",
    "nn.hinge_loss": "scikit-learn's",
}
