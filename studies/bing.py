"""Bing's AI Performance on the sample: does it help to know some searches that are answered?

An export like Bing's is drawn from what was planted in the sample. Its searches are searches that
engines ran for the log's questions. Most belong to topics that a page answers; a share of NOISE
does not, as engines also cite pages that do not answer. The calibration is fitted with and without
it, for a log with citations, without citations, and of questions alone. Coverage of the log's own
questions is compared with the planted truth.
"""

import csv
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.command_line import write_figures
from coverage_kit.collect.claims import split_claims
from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.normalize import normal_form
from coverage_kit.match.self_test import expected_calibration_error
from coverage_kit.pipeline.coverage import embed_inputs, fit_coverage
from coverage_kit.pipeline.inputs import Inputs, read_inputs
from coverage_kit.pipeline.run import Run, open_run
from coverage_kit.settings import LogSettings, read_settings
from coverage_kit.tables import LogTables

DATA = Path("data")
EXPORT = DATA / "bing" / "www.larkmoor.example_AISearchQueriesReport_11_2_2026.csv"
# Share of searches for which the site was cited although no page answers them (assumed: between the
# errors of engines' citations, a quarter, and none).
NOISE = 0.1
N_SEARCHES = 90
# What the site does not answer, by the causes that were planted.
NOT_ANSWERED = ("missing", "unwinnable", "out of scope")


def planted_causes(log: LogTables) -> "pd.Series[str]":
    """Return the planted cause of each question of the sample's log, by query_id."""
    truth = pd.read_csv(DATA / "truth" / "queries.csv")
    topics = pd.read_csv(DATA / "truth" / "topics.csv").set_index("topic")["cause"]
    cause_of = dict(zip(truth["query"].map(normal_form), truth["topic"].map(topics), strict=True))
    texts = log.queries.set_index("query_id")["text"]
    return texts.map(normal_form).map(cause_of)


def make_export(log: LogTables, seed: int = 0) -> pd.DataFrame:
    """Return the rows of an export like Bing's: query, citations, share (0 to 1), is_answered."""
    rng = np.random.default_rng(seed)
    cause = planted_causes(log)
    asked = log.answers.set_index("answer_id")["query_id"]
    searches = log.searches.assign(query_id=log.searches["answer_id"].map(asked))
    # A search stands for one question, and the questions themselves are left out.
    searches["form"] = searches["text"].map(normal_form)
    own = set(log.queries["text"].map(normal_form))
    searches = searches[~searches["form"].isin(own)].drop_duplicates("form").sort_values("form")
    is_answered = ~searches["query_id"].map(cause).isin(NOT_ANSWERED)
    n_noise = round(NOISE * N_SEARCHES)
    drawn = pd.concat(
        [
            searches[is_answered].sample(N_SEARCHES - n_noise, random_state=seed),
            searches[~is_answered].sample(n_noise, random_state=seed),
        ]
    )
    demand = log.queries.set_index("query_id")["demand"].reindex(drawn["query_id"]).to_numpy()
    answered = is_answered.loc[drawn.index].to_numpy()
    share = np.where(answered, rng.beta(2, 5, len(drawn)), rng.beta(1, 30, len(drawn)))
    # Bing counts a month of all its users, the log a panel of a few questions a week.
    total = np.maximum(2, demand * rng.lognormal(2.5, 0.8, len(drawn)))
    return pd.DataFrame(
        {
            "query": drawn["text"].to_numpy(),
            "citations": np.maximum(1, rng.binomial(total.astype(int), share)),
            "share": np.clip(share, 0.0005, 1),
            "is_answered": answered,
        }
    ).sort_values("citations", ascending=False, ignore_index=True)


def write_export(export: pd.DataFrame, path: Path) -> None:
    """Write an export as Bing does: quoted, with a byte-order mark and CRLF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(["Grounding Query", "Intent", "Topic", "Citations", "Citation Share"])
        shares = (100 * export["share"]).map("{:.2f}%".format)
        writer.writerows(
            [query, "", "", citations, share]
            for query, citations, share in zip(
                export["query"], export["citations"], shares, strict=True
            )
        )


def run_bing(json_path: Path | None, seeds: int = 3) -> int:
    """Write the export, measure with exports of several seeds, and print the mean figures."""
    settings = read_settings(DATA / "coverage.toml")
    log = read_log(settings.log)
    write_export(make_export(log), EXPORT)
    run = open_run(settings)
    inputs = read_inputs(run)
    figures = {}
    for name, part in (
        ("citations", log),
        ("no citations", without_citations(log)),
        ("questions alone", without_answers(log)),
    ):
        plain, known = [], []
        for seed in range(seeds):
            part_with_bing = with_export(part, make_export(log, seed))
            queries = part_with_bing.queries.assign(times_cited=np.nan)
            plain.append(
                _measure(replace_log(inputs, replace(part_with_bing, queries=queries)), run)
            )
            known.append(_measure(replace_log(inputs, part_with_bing), run))
        figures[name] = {
            "log alone": _measure(replace_log(inputs, part), run),
            "with searches, not known to be answered": _mean(plain),
            "with known searches": _mean(known),
        }
    write_figures(figures, json_path)
    return 0


def with_export(log: LogTables, export: pd.DataFrame) -> LogTables:
    """Return a log with the searches of an export, as `read_log` reads them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / EXPORT.name
        write_export(export, path)
        searches = read_log(LogSettings(files=(str(path),))).queries
    searches = searches[~searches["query_id"].isin(log.queries["query_id"])]
    # Beside a log, what only the report has is not asked.
    searches = searches.assign(demand=0.0)
    return replace(log, queries=pd.concat([log.queries, searches], ignore_index=True))


def _mean(figures: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([part[name] for part in figures])) for name in figures[0]}


def replace_log(inputs: Inputs, log: LogTables) -> Inputs:
    """Return the inputs with another log of the same site."""
    log = replace(log, queries=log.queries.reset_index(drop=True))
    return replace(inputs, log=log, claims=split_claims(log.answers))


def without_citations(log: LogTables) -> LogTables:
    """Return the log as a team without logged citations has it."""
    return replace(log, citations=log.citations[:0], spans=log.spans[:0])


def without_answers(log: LogTables) -> LogTables:
    """Return the questions of a log alone."""
    return replace(without_citations(log), answers=log.answers[:0], searches=log.searches[:0])


def _measure(inputs: Inputs, run: Run) -> dict[str, float]:
    """Return how well coverage of the log's own questions agrees with what was planted."""
    fitted = fit_coverage(run, inputs, embed_inputs(run, inputs))
    cause = planted_causes(inputs.log).dropna()
    coverage = fitted.coverage.set_index("query_id")["coverage"].reindex(cause.index)
    answered = ~cause.isin(NOT_ANSWERED)
    is_judged = cause.isin(["covered", "missing"])
    test = fitted.calibration.self_test
    return {
        "auc": roc_auc_score(answered[is_judged], coverage[is_judged]),
        "auc_all": roc_auc_score(answered, coverage),
        "calibration_error": expected_calibration_error(
            coverage.to_numpy(), answered.to_numpy(), np.ones(len(answered))
        ),
        "brier": float(((coverage - answered) ** 2).mean()),
        "level": float(coverage.mean()),
        "planted_level": float(answered.mean()),
        "distance_of_level": abs(float(coverage.mean() - answered.mean())),
        "self_test_auc": test.auc if test else float("nan"),
        "is_anchored": float(fitted.calibration.is_anchored),
        "n_questions": float(len(cause)),
    }
