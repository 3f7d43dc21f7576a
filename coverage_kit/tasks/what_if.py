"""What if just these edits were made? Answered from a run's tables, for any set that an analyst ticks."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.select import Portfolio
from coverage_kit.rank.simulate import Chances, Simulation
from coverage_kit.tables import EFFECTS, Effects

Floats = npt.NDArray[np.float64]


class WhatIf(NamedTuple):
    """What a set of edits costs and is predicted to bring.

    `gain`, its 90% interval and `harm` are in queries asked, `cost_minutes` in editor minutes.
    `edits` has what each adds to those before it in the list; `queries` each query's coverage
    before and after, as far as it changes.
    """

    cost_minutes: float
    n_words: int
    gain: float
    low: float
    high: float
    harm: float
    edits: pd.DataFrame
    queries: pd.DataFrame


def what_if(analysis: Analysis, edit_ids: Iterable[str]) -> WhatIf:
    """Return what these edits of a run would bring together, under the run's own model.

    Edits of one gap are variants, of which the best counts; edits of different gaps are independent
    guesses (`rank.select`). The interval is that of the edits alone, each in the proportion that is
    left of its gain: all err together, which is the careful case. Raises RunError for an edit that
    the run does not have.
    """
    ids = list(dict.fromkeys(edit_ids))
    edits = analysis.edits.set_index("edit_id")
    unknown = [name for name in ids if name not in edits.index]
    if unknown:
        raise RunError(
            "what_if",
            "edits of this run",
            ", ".join(unknown),
            "Take ids from analysis.edits.",
        )
    told = edits.loc[ids]
    simulation = _simulation_of(analysis, ids)
    portfolio = Portfolio(simulation)
    added = np.array([portfolio.take(number) for number in range(len(ids))])
    share = np.clip(added / np.maximum(told["gain"].to_numpy(np.float64), 1e-9), 0, None)
    low, high = (float((told[end].to_numpy(np.float64) * share).sum()) for end in ("low", "high"))
    gain = float(added.sum())
    return WhatIf(
        float(told["cost_minutes"].sum()),
        int(told["n_words"].sum()),
        gain,
        min(low, gain),
        max(high, gain),
        float(simulation.harm.sum()),
        told.assign(added_gain=added).reset_index(),
        _coverage_after(analysis, simulation, portfolio.missed),
    )


def _simulation_of(analysis: Analysis, ids: list[str]) -> Simulation:
    """Return the simulation of some edits as the run's tables hold it.

    Effects of under half a percent are not in them: an edit's others stand for them, so that it
    alone brings its gain.
    """
    queries = analysis.queries["query_id"]
    place = pd.Series(np.arange(len(queries)), index=pd.Index(queries))
    demand = np.asarray(demand_weights(analysis.queries), dtype=np.float64)
    before = (
        analysis.coverage.set_index("query_id")["coverage"].reindex(queries).to_numpy(np.float64)
    )
    told = analysis.edits.set_index("edit_id").loc[ids]
    room = demand * np.maximum(1 - before, 1e-6)
    rises = dict(
        zip(
            ids,
            (told["gain"] + 2 * told["harm"]).to_numpy(np.float64),
            strict=True,
        )
    )
    chances = []
    for name, cluster in zip(ids, told["cluster_id"], strict=True):
        effects = analysis.effects[analysis.effects["edit_id"] == name]
        rows = place.loc[effects["query_id"]].to_numpy()
        in_gap = place.loc[
            analysis.clusters.loc[analysis.clusters["cluster_id"] == cluster, "query_id"]
        ].to_numpy()
        part = _parts(effects, rows, in_gap, demand, room)
        found = float(room[rows] @ part)
        risen = rises[name]
        chances.append(
            Chances(
                rows,
                np.clip(part * (risen / found if found > 0 else 0.0), 0, 1),
            )
        )
    return Simulation(
        room,
        tuple(chances),
        told["gain"].to_numpy(np.float64)[None],
        told["harm"].to_numpy(np.float64),
        np.asarray(pd.factorize(told["cluster_id"])[0], dtype=np.int64),
        EFFECTS.empty(),
    )


def _parts(
    effects: Effects,
    rows: npt.NDArray[np.int64],
    in_gap: npt.NDArray[np.int64],
    demand: Floats,
    room: Floats,
) -> Floats:
    """Return which part of its room each query gains; those drafted from gain the part that the others of the gap do."""
    rise = (
        (effects["coverage_after"] - effects["coverage_before"]).clip(lower=0).to_numpy(np.float64)
    )
    rise = rise * effects["answer_probability"].to_numpy(np.float64) * demand[rows]
    is_drafted = effects["is_drafted_from"].to_numpy(dtype=bool)
    others = np.setdiff1d(in_gap, rows[is_drafted])
    if not is_drafted.any():
        return np.asarray(rise / room[rows], dtype=np.float64)
    if not len(others):
        return np.asarray(rise / 2 / room[rows], dtype=np.float64)
    part = float(rise[np.isin(rows, others)].sum() / room[others].sum())
    standing = part * (effects["answer_probability"].to_numpy(np.float64) > 0)
    return np.asarray(np.where(is_drafted, standing, rise / room[rows]), dtype=np.float64)


def _coverage_after(analysis: Analysis, simulation: Simulation, missed: Floats) -> pd.DataFrame:
    coverage = analysis.coverage.set_index("query_id")["coverage"].reindex(
        analysis.queries["query_id"]
    )
    before = coverage.to_numpy(np.float64)
    table = pd.DataFrame(
        {
            "query_id": coverage.index,
            "coverage_before": before,
            "coverage_after": 1 - (1 - before) * missed,
        }
    )
    touched = (
        np.unique(np.concatenate([one.rows for one in simulation.chances]))
        if simulation.chances
        else np.zeros(0, int)
    )
    return table.iloc[touched].reset_index(drop=True)
