"""The price of an option by Monte Carlo, and its derivatives, the Greeks: a scan over days that draws random numbers.

A call option pays what the stock is worth above the strike on the last day; an Asian one takes the average over the
days instead. For the first there is a closed formula (Black and Scholes) to compare with. The derivatives are those of
the simulation itself, path by path: one session makes the prices, their standard errors and the Greeks.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

import staticad as sa

SPOT, STRIKE, VOLATILITY, RATE, YEARS, DAYS = 100.0, 105.0, 0.2, 0.03, 0.5, 126


def simulation(paths: int) -> sa.Session:
    """Feeds: key, spot, volatility, rate. Fetches: price, standard error and the three derivatives of both options."""
    key = sa.placeholder((2,), "uint32", name="key")
    spot, volatility, rate = (sa.placeholder((), "float64", name=name) for name in ("spot", "volatility", "rate"))
    day = YEARS / DAYS
    drift = (rate - volatility**2 / 2) * day
    spread = volatility * math.sqrt(day)

    def step(state: tuple[sa.Tensor, sa.Tensor], today: sa.Tensor) -> tuple[tuple[sa.Tensor, sa.Tensor], None]:
        logarithm, total = state
        logarithm = logarithm + drift + spread * sa.random.normal(today, (paths,))
        return (logarithm, total + sa.exp(logarithm)), None

    start = sa.log(sa.full((paths,), spot))
    (logarithm, total), _ = sa.scan(step, (start, sa.zeros((paths,))), sa.random.split(key, DAYS))
    results = []
    for worth in (sa.exp(logarithm), total / DAYS):
        payoff = sa.exp(-rate * YEARS) * sa.relu(worth - STRIKE)
        price = payoff.mean()
        greeks = sa.gradients(price, [spot, volatility, rate])
        results.append([price, payoff.std() / math.sqrt(paths), *greeks])
    return sa.compile(results, inputs=[key, spot, volatility, rate])


def black_scholes() -> tuple[float, float, float, float]:
    """Price, delta, vega and rho of the call option."""
    deviation = VOLATILITY * math.sqrt(YEARS)
    upper = (math.log(SPOT / STRIKE) + RATE * YEARS) / deviation + deviation / 2
    below, above = (0.5 * math.erfc(-d / math.sqrt(2)) for d in (upper - deviation, upper))
    discounted = STRIKE * math.exp(-RATE * YEARS)
    density = math.exp(-upper * upper / 2) / math.sqrt(2 * math.pi)
    return (
        SPOT * above - discounted * below,
        above,
        SPOT * density * math.sqrt(YEARS),
        discounted * YEARS * below,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, default=50_000, help="simulated paths of the stock (default: 50000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: 0)")
    arguments = parser.parse_args()

    session = simulation(arguments.paths)
    key = np.array([0, arguments.seed], np.uint32)
    call, asian = session(key, SPOT, VOLATILITY, RATE)
    print(f"{'':16}{'price':>10}{'error':>10}{'delta':>10}{'vega':>10}{'rho':>10}")
    print("call, simulated " + "".join(f"{float(v):10.4f}" for v in call))
    price, *greeks = black_scholes()
    print(f"call, formula   {price:10.4f}{'':10}" + "".join(f"{v:10.4f}" for v in greeks))
    print("Asian, simulated" + "".join(f"{float(v):10.4f}" for v in asian))

    # The same key draws the same numbers, so a difference of two simulations has no noise: it is the derivative.
    upper, lower = (session(key, SPOT, VOLATILITY + h, RATE)[1][0] for h in (1e-5, -1e-5))
    print(f"Asian, vega by differences: {(upper - lower) / 2e-5:.4f}")


if __name__ == "__main__":
    main()
