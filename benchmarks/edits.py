"""Planted edits: the share of an oracle's gain that the first edits of a ranking bring.

Gains are judged by engines that the prediction does not use (benchmarks/planting.py). A budget is a
share of the minutes that all candidates cost together. The oracle knows what each edit really
brings and picks greedily by gain per minute.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from benchmarks.homes import right_homes
from benchmarks.planted_homes import plant_homes
from benchmarks.planting import Judge, Planting, plant_edits
from benchmarks.sets import BenchSet
from coverage_kit.contracts import TextChange
from coverage_kit.errors import SchemaError
from coverage_kit.match.answering import load_answer_model
from coverage_kit.match.coverage import fit_calibration
from coverage_kit.match.homes import load_home_model
from coverage_kit.match.masking import MaskingPlan
from coverage_kit.match.model import SiteModel
from coverage_kit.match.whitening import fit_space
from coverage_kit.rank.select import Limits, select_edits
from coverage_kit.rank.simulate import QueryChances, Simulation
from coverage_kit.tables import EFFECTS
from coverage_kit.vectors import Encoder

Floats = npt.NDArray[np.float64]
Report = dict[str, dict[str, dict[str, dict[str, float]]]]
Figures = dict[str, dict[str, float]]
"""{scorer: {metric: value}} of a planting."""

BUDGETS = {"gain_share_05": 0.05, "gain_share_15": 0.15, "gain_share_30": 0.30}
# Nearest queries of an edit that the similarity baselines count (assumed).
_N_NEAREST = 10


def measure_edits(bench: BenchSet, encoder: Encoder, seeds: int = 5) -> Report:
    """Return {set: {scorer: {metric: {value, low, high}}}}: means over seeds.

    Intervals are 90% by a bootstrap over seeds. Metrics: `gain_share_05`, `_15` and `_30`, the gain
    at that budget as a share of the oracle's; `spearman` of predicted and real gain over all
    candidates; `harm_rate`, the share of edits chosen at 15% that take an answer away;
    `right_page_by_gain`, the share of removed sections for whose queries the first edit is on the
    page that held the section, and `right_page_query`, the same over queries; and of sections and
    whole pages removed apart from the edits, `right_operation` and `right_page`
    (benchmarks/homes.py). A budget with which the oracle
    gains nothing has no share; a seed in which it gains nothing at all is left out. Raises
    SchemaError where no section can be taken away, or no edit brings anything.
    """
    by_seed = [_measure(bench, encoder, seed) for seed in range(seeds)]
    measured = [figures for figures in by_seed if figures]
    if not measured:
        raise SchemaError(
            bench.name,
            "queries that lose their answer when a quarter of the judged sections goes",
            "none",
            "Judge more queries.",
        )
    scorers = measured[0]
    return {
        bench.name: {name: _summary([figures[name] for figures in measured]) for name in scorers}
    }


def _measure(bench: BenchSet, encoder: Encoder, seed: int) -> Figures | None:
    planting = plant_edits(bench, seed)
    if planting is None:
        return None
    judge = Judge(planting)
    cost = planting.cost
    model = site_model(planting, encoder, bench.name, seed)
    predicted = predict_gains(planting, model)
    cosines = _cosines(planting, encoder)
    rankings = {
        "coverage_kit": predicted,
        "additive": _as_gains(predicted.gain[0]),
        "gap_weighted_similarity": _as_gains(_nearest_ten(cosines * (1 - model.coverage_now))),
        "similarity": _as_gains(_nearest_ten(cosines)),
        "shortest_first": _as_gains(np.ones(len(cost))),
        "random": _as_gains(np.random.default_rng(seed).random(len(cost)) * cost),
    }
    oracle = _simulation(planting, judge.alone, np.ones(len(planting.trial.queries)))
    best = {metric: judge.gain(_select(oracle, cost, share)) for metric, share in BUDGETS.items()}
    if max(best.values()) <= 0:
        return None
    figures = {name: _figures(planting, judge, ranking, best) for name, ranking in rankings.items()}
    figures["coverage_kit"] |= _right_pages(planting, _worth(predicted))
    figures["similarity"] |= _right_pages(planting, cosines)
    figures["coverage_kit"] |= {
        "n_candidates": float(len(cost)),
        "n_gaps": float(planting.trial.is_gap.sum()),
    }
    homes = plant_homes(bench, encoder, seed)
    if homes is not None:
        figures["coverage_kit"] |= right_homes(homes, load_home_model(bench.name))
    return figures


def _figures(
    planting: Planting,
    judge: Judge,
    ranking: Simulation,
    best: dict[str, float],
) -> dict[str, float]:
    chosen = {metric: _select(ranking, planting.cost, share) for metric, share in BUDGETS.items()}
    is_harmful = [planting.edits[row].kind == "harmful" for row in chosen["gain_share_15"]]
    predicted = ranking.gain[0]
    real = judge.alone.sum(axis=1)
    correlation = (
        float(spearmanr(predicted, real).statistic) if np.ptp(predicted) and np.ptp(real) else 0.0
    )
    shares = {
        metric: judge.gain(rows) / best[metric]
        for metric, rows in chosen.items()
        if best[metric] > 0
    }
    return {
        **shares,
        "spearman": correlation,
        "harm_rate": float(np.mean(is_harmful)) if is_harmful else 0.0,
    }


def site_model(planting: Planting, encoder: Encoder, name: str, seed: int) -> SiteModel:
    """Return the model of what is left of the site.

    Its calibration is fitted here, and its answer model was fitted on other sets.
    """
    trial = planting.trial
    calibration = fit_calibration(
        trial.scorer, trial.clusters, plan=MaskingPlan(bootstraps=0, seed=seed)
    )
    return SiteModel(
        trial.scorer,
        calibration,
        encoder,
        fit_space(trial.passage_vectors, trial.query_vectors),
        None,
        load_answer_model(name),
    )


def predict_gains(planting: Planting, model: SiteModel) -> Simulation:
    """Return the simulation of the candidates.

    No draft was written from a query, so every query counts with its own change.
    """
    ids = list(planting.trial.passages["passage_id"])
    changes = [
        TextChange(
            edit.added,
            tuple(ids[row] for row in edit.removed),
            str(edit.group),
            edit.share,
        )
        for edit in planting.edits
    ]
    changed = np.zeros((len(changes), len(planting.trial.queries)))
    for number, effect in enumerate(model.simulate(changes)):
        changed[number, effect.rows] = (
            effect.after[0] - effect.before[0]
        ) * effect.answer_probability
    return _simulation(planting, changed, 1 - model.coverage_now)


def _simulation(planting: Planting, changed: Floats, room: Floats) -> Simulation:
    """Return a simulation from the change of each query by each edit, (n edits, n queries).

    Harm counts twice, as in the ranking.
    """
    groups = np.unique([edit.group for edit in planting.edits], return_inverse=True)[1].astype(
        np.int64
    )
    rise = np.maximum(changed, 0)
    harm = -np.minimum(changed, 0).sum(axis=1)
    room_shares = np.clip(rise / np.maximum(room, 1e-6), 0, 1)
    chances = tuple(
        QueryChances(rows := np.flatnonzero(shares), shares[rows]) for shares in room_shares
    )
    return Simulation(
        room,
        chances,
        (rise.sum(axis=1) - 2 * harm)[None],
        harm,
        groups,
        EFFECTS.empty(),
    )


def _as_gains(gain: Floats) -> Simulation:
    """Return a simulation in which the gain of an edit does not depend on other edits."""
    rows = np.arange(len(gain))
    chances = tuple(QueryChances(rows[[row]], np.ones(1)) for row in rows)
    return Simulation(
        np.maximum(gain, 0),
        chances,
        gain[None],
        np.zeros(len(gain)),
        rows,
        EFFECTS.empty(),
    )


def _worth(simulation: Simulation) -> Floats:
    """Return what each edit brings each query, shape (n edits, n queries)."""
    worth = np.zeros((len(simulation.chances), len(simulation.room)))
    for number, chances in enumerate(simulation.chances):
        worth[number, chances.rows] = chances.chance * simulation.room[chances.rows]
    return worth


def _select(simulation: Simulation, cost: Floats, share: float) -> list[int]:
    """Return the edits chosen with this share of what all cost."""
    return list(
        select_edits(
            simulation,
            cost,
            Limits(minutes=share * cost.sum()),
            [""] * len(cost),
            np.zeros(len(cost)),
        ).order
    )


def _cosines(planting: Planting, encoder: Encoder) -> Floats:
    """Return the encoder's cosine of each edit's best passage with each query.

    The shape is (n edits, n queries).
    """
    texts = [passage.embedded for edit in planting.edits for passage in edit.added]
    cosines = encoder.encode(texts) @ planting.trial.query_vectors.vectors.T
    best = np.full((len(planting.edits), cosines.shape[1]), -1.0)
    owner = [number for number, edit in enumerate(planting.edits) for _ in edit.added]
    np.maximum.at(best, owner, cosines)
    return best


def _nearest_ten(cosines: Floats) -> Floats:
    return np.asarray(
        np.maximum(np.sort(cosines, axis=1)[:, -_N_NEAREST:], 0).sum(axis=1),
        dtype=np.float64,
    )


def _right_pages(planting: Planting, worth: Floats) -> dict[str, float]:
    """Return how often the first edit for a removed section is on the page that held it.

    The first edit is that for the section's queries together, and for each query.
    """
    pages = np.array([edit.page_id for edit in planting.edits])
    home = {edit.group: edit.page_id for edit in planting.edits if edit.kind == "section"}
    lost = np.flatnonzero(planting.lost_group >= 0)
    groups = planting.lost_group[lost]
    first = pages[worth[:, lost].argmax(axis=0)]
    of_gap = [
        pages[worth[:, lost[groups == name]].sum(axis=1).argmax()] == home[name]
        for name in np.unique(groups)
    ]
    return {
        "right_page_by_gain": float(np.mean(of_gap)),
        "right_page_query": float(
            np.mean([page == home[name] for page, name in zip(first, groups, strict=True)])
        ),
    }


def print_edits(report: Report) -> None:
    """Print a table for each set."""
    for name, scorers in report.items():
        metrics = list(scorers["coverage_kit"])
        print("\n| " + " | ".join([name, *metrics]) + " |\n|" + "---|" * (len(metrics) + 1))
        for scorer, figures in scorers.items():
            has_interval = scorer == "coverage_kit"
            cells = [_cell(figures.get(metric), has_interval) for metric in metrics]
            print("| " + " | ".join([scorer, *cells]) + " |")


def _cell(figure: dict[str, float] | None, has_interval: bool) -> str:
    if figure is None:
        return ""
    interval = f" [{figure['low']:.3f}, {figure['high']:.3f}]" if has_interval else ""
    return f"{figure['value']:.3f}{interval}"


def missed_edit_floors(report: Report, floors: dict[str, dict[str, float]]) -> list[str]:
    """Return a sentence for each figure that is worse than its floor (`harm_rate`: ceiling)."""
    missed = []
    for name in (name for name in report if f"{name}/edits" in floors):
        for metric, floor in floors[f"{name}/edits"].items():
            reached = report[name]["coverage_kit"][metric]["value"]
            if reached > floor if metric == "harm_rate" else reached < floor:
                side = "above" if metric == "harm_rate" else "below"
                missed.append(f"{name}/edits: {metric} is {reached:.3f}, {side} {floor:.3f}")
    return missed


def _summary(figures: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    summary = {}
    for metric in dict.fromkeys(metric for of_seed in figures for metric in of_seed):
        values = np.array([of_seed[metric] for of_seed in figures if metric in of_seed])
        picks = np.random.default_rng(0).integers(len(values), size=(1000, len(values)))
        low, high = np.quantile(values[picks].mean(axis=1), [0.05, 0.95])
        summary[metric] = {
            "value": float(values.mean()),
            "low": float(low),
            "high": float(high),
        }
    return summary
