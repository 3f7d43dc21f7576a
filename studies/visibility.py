"""How often 95% intervals of visibility hold the truth of simulated logs.

Prompts are drawn from a population. Each prompt has a rate of its own (beta), so that its repeats
agree by the intraclass correlation; the truth is the rate of the population. The interval of
`measure_visibility` is compared with the plain percentile bootstrap over prompts, and with Wilson's
interval over answers, which takes all answers as independent.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from coverage_kit.measure.intervals import (
    MIN_EVENTS,
    Z_95,
    Floats,
    Ints,
    has_few_events,
    measure_ratios,
)

METHODS = ("percentile", "wilson", "ours")
# Coverage that counts as that of a 95% interval.
BOUNDS = (0.93, 0.97)
# Draws of the plain bootstrap.
_DRAWS = 500
# In the citation_share scenarios: mean pages cited by an answer, for each half of the prompts.
_CITED = (3.0, 9.0)
# In the same scenarios: by which factor these pages are more, or less, often the site's.
_TILT = (1.5, 0.75)
# Mention rates of the other two brands, in the share_of_voice scenarios.
_RIVALS = (0.2, 0.3)


@dataclass(frozen=True)
class Scenario:
    """A kind of log: prompts, answers to each, correlation within a prompt, the site's rate.

    0 repeats: one to five answers at random.
    """

    measure: str
    n_prompts: int
    repeats: int
    correlation: float
    rate: float


def all_scenarios() -> list[Scenario]:
    """Return the grid of the citation rate, and a smaller one of the two shares."""
    alike = [(1, 0.0), *product((3, 5, 0), (0.0, 0.1, 0.5, 0.8))]
    rates = [
        Scenario("citation_rate", n, repeats, correlation, rate)
        for n, (repeats, correlation), rate in product(
            (20, 50, 100, 300), alike, (0.02, 0.05, 0.1, 0.3, 0.5)
        )
    ]
    shares = [
        Scenario(measure, n, 3, correlation, rate)
        for measure, n, correlation, rate in product(
            ("citation_share", "share_of_voice"),
            (20, 50, 100, 300),
            (0.0, 0.5),
            (0.05, 0.1, 0.3),
        )
    ]
    return rates + shares


def simulate_logs(
    scenario: Scenario, n_logs: int, rng: np.random.Generator
) -> tuple[Floats, Floats, float]:
    """Return the prompts' numerators and denominators, (n_prompts, n_logs) each, and the truth."""
    shape = (scenario.n_prompts, n_logs)
    answers = (
        rng.integers(1, 6, size=shape)
        if scenario.repeats == 0
        else np.full(shape, scenario.repeats)
    )
    if scenario.measure == "citation_rate":
        return (
            _draw(answers, np.full(shape, scenario.rate), scenario, rng),
            answers.astype(np.float64),
            scenario.rate,
        )
    if scenario.measure == "share_of_voice":
        own = _draw(answers, np.full(shape, scenario.rate), scenario, rng)
        rivals = sum(_draw(answers, np.full(shape, rate), scenario, rng) for rate in _RIVALS)
        return own, own + rivals, scenario.rate / (scenario.rate + sum(_RIVALS))
    kind = rng.integers(0, 2, size=shape)
    cited = answers + rng.poisson((np.array(_CITED)[kind] - 1) * answers)
    share = scenario.rate * np.array(_TILT)[kind]
    return (
        _draw(cited, share, scenario, rng),
        cited.astype(np.float64),
        scenario.rate * float(np.dot(_CITED, _TILT) / sum(_CITED)),
    )


def _draw(n: Ints, rate: Floats, scenario: Scenario, rng: np.random.Generator) -> Floats:
    """Return how many of n trials succeed; each prompt has a rate of its own around `rate`."""
    if scenario.correlation:
        weight = 1 / scenario.correlation - 1
        rate = rng.beta(rate * weight, (1 - rate) * weight)
    return rng.binomial(n, rate).astype(np.float64)


def measure_coverage(scenario: Scenario, n_logs: int = 2000, seed: int = 0) -> dict[str, float]:
    """Return by method the share of logs whose interval holds the truth.

    Also n_expected, the events expected, and few_events, the share of logs marked for few events.
    """
    rng = np.random.default_rng(seed)
    top, base, truth = simulate_logs(scenario, n_logs, rng)
    table = measure_ratios(
        top.ravel(),
        base.ravel(),
        np.tile(np.arange(n_logs), scenario.n_prompts),
        n_logs,
    )
    intervals = {
        "percentile": _percentile(top, base, rng),
        "wilson": _wilson(table["value"].to_numpy(), table["denominator"].to_numpy()),
        "ours": (table["low"].to_numpy(), table["high"].to_numpy()),
    }
    coverage = {
        method: float(((low <= truth) & (truth <= high)).mean())
        for method, (low, high) in intervals.items()
    }
    n_alike = scenario.n_prompts * float(base.mean() ** 2 / (base**2).mean())
    return {
        "n_expected": n_alike * min(truth, 1 - truth),
        **coverage,
        "few_events": float(has_few_events(table).mean()),
    }


def _percentile(top: Floats, base: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    n_prompts = len(top)
    weights = rng.multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=_DRAWS).astype(
        np.float64
    )
    low, high = np.quantile(
        (weights @ top) / np.maximum(weights @ base, 1e-9),
        [0.025, 0.975],
        axis=0,
    )
    return low, high


def _wilson(value: Floats, n: Floats) -> tuple[Floats, Floats]:
    middle = (value + Z_95**2 / 2 / n) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * np.sqrt(value * (1 - value) / n + Z_95**2 / 4 / n**2)
    return middle - half, middle + half


def run(
    scenarios: Iterable[Scenario] | None = None,
    n_logs: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a row for each scenario with what `measure_coverage` returns."""
    chosen = all_scenarios() if scenarios is None else scenarios
    rows = [
        {
            **asdict(scenario),
            **measure_coverage(scenario, n_logs, seed + number),
        }
        for number, scenario in enumerate(chosen)
    ]
    return pd.DataFrame(rows)


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """Return by measure and expected events in how many scenarios a method covers 93 to 97%.

    Also the lowest and the highest coverage.
    """
    is_many = np.where(
        table["n_expected"] >= MIN_EVENTS - 1e-9,
        f"{MIN_EVENTS:.0f} or more",
        f"under {MIN_EVENTS:.0f}",
    )
    rows = [
        {
            "measure": measure,
            "n_expected": many,
            "method": method,
            "n_scenarios": len(scenarios),
        }
        | {
            "within": int(scenarios[method].between(*BOUNDS).sum()),
            "least": scenarios[method].min(),
            "most": scenarios[method].max(),
        }
        for (measure, many), scenarios in table.groupby([table["measure"], is_many])
        for method in METHODS
    ]
    return pd.DataFrame(rows)


def run_visibility(path: Path | None = None, n_logs: int = 2000, seed: int = 0) -> int:
    """Print the coverage of every scenario and its summary; return 0.

    Where a path is given, the coverage is written there as JSON.
    """
    table = run(n_logs=n_logs, seed=seed)
    print(table.round(3).to_string(index=False))
    print(
        f"\nscenarios whose coverage is within {BOUNDS[0]:.0%} to {BOUNDS[1]:.0%}, "
        f"{n_logs} logs each"
    )
    print(summarize(table).round(3).to_string(index=False))
    if path is not None:
        path.write_text(table.to_json(orient="records", indent=2) + "\n", encoding="utf-8")
    return 0
