"""Before and after on simulated logs of known truth: false verdicts without a change, and power."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from coverage_kit.measure.before_after import LEVEL, Treatment, measure_change
from coverage_kit.measure.permutation import correct_holm
from coverage_kit.tables import ANSWERS, CITATIONS, MENTIONS, Answers, Citations

Floats = npt.NDArray[np.float64]

SITE = "own.example"
_HOW_TO_READ = """Effect 0: shares are of false verdicts; those of this toolkit should be .05 or
less, but where the treated are chosen by the same answers: what was low by luck rises by itself,
and no test here corrects for it.
treated: share of logs in which all treated clusters together are shown to have changed;
any_cluster: at least one of them, and clusters: share of them, after Holm.
smallest: median smallest_effect of 'treated' and of a cluster, where it is defined.
milliseconds: to draw and measure one log."""
# The day of the change in every simulated log.
CHANGED_AT = pd.Timestamp("2025-03-03", tz="UTC")


@dataclass(frozen=True)
class World:
    """How logs are simulated, on the logit scale.

    Every prompt is asked `n_repeats` times before and after the change.

    Attributes:
        n_clusters: clusters.
        n_treated: how many of them are treated.
        n_prompts: prompts of each cluster.
        n_repeats: answers to each prompt before, and again after, a week apart.
        middle: logit of the usual citation rate.
        cluster_spread: standard deviation of the clusters around it.
        prompt_spread: that of prompts within a cluster, shared by all answers to the prompt.
        moment_spread: that of a prompt before and again after, shared by its answers of that time.
        drift: what the engine adds everywhere after the change.
        drift_spread: standard deviation of what it adds to one cluster.
        offset: how much the treated clusters differ before, as gaps do that are to be closed.
        effect: what the treatment adds to the rate of each treated prompt, up to a rate of 1.
        is_chosen: whether those clusters are treated that were cited least in the very answers
            before, a choice by luck.
    """

    n_clusters: int = 12
    n_treated: int = 6
    n_prompts: int = 10
    n_repeats: int = 3
    middle: float = -1.0
    cluster_spread: float = 0.8
    prompt_spread: float = 1.5
    moment_spread: float = 0.4
    drift: float = -0.4
    drift_spread: float = 0.3
    offset: float = 0.0
    effect: float = 0.0
    is_chosen: bool = False


WORLDS = {
    "12 clusters x 10 prompts x 3": World(),
    "no cluster drifts by itself": World(drift_spread=0.0),
    "clusters drift strongly": World(drift_spread=1.0),
    "treated are seldom cited": World(offset=-2.0),
    "3 of 12 treated": World(n_treated=3),
    "chosen by the same answers": World(is_chosen=True),
    "24 clusters x 20 prompts x 5": World(n_clusters=24, n_treated=12, n_prompts=20, n_repeats=5),
}
POWER_OF = ("12 clusters x 10 prompts x 3", "24 clusters x 20 prompts x 5")
EFFECTS = (0.05, 0.1, 0.2)


def draw_rates(world: World, draw: np.random.Generator) -> Floats:
    """Return the true citation rate of each prompt before and after.

    The shape is (clusters, prompts, 2); treated clusters come first.
    """
    shape = (world.n_clusters, world.n_prompts, 2)
    logit = world.middle + draw.normal(0, world.moment_spread, shape)
    logit += draw.normal(0, world.cluster_spread, (shape[0], 1, 1)) + draw.normal(
        0, world.prompt_spread, (*shape[:2], 1)
    )
    logit[: world.n_treated] += world.offset
    logit[:, :, 1] += world.drift + draw.normal(0, world.drift_spread, (shape[0], 1))
    rates = 1 / (1 + np.exp(-logit))
    rates[: world.n_treated, :, 1] = np.minimum(rates[: world.n_treated, :, 1] + world.effect, 1.0)
    return rates


def lay_out(world: World) -> tuple[Answers, Treatment]:
    """Return the answers of a world's log, without citations, and its treatment.

    Answers are in the order in which citations are drawn.
    """
    shape = (world.n_clusters, world.n_prompts, 2, world.n_repeats)
    cluster, prompt, is_after, repeat = (axis.ravel() for axis in np.indices(shape))
    query = [f"q{c}-{p}" for c, p in zip(cluster, prompt, strict=True)]
    weeks = np.where(is_after == 1, repeat, -1 - repeat)
    answers = pd.DataFrame({"answer_id": [f"a{n}" for n in range(len(query))], "query_id": query})
    answers = answers.assign(
        engine="simulated",
        text="",
        has_searched=True,
        asked_at=CHANGED_AT + pd.to_timedelta(7 * weeks, unit="D"),
    )
    clusters = {query: query.split("-")[0].replace("q", "c") for query in answers["query_id"]}
    treated = [f"c{n}" for n in range(world.n_treated)]
    window = 7 * world.n_repeats
    return ANSWERS.typed(answers), Treatment(SITE, "", clusters, treated, CHANGED_AT, window)


def draw_logs(world: World, n: int, seed: int) -> Iterator[tuple[Floats, Citations]]:
    """Yield n logs: whether each answer cites the site, and the citations.

    The flags have the shape (clusters, prompts, 2, repeats).
    """
    draw = np.random.default_rng(seed)
    for _ in range(n):
        rates = draw_rates(world, draw)[..., None]
        is_cited = draw.random((*rates.shape[:3], world.n_repeats)) < rates
        if world.is_chosen:
            is_cited = is_cited[np.argsort(is_cited[:, :, 0].mean(axis=(1, 2)), kind="stable")]
        ids = np.flatnonzero(is_cited.ravel())
        rows = pd.DataFrame(
            {
                "answer_id": [f"a{n}" for n in ids],
                "position": 0,
                "url": f"{SITE}/a",
                "site": SITE,
                "kind": "cited",
            }
        )
        yield is_cited.astype(np.float64), CITATIONS.typed(rows)


def run_change(n_simulations: int = 500, seed: int = 0) -> pd.DataFrame:
    """Print and return how often each test shows a change, in logs without and with a change.

    There are `n_simulations` logs of each world without a change, and a fifth as many of each
    effect; 500 take some four minutes.
    """
    runs = [(name, world, n_simulations) for name, world in WORLDS.items()]
    fifth = max(n_simulations // 5, 1)
    runs += [
        (name, replace(WORLDS[name], effect=effect), fifth)
        for name in POWER_OF
        for effect in EFFECTS
    ]
    table = pd.concat(
        [
            simulate(world, n, seed + number).assign(world=name, effect=world.effect)
            for number, (name, world, n) in enumerate(runs)
        ]
    )
    table = table[
        [
            "world",
            "effect",
            *(name for name in table if name not in {"world", "effect"}),
        ]
    ].reset_index(drop=True)
    print(table.to_string(index=False, float_format="{:.3f}".format))
    print(f"\n{_HOW_TO_READ}")
    return table


def simulate(world: World, n: int, seed: int) -> pd.DataFrame:
    """Return what each test shows in n logs of a world: a row for each test."""
    answers, treatment = lay_out(world)
    flags = []
    smallest = []
    started = time.perf_counter()
    for is_cited, citations in draw_logs(world, n, seed):
        verdicts = measure_change(answers, citations, MENTIONS.empty(), treatment, seed)
        treated = verdicts[verdicts["is_treated"]].set_index("group")
        smallest.append(
            (
                treated["smallest_effect"]["treated"],
                treated["smallest_effect"].drop("treated").median(),
            )
        )
        flags.append(
            {"this toolkit": treated["p_holm"].to_numpy() <= LEVEL}
            | _test_naively(is_cited, world.n_treated)
        )
    milliseconds = 1000 * (time.perf_counter() - started) / n
    rows = [
        {"test": test, "n_logs": n} | _sum_up(np.array([of_log[test] for of_log in flags]))
        for test in flags[0]
    ]
    pooled, cluster = (
        float(pd.Series(effects).median()) for effects in zip(*smallest, strict=True)
    )
    details = {
        "smallest_treated": pooled,
        "smallest_cluster": cluster,
        "milliseconds": milliseconds,
    }
    return pd.DataFrame([rows[0] | details, *rows[1:]])


def _sum_up(has_changed: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return the shares of flags of shape (logs, 1 + treated clusters).

    The first column is all treated clusters together.
    """
    clusters = has_changed[:, 1:]
    return {
        "treated": has_changed[:, 0].mean(),
        "any_cluster": clusters.any(axis=1).mean(),
        "clusters": clusters.mean(),
    }


def _test_naively(is_cited: Floats, n_treated: int) -> dict[str, npt.NDArray[np.bool_]]:
    """Return what usual tests show of all treated clusters together, and of each after Holm."""
    changes = is_cited.mean(axis=3) @ np.array([-1.0, 1.0])
    untreated = changes[n_treated:].ravel()
    groups = [np.arange(n_treated), *np.arange(n_treated)[:, None]]
    p_values = {
        "z of answers": [_compare_proportions(is_cited[group]) for group in groups],
        "paired t of prompts": [
            float(stats.ttest_1samp(changes[group].ravel(), 0).pvalue) for group in groups
        ],
        "t of prompts less drift": [
            float(stats.ttest_ind(changes[group].ravel(), untreated, equal_var=False).pvalue)
            for group in groups
        ],
    }
    return {
        test: np.append(values[0], correct_holm(np.array(values[1:]))) <= LEVEL
        for test, values in p_values.items()
    }


def _compare_proportions(is_cited: Floats) -> float:
    """Return p of the two-proportion z test of answers before and after.

    The test takes all answers as independent.
    """
    n = is_cited[:, :, 0].size
    before, after = is_cited.mean(axis=(0, 1, 3))
    pooled = (before + after) / 2
    error = np.sqrt(2 * pooled * (1 - pooled) / n)
    return float(2 * stats.norm.sf(abs(after - before) / error)) if error else 1.0
