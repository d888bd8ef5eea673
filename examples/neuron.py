"""The sigmoid neuron 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))): all 13 partial derivatives next to the hand calculation."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

import staticad as sa
from staticad.export import to_svg

VALUES = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def by_hand(w0: float, x0: float, w1: float, x1: float, w2: float) -> dict[str, float]:
    """The chain rule, from the output back to the inputs, one line per step."""
    d = w0 * x0 + w1 * x1 + w2
    f = math.exp(-d)
    g = 1 + f
    dh_dg = -1 / g**2
    dh_df = dh_dg * 1
    dh_de = dh_df * f
    dh_dd = dh_de * -1
    dh_dc = dh_dd * 1
    dh_da = dh_dc * 1
    dh_db = dh_dc * 1
    return {
        "h": 1.0,
        "g": dh_dg,
        "f": dh_df,
        "e": dh_de,
        "d": dh_dd,
        "c": dh_dc,
        "w2": dh_dd * 1,
        "a": dh_da,
        "b": dh_db,
        "w0": dh_da * x0,
        "x0": dh_da * w0,
        "w1": dh_db * x1,
        "x1": dh_db * w1,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", type=Path, metavar="FILE", help="write an SVG picture of the graph")
    arguments = parser.parse_args()

    w0, x0, w1, x1, w2 = inputs = [sa.placeholder((), "float64", name=name) for name in VALUES]
    a = w0 * x0
    b = w1 * x1
    c = a + b
    d = c + w2
    e = -d
    f = sa.exp(e)
    g = 1 + f
    h = 1 / g

    # Derivatives with respect to intermediate results need no preparation: any tensor of the graph will do.
    places = {"h": h, "g": g, "f": f, "e": e, "d": d, "c": c, "w2": w2, "a": a, "b": b}
    places |= {"w0": w0, "x0": x0, "w1": w1, "x1": x1}
    session = sa.compile([h, *sa.gradients(h, list(places.values()))], inputs=inputs)
    value, *gradients = session(*VALUES.values())

    print(f"h = {float(value):.6f}\n\n{'':8}{'staticad':>12}{'by hand':>12}")
    for (name, expected), found in zip(by_hand(**VALUES).items(), gradients, strict=True):
        print(f"{'dh/d' + name:8}{float(found):12.6f}{expected:12.6f}")
        assert np.isclose(found, expected, rtol=1e-13), f"dh/d{name}: {found} is not {expected}"
    print(f"\nall {len(gradients)} agree")

    if arguments.draw:
        derivatives = zip(inputs, sa.gradients(h, inputs), strict=True)
        arguments.draw.write_text(to_svg({"h": h} | {f"dh/d{x.name}": dx for x, dx in derivatives}), "utf-8")


if __name__ == "__main__":
    main()
