"""Elementary functions for formulas that are functions of their own: called, so that they stand there once."""

from __future__ import annotations

from staticad.codegen.special import digamma as of_digamma
from staticad.codegen.special import gamma_function
from staticad.codegen.special.flow import call
from staticad.codegen.vecmath import exponential, logarithm
from staticad.codegen.vecmath import power as of_power
from staticad.codegen.vecmath.builder import Value


def exp(x: Value) -> Value:
    """e**x."""
    return call("exp", exponential.exp, x)


def log(x: Value) -> Value:
    """The natural logarithm."""
    return call("log", logarithm.log, x)


def log1p(x: Value) -> Value:
    """log(1 + x)."""
    return call("log1p", logarithm.log1p, x)


def power(x: Value, y: Value) -> Value:
    """x**y."""
    return call("power", of_power.power, x, y)


def gamma(x: Value) -> Value:
    """The gamma function."""
    return call("gamma", gamma_function.gamma, x)


def gammaln(x: Value) -> Value:
    """The logarithm of its magnitude."""
    return call("gammaln", gamma_function.gammaln, x)


def log_gamma_of_positive(x: Value) -> Value:
    """The same of a positive number."""
    return call("log_gamma_of_positive", gamma_function.log_gamma_of_positive, x)


def stirling(x: Value) -> Value:
    """What Stirling's leading terms leave of it."""
    return call("stirling", gamma_function.stirling, x)


def digamma_of_positive(x: Value) -> Value:
    """Its derivative, of a positive number."""
    return call("digamma_of_positive", of_digamma.digamma_of_positive, x)


def trigamma_of_positive(x: Value) -> Value:
    """The derivative of that."""
    return call("trigamma_of_positive", of_digamma.trigamma_of_positive, x)
