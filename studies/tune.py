"""Tuning on public sets: the encoder before and after on pages held out, judged by people.

Code and defaults are those of `coverage-kit tune`; a set's judged pairs stand for the log's
citations. Each seed holds out other pages and is reported separately, as pages held out under a
seed are trained on under another.
"""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.sets import BenchSet
from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.settings import MatchSettings, TuneSettings
from coverage_kit.tables import CLAIMS
from coverage_kit.tasks.tune import TuningTarget, tune_on
from coverage_kit.tasks.tuning_pairs import TuningData
from coverage_kit.tasks.tuning_result import Tuned

Row = dict[str, Any]


def measure_tuning(
    bench: BenchSet,
    encoder: CachedEncoder,
    match: MatchSettings,
    n_seeds: int = 3,
) -> list[Row]:
    """Return a row for each seed: what was held out, measures before and after, and the cost.

    Args:
        bench: a set with judgements.
        encoder: the encoder that `match` names, with its store of vectors.
        match: which encoder is tuned, and how encoders run.
        n_seeds: how many times other pages are held out.
    """
    labels = bench.qrels[["query_id", "page_id", "passage_id"]].drop_duplicates(ignore_index=True)
    answered = bench.queries.loc[bench.queries["is_answerable"], "query_id"]
    data = TuningData(
        bench.passages,
        bench.queries,
        labels[labels["query_id"].isin(answered)],
        CLAIMS.empty(),
    )
    rows = []
    for seed in range(n_seeds):
        with tempfile.TemporaryDirectory() as scratch:
            tuned = tune_on(
                data,
                TuningTarget(match, encoder, Path(scratch) / "encoder"),
                TuneSettings(),
                seed,
            )
        rows.append(_as_row(tuned, bench.name, seed))
        print(_as_line(rows[-1]), flush=True)
    return rows


def _as_row(tuned: Tuned, name: str, seed: int) -> Row:
    counts = {
        "n_pages": len(tuned.held_out_pages),
        "n_queries": tuned.n_held_out_queries,
    }
    learned = {
        "n_cited_pairs": tuned.n_cited_pairs,
        "n_heading_pairs": tuned.n_heading_pairs,
    }
    cost = {
        "training_seconds": tuned.trained.seconds,
        "seconds": tuned.seconds,
        "n_tokens": tuned.trained.n_tokens,
    }
    measures = tuned.measures.to_dict("records")
    return {
        "set": name,
        "seed": seed,
        **counts,
        **learned,
        "is_better": tuned.is_better,
        **cost,
        "measures": measures,
    }


def _as_line(row: Row) -> str:
    figures = (
        f"{measure['measure']} {measure['space']} "
        f"{measure['before']:.3f} -> {measure['after']:.3f} "
        f"{measure['difference']:+.3f} [{measure['low']:+.3f}, {measure['high']:+.3f}]"
        for measure in row["measures"]
    )
    held_out = f"{row['n_queries']} queries on {row['n_pages']} pages held out"
    learned = (
        f"{row['n_cited_pairs']} + {row['n_heading_pairs']} pairs, {row['training_seconds']:.0f} s"
    )
    verdict = "better" if row["is_better"] else "not better by more than noise"
    return (
        f"{row['set']} seed {row['seed']}: {held_out}, {learned}; {'; '.join(figures)}; {verdict}"
    )
