"""Predicted against realised gains of edits: what a run predicted, and what a later run shows."""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.analysis import About, Analysis
from coverage_kit.errors import RunError
from coverage_kit.pipeline.page_diffs import plain
from coverage_kit.pipeline.published import Published
from coverage_kit.storage.files import locked, write_file
from coverage_kit.tables import PREDICTIONS, Predictions, checked

# Bootstrap draws of the drift (assumed).
_DRAWS = 200
# Half the width of a normal distribution's 90% interval, in standard deviations.
_HALF_90 = 1.645
# As in the prediction: a query of demand 0 still counts with a trace.
_MIN_DEMAND = 1e-3
# Sums that differ by less are equal: rounding of floats.
_EXACT = 1e-9
# Edits that a rank correlation needs: with two it is always 1 or -1.
_MIN_EDITS = 3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PredictionDrift:
    """Change of coverage that no edit explains: that of queries which no published edit touches.

    `change` is their demand-weighted mean, `low` and `high` its 90% interval, `error` its standard
    deviation over resampled queries, `spread` the standard deviation of a single query's change
    around it, `n_queries` their number. All in coverage.
    """

    change: float = 0.0
    low: float = 0.0
    high: float = 0.0
    error: float = 0.0
    spread: float = 0.0
    n_queries: int = 0


@dataclass(frozen=True)
class Comparison:
    """The predicted and realised gains of published edits, and how much could be compared.

    `n_compared` queries are in both runs. `n_only_before` and `n_only_after` are in one run, and
    were left out. `n_left_out` published edits have no query to be judged by.
    """

    predictions: Predictions
    drift: PredictionDrift
    n_compared: int
    n_only_before: int
    n_only_after: int
    n_left_out: int


@dataclass(frozen=True)
class PredictionCalibration:
    """How accurate predictions were: sums in times asked, and ratio = realised / predicted.

    `share_of_within` is the share of edits within their intervals, `spearman` the rank correlation
    of predicted and realised. It and `ratio` are nan where they are not defined.
    """

    n: int
    predicted: float
    realised: float
    ratio: float
    share_of_within: float
    spearman: float


def compare_predictions(
    before: Analysis,
    after: Analysis,
    published: Published,
    runs: tuple[str, str],
    seed: int = 0,
) -> Comparison:
    """Return each published edit's predicted and realised gain, in times asked.

    Rows are in the order of `published`.

    An edit is judged by the queries whose coverage it was predicted to change, weighted as in its
    gain (`effects.weight`).
    Unlike in `gain`, harm counts once on both sides. Where several published edits touch a query,
    its predicted rise is the largest of theirs, shared in proportion to what each edit would bring
    alone, and falls add up. A change beyond or short of that is shared in proportion to the
    predicted changes. So, with coverage exactly as predicted, predicted and realised are equal.

    realised = sum of weight x (coverage after - coverage before - drift). The interval is that of
    the edit's gain, narrowed to the share of its predicted change that is compared, and widened by
    the change of queries without any edit.

    Args:
        before: the run that predicted. Where its gains were corrected by a track record
            (`about.track_record`), so is `predicted`.
        after: the later run; queries are matched by their words.
        published: which edits were published (`find_published`).
        runs: names of the two runs.
        seed: seed of the bootstrap of the drift.
    """
    queries, n_only_after = match_queries(before, after)
    edits = published[published["is_published"]].merge(
        before.edits.drop(columns="page_id"), on="edit_id"
    )
    effects = _weigh(before, edits, queries)
    is_touched = queries.index.isin(effects["query_id"]) | queries["cluster_id"].isin(
        edits["cluster_id"]
    )
    is_compared = queries["change"].notna()
    drift = _measure_drift(queries[is_compared & ~is_touched], seed)
    shared = _share(effects[effects["change"].notna()], drift.change)
    ratio = float((before.about.track_record or {}).get("ratio", 1.0))
    rows = [
        _edit_row(edit, effects, shared, drift, ratio) | _names(edit, runs, before.about)
        for edit in edits.to_dict("records")
    ]
    judged_rows = [row for row in rows if row["n_queries"]]
    n_compared = int(is_compared.sum())
    table = PREDICTIONS.table(judged_rows)
    return Comparison(
        table,
        drift,
        n_compared,
        len(queries) - n_compared,
        n_only_after,
        len(rows) - len(judged_rows),
    )


def match_queries(before: Analysis, after: Analysis) -> tuple[pd.DataFrame, int]:
    """Return the queries of the run before, and how many the later run has that are new.

    Columns: demand, cluster_id, key (`name_query`), and change of coverage, missing where the query
    is not asked again. The index is query_id.
    """
    earlier, later = (_coverage_by_text(run) for run in (before, after))
    queries = earlier.set_index("query_id").join(
        before.clusters.set_index("query_id")["cluster_id"]
    )
    weighted = (
        later.assign(coverage=later["coverage"] * later["demand"])
        .groupby("key")[["coverage", "demand"]]
        .sum()
    )
    queries["change"] = (
        queries["key"].map(weighted["coverage"] / weighted["demand"]) - queries["coverage"]
    )
    return queries, int((~later["key"].isin(earlier["key"])).sum())


def name_query(text: str) -> str:
    """Return the words of a query, by which two runs know it."""
    return plain(text) or text


def _coverage_by_text(run: Analysis) -> pd.DataFrame:
    table = run.queries[["query_id", "text", "demand"]].merge(
        run.coverage[["query_id", "coverage"]], on="query_id"
    )
    return table.assign(
        key=[name_query(text) for text in table["text"]],
        demand=table["demand"].clip(lower=_MIN_DEMAND),
    )


def _weigh(before: Analysis, edits: pd.DataFrame, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the effects of these edits with each query's rise, change, and weight in queries."""
    effects = before.effects.merge(edits[["edit_id", "cluster_id"]], on="edit_id").join(
        queries[["demand", "change"]], on="query_id"
    )
    return effects.assign(rise=effects["coverage_after"] - effects["coverage_before"])


def _share(effects: pd.DataFrame, drift: float) -> pd.DataFrame:
    """Return the effects with each edit's share of a query's predicted and realised change.

    The columns are `predicted_rise` and `realised_rise`, in coverage.
    """
    effects = effects[effects["rise"] != 0]
    up = effects["rise"].clip(lower=0)
    size = effects["rise"].abs()
    by_query = effects["query_id"]
    largest = up.groupby(by_query).transform("max")
    all_up = up.groupby(by_query).transform("sum")
    predicted = (up * largest / all_up.where(all_up > 0, 1.0)).where(
        effects["rise"] > 0, effects["rise"]
    )
    credit = size / size.groupby(by_query).transform("sum")
    # The change beyond the drift and beyond all that was predicted for the query.
    surprise = effects["change"] - drift - predicted.groupby(by_query).transform("sum")
    return effects.assign(
        predicted_rise=predicted,
        credit=credit,
        realised_rise=predicted + credit * surprise,
    )


def _measure_drift(control: pd.DataFrame, seed: int) -> PredictionDrift:
    # One query shows no drift: what it did may be its own.
    if len(control) < 2:
        return PredictionDrift()
    demand = control["demand"].to_numpy(np.float64)
    change = control["change"].to_numpy(np.float64)
    mean = float(np.average(change, weights=demand))
    counts = np.random.default_rng(seed).multinomial(
        len(demand), np.full(len(demand), 1 / len(demand)), size=_DRAWS
    )
    draws = (counts @ (demand * change)) / (counts @ demand)
    low, high = np.quantile(draws, [0.05, 0.95])
    spread = float(np.sqrt(np.average((change - mean) ** 2, weights=demand)))
    return PredictionDrift(
        mean,
        float(min(low, mean)),
        float(max(high, mean)),
        float(draws.std()),
        spread,
        len(demand),
    )


def _edit_row(
    edit: dict[Any, Any],
    effects: pd.DataFrame,
    shared: pd.DataFrame,
    drift: PredictionDrift,
    ratio: float,
) -> dict[str, object]:
    own, alone = (
        table[(table["edit_id"] == edit["edit_id"]) & (table["weight"] > 0)]
        for table in (shared, effects)
    )
    weights = own["weight"]
    predicted = ratio * float(weights @ own["predicted_rise"])
    realised = float(weights @ own["realised_rise"])
    # the share of the predicted change on queries that were asked again
    compared = float(weights @ own["predicted_rise"].abs()) / max(
        float(alone["weight"] @ alone["rise"].abs()), _EXACT
    )
    counted = weights * own["credit"]
    noise = _HALF_90 * float(
        np.hypot(
            counted.sum() * drift.error,
            np.sqrt((counted**2).sum()) * drift.spread,
        )
    )
    low = predicted - float(np.hypot(compared * (edit["gain"] - edit["low"]), noise))
    high = predicted + float(np.hypot(compared * (edit["high"] - edit["gain"]), noise))
    return {
        "n_queries": len(own),
        "predicted": predicted,
        "low": low,
        "high": high,
        "realised": realised,
        "drift": drift.change,
        "is_within": bool(low - _EXACT <= realised <= high + _EXACT),
        "ratio": ratio,
    }


def _names(edit: dict[Any, Any], runs: tuple[str, str], about: About) -> dict[str, object]:
    return {
        **{name: edit[name] for name in ("edit_id", "operation", "page_id", "word_overlap")},
        "run_before": runs[0],
        "run_after": runs[1],
        "site": about.own_site,
        "encoder": about.encoder,
    }


@checked
def calibrate_predictions(predictions: Predictions) -> PredictionCalibration:
    """Return how accurate the predictions were.

    The ratio is nan where next to nothing was predicted, and spearman for fewer than three edits.
    """
    predicted = float(predictions["predicted"].sum())
    realised = float(predictions["realised"].sum())
    ratio = realised / predicted if predicted > _EXACT else float("nan")
    within = float(predictions["is_within"].mean()) if len(predictions) else float("nan")
    return PredictionCalibration(
        len(predictions),
        predicted,
        realised,
        ratio,
        within,
        _spearman(predictions),
    )


def _spearman(predictions: Predictions) -> float:
    ranks = predictions[["predicted", "realised"]].rank().to_numpy()
    if len(ranks) < _MIN_EDITS or (ranks == ranks[0]).all(axis=0).any():
        return float("nan")
    return float(np.corrcoef(ranks.T)[0, 1])


def describe_comparison(comparison: Comparison, under: str) -> str:
    """Return the comparison in plain words.

    `under` names the model, such as 'predicted under model x'.
    """
    calibration = calibrate_predictions(comparison.predictions)
    drift = comparison.drift
    n = len(comparison.predictions)
    edits = "1 published edit was" if n == 1 else f"{n} published edits were"
    sentences = [
        f"{under[:1].upper()}{under[1:]}: {edits} to gain "
        f"{calibration.predicted:.1f} answered questions, in times asked; "
        f"{calibration.realised:.1f} were found{_of_predicted(calibration)}.",
        f"{int(comparison.predictions['is_within'].sum())} of {n} are within their 90% intervals.",
        ""
        if math.isnan(calibration.spearman)
        else f"Rank correlation of predicted and realised: {calibration.spearman:.2f}.",
        _describe_drift(drift),
        f"{comparison.n_compared} queries were compared; "
        f"{comparison.n_only_before} stand only in the run before and "
        f"{comparison.n_only_after} only in the later one, and are left out.",
        f"{comparison.n_left_out} published edits have no query in both runs to be judged by."
        if comparison.n_left_out
        else "",
        "This is the change of coverage under the model on the queries of these edits between two "
        "runs: whatever else changed on their pages is in it, and it says nothing of any answer "
        "engine.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _of_predicted(calibration: PredictionCalibration) -> str:
    return "" if math.isnan(calibration.ratio) else f", {calibration.ratio:.0%} of it"


def _describe_drift(drift: PredictionDrift) -> str:
    if not drift.n_queries:
        return (
            "No query was left untouched, so nothing is taken off for drift: "
            "what changed everywhere counts as found."
        )
    return (
        f"Coverage of the {drift.n_queries} queries that no published edit touches changed by "
        f"{drift.change:+.3f} on average (90% interval {drift.low:+.3f} to {drift.high:+.3f}); "
        "that drift is taken off."
    )


@checked
def record_predictions(predictions: Predictions, path: str | Path) -> Predictions:
    """Add the predictions to the record on disk, and return the complete record.

    Predictions of the same two runs are replaced. Raises RunError when the file cannot be read or
    written, SchemaError when it holds another table.
    """
    path = Path(path)
    pairs = set(zip(predictions["run_before"], predictions["run_after"], strict=True))
    # Another comparison at the same time must not lose what this one adds.
    with locked(path.parent):
        stored = read_predictions(path)
        is_old = [
            pair not in pairs
            for pair in zip(stored["run_before"], stored["run_after"], strict=True)
        ]
        tables = [table for table in (stored[is_old], predictions) if len(table)]
        record = pd.concat(tables, ignore_index=True) if tables else predictions
        write_predictions(record, path)
    return record


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write the table as Parquet. Raises RunError when the file cannot be written."""
    buffer = io.BytesIO()
    predictions.to_parquet(buffer, index=False, compression="zstd", write_page_checksum=True)
    write_file(path, buffer.getvalue())


def read_predictions(path: Path) -> Predictions:
    """Return the record on disk, without rows where there is no file.

    Raises RunError or SchemaError when the file holds something else.
    """
    if not path.exists():
        return PREDICTIONS.empty()
    try:
        record = pd.read_parquet(path, page_checksum_verification=True)
    except (OSError, ValueError) as error:
        cure = "Move it away: the next comparison starts a new one."
        raise RunError(
            str(path),
            "a record of predictions",
            str(error).splitlines()[0],
            cure,
        ) from error
    PREDICTIONS.check(record, str(path))
    return record
