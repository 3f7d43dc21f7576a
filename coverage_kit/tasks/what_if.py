"""What if just these edits were made? Answered from a run's tables, for any set of edits."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.rank.causes import demand_weights
from coverage_kit.rank.select import Portfolio
from coverage_kit.rank.simulate import MIN_ROOM, QueryChances, Simulation
from coverage_kit.tables import EFFECTS

Floats = npt.NDArray[np.float64]


class WhatIf(NamedTuple):
    """What a set of edits costs and is predicted to bring.

    `gain`, its 90% interval and `harm` are in times asked, `cost_minutes` in editor minutes.
    `edits` has what each edit adds to those before it in the list; `queries` has coverage before
    and after of the queries whose coverage changes.
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

    Edits of the same gap are variants, of which the best counts; edits of different gaps are
    independent (`rank.select`). The interval adds up those of the single edits, each scaled by the
    share of its gain that it adds: all errors have the same direction, which is the careful case.
    Raises RunError for an edit that the run does not have.
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
    chosen = edits.loc[ids]
    simulation = _simulation_of(analysis, ids)
    portfolio = Portfolio(simulation)
    added = np.array([portfolio.take(number) for number in range(len(ids))])
    share = np.clip(added / np.maximum(chosen["gain"].to_numpy(np.float64), 1e-9), 0, None)
    low, high = (float((chosen[end].to_numpy(np.float64) * share).sum()) for end in ("low", "high"))
    gain = float(added.sum())
    return WhatIf(
        float(chosen["cost_minutes"].sum()),
        int(chosen["n_words"].sum()),
        gain,
        min(low, gain),
        max(high, gain),
        float(simulation.harm.sum()),
        chosen.assign(added_gain=added).reset_index(),
        _coverage_after(analysis, simulation, portfolio.missed),
    )


def _simulation_of(analysis: Analysis, ids: list[str]) -> Simulation:
    """Return the simulation of some edits as the run's tables have it."""
    queries = analysis.queries["query_id"]
    row_of = pd.Series(np.arange(len(queries)), index=pd.Index(queries))
    demand = np.asarray(demand_weights(analysis.queries), dtype=np.float64)
    before = (
        analysis.coverage.set_index("query_id")["coverage"].reindex(queries).to_numpy(np.float64)
    )
    chosen = analysis.edits.set_index("edit_id").loc[ids]
    # Never 0, because shares are divided by it.
    room = demand * np.maximum(1 - before, MIN_ROOM)
    chances = []
    for name in ids:
        effects = analysis.effects[analysis.effects["edit_id"] == name]
        rows = row_of.loc[effects["query_id"]].to_numpy()
        rise = effects["gain"].clip(lower=0).to_numpy(np.float64)
        # No query can gain more than all of its room.
        chances.append(QueryChances(rows, np.clip(rise / room[rows], 0, 1)))
    return Simulation(
        room,
        tuple(_add_first_parts(chances, chosen)),
        chosen["gain"].to_numpy(np.float64)[None],
        chosen["harm"].to_numpy(np.float64),
        np.asarray(pd.factorize(chosen["cluster_id"])[0], dtype=np.int64),
        EFFECTS.empty(),
    )


def _add_first_parts(chances: list[QueryChances], chosen: pd.DataFrame) -> list[QueryChances]:
    """Return the chances, those of a second part with its first part's where both are chosen.

    Of the variants of a gap the best counts, and a second part is less than the whole.
    """
    added = list(chances)
    clusters, parts = list(chosen["cluster_id"]), chosen["part"].fillna("").tolist()
    first_of = {
        cluster: row
        for row, (cluster, part) in enumerate(zip(clusters, parts, strict=True))
        if part.startswith("1")
    }
    for row, (cluster, part) in enumerate(zip(clusters, parts, strict=True)):
        if part.startswith("2") and cluster in first_of:
            first, second = chances[first_of[cluster]], chances[row]
            rows = np.union1d(first.rows, second.rows)
            total = np.zeros(len(rows))
            for part_chances in (first, second):
                total[np.searchsorted(rows, part_chances.rows)] += part_chances.chance
            added[row] = QueryChances(rows, np.clip(total, 0, 1))
    return added


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
        np.unique(np.concatenate([chances.rows for chances in simulation.chances]))
        if simulation.chances
        else np.zeros(0, int)
    )
    return table.iloc[touched].reset_index(drop=True)
