"""Planted edits: which share of the gain that an oracle would get do the first edits of a ranking bring?

Everything is judged by engines that the prediction does not use (benchmarks/planting.py). A budget
is a share of the minutes that all candidates cost together. The oracle knows what each edit really
brings and picks greedily by gain per minute.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from benchmarks.planting import Judge, Planting, plant_edits
from benchmarks.sets import BenchSet
from coverage_kit.contracts import TextChange
from coverage_kit.errors import SchemaError
from coverage_kit.match.answering import load_answer_model
from coverage_kit.match.coverage import fit_calibration
from coverage_kit.match.masking import Plan
from coverage_kit.match.model import SiteModel
from coverage_kit.match.whitening import fit_space
from coverage_kit.rank.select import Limits, select_edits
from coverage_kit.rank.simulate import Chances, Simulation
from coverage_kit.tables import EFFECTS
from coverage_kit.vectors import Encoder

Floats = npt.NDArray[np.float64]
Report = dict[str, dict[str, dict[str, dict[str, float]]]]
Figures = dict[str, dict[str, float]]
"""{scorer: {metric: value}} of one planting."""

BUDGETS = {"gain_share_05": 0.05, "gain_share_15": 0.15, "gain_share_30": 0.30}
_NEAR = 10


def measure_edits(bench: BenchSet, encoder: Encoder, seeds: int = 5) -> Report:
    """Return {set: {scorer: {metric: {value, low, high}}}}: means over seeds with a 90% interval by a bootstrap over seeds.

    Metrics: `gain_share_05`, `_15` and `_30`, the gain at that budget as a share of the oracle's;
        `spearman` of predicted and
    real gain over all candidates; `harm_rate`, the share of edits chosen at 15% that take an answer
    away; `right_page`, the share of removed sections for whose queries the first edit is on the
    page that held it, `right_page_query` the same query by query. A budget with which the oracle
    gains nothing has no share; a seed in which it gains nothing at all is left out. Raises
    SchemaError where no section can be taken away, or no edit brings anything.
    """
    found = [figures for seed in range(seeds) if (figures := _measure(bench, encoder, seed))]
    if not found:
        what = "queries that lose their answer when a quarter of the judged sections goes"
        cure = "Judge more queries."
        raise SchemaError(bench.name, what, "none", cure)
    return {bench.name: {name: _summary([figures[name] for figures in found]) for name in found[0]}}


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
    """Return the model of what is left of the site: a link fitted here, and an answer model that has not seen this set."""
    trial = planting.trial
    calibration = fit_calibration(trial.scorer, trial.clusters, plan=Plan(bootstraps=0, seed=seed))
    return SiteModel(
        trial.scorer,
        calibration,
        encoder,
        fit_space(trial.content, trial.asked),
        None,
        load_answer_model(name),
    )


def predict_gains(planting: Planting, model: SiteModel) -> Simulation:
    """Return the simulation of the candidates: no draft was written from a query, so every query counts as it is."""
    ids = list(planting.trial.passages["passage_id"])
    changes = [
        TextChange(
            edit.added,
            tuple(ids[row] for row in edit.removed),
            str(edit.group),
            edit.part,
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
    """Return a simulation from the change of each query by each edit (n edits, n queries), harm counted twice."""
    groups = np.unique([edit.group for edit in planting.edits], return_inverse=True)[1].astype(
        np.int64
    )
    rise = np.maximum(changed, 0)
    harm = -np.minimum(changed, 0).sum(axis=1)
    part = np.clip(rise / np.maximum(room, 1e-6), 0, 1)
    chances = tuple(Chances(rows := np.flatnonzero(one), one[rows]) for one in part)
    return Simulation(
        room,
        chances,
        (rise.sum(axis=1) - 2 * harm)[None],
        harm,
        groups,
        EFFECTS.empty(),
    )


def _as_gains(gain: Floats) -> Simulation:
    """Return a simulation in which each edit has a gain of its own, whatever else is chosen."""
    rows = np.arange(len(gain))
    chances = tuple(Chances(rows[[row]], np.ones(1)) for row in rows)
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
    for number, one in enumerate(simulation.chances):
        worth[number, one.rows] = one.chance * simulation.room[one.rows]
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
    """Return the encoder's own cosine of each edit's best passage with each query, shape (n edits, n queries)."""
    texts = [passage.embedded for edit in planting.edits for passage in edit.added]
    cosines = encoder.encode(texts) @ planting.trial.asked.vectors.T
    best = np.full((len(planting.edits), cosines.shape[1]), -1.0)
    owner = [number for number, edit in enumerate(planting.edits) for _ in edit.added]
    np.maximum.at(best, owner, cosines)
    return best


def _nearest_ten(cosines: Floats) -> Floats:
    return np.asarray(
        np.maximum(np.sort(cosines, axis=1)[:, -_NEAR:], 0).sum(axis=1),
        dtype=np.float64,
    )


def _right_pages(planting: Planting, worth: Floats) -> dict[str, float]:
    """Return how often the first edit for a removed section's queries, together and one by one, is on the page that held it."""
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
        "right_page": float(np.mean(of_gap)),
        "right_page_query": float(
            np.mean([page == home[name] for page, name in zip(first, groups, strict=True)])
        ),
    }


def print_edits(report: Report) -> None:
    """Print one table a set."""
    for name, scorers in report.items():
        metrics = list(scorers["coverage_kit"])
        print("\n| " + " | ".join([name, *metrics]) + " |\n|" + "---|" * (len(metrics) + 1))
        for scorer, figures in scorers.items():
            cells = [f"{figures[m]['value']:.3f}" if m in figures else "" for m in metrics]
            if scorer == "coverage_kit":
                cells = [
                    f"{figures[m]['value']:.3f} [{figures[m]['low']:.3f}, {figures[m]['high']:.3f}]"
                    for m in metrics
                ]
            print("| " + " | ".join([scorer, *cells]) + " |")


def missed_edit_floors(report: Report, floors: dict[str, dict[str, float]]) -> list[str]:
    """Return a sentence for each figure of planted edits that is worse than its floor (for `harm_rate`, its ceiling)."""
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
    for metric in dict.fromkeys(metric for one in figures for metric in one):
        values = np.array([one[metric] for one in figures if metric in one])
        picks = np.random.default_rng(0).integers(len(values), size=(1000, len(values)))
        low, high = np.quantile(values[picks].mean(axis=1), [0.05, 0.95])
        summary[metric] = {
            "value": float(values.mean()),
            "low": float(low),
            "high": float(high),
        }
    return summary
