"""Tables that only the notebooks show, prepared from a run for `notebook.show_table`."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import flatten
from coverage_kit.report.visibility_joined import (
    describe_drifts,
    describe_holders,
    describe_verdicts,
    describe_visibility,
)
from coverage_kit.report.wording import amount, percent

# Facts of a run that say how its figures were made.
_FACTS = (
    "encoder",
    "self_test",
    "retrievers",
    "covered",
    "unanswered",
    "question_check",
    "clustering",
    "evidence_used",
    "seed",
    "versions",
)
# Signs of drift that are no shares.
_COUNTS = frozenset({"citations_per_answer"})
# Smaller moves of coverage round to no whole percent. Assumed.
_MIN_MOVE = 0.005


def list_rates(analysis: Analysis, splits: tuple[str, ...]) -> pd.DataFrame:
    """Return `describe_visibility` with `counted`, such as 98 of 336, and `split_title`."""
    rates = describe_visibility(analysis, splits)
    counted = [
        f"{amount(numerator)} of {amount(denominator)}"
        for numerator, denominator in zip(rates["numerator"], rates["denominator"], strict=True)
    ]
    titles = {"all": "that do not name you", "branded": "that name you", "cluster": "of a topic"}
    return rates.assign(
        counted=pd.Series(counted, rates.index, "str"),
        split_title=rates["split_by"].map(titles).astype("str"),
    )


def list_runs(analysis: Analysis) -> pd.DataFrame:
    """Return a row for each run of the site, newest first.

    The columns are run, first (its time), coverage with low and high, severe_gaps and planned_gain.
    """
    history = analysis.history[analysis.history["part"] == "all"]
    measures = ["coverage", "severe_gaps", "planned_gain"]
    figures = history.pivot_table(index="run", columns="measure", values="value", dropna=False)
    coverage = history[history["measure"] == "coverage"].set_index("run")
    return (
        figures.reindex(columns=measures)
        .join(coverage[["low", "high"]])
        .join(history.groupby("run")["at"].min().rename("first"))
        .reset_index()
        .sort_values("run", ascending=False)
    )


def list_found_pages(analysis: Analysis) -> pd.DataFrame:
    """Return the site's pages with the answers that found without citing it, and that cite it.

    The columns are page_id, title, retrieved and cited; most found first.
    """
    own = analysis.citations[analysis.citations["site"] == analysis.about.own_site]
    counts = own.pivot_table(
        index="url", columns="kind", values="answer_id", aggfunc="nunique", fill_value=0
    )
    counts = counts.reindex(columns=["retrieved", "cited"], fill_value=0).rename_axis(columns=None)
    pages = analysis.pages.drop_duplicates("url")[["url", "page_id", "title"]]
    frame = counts.reset_index().merge(pages, on="url", how="left")
    frame["page_id"] = frame["page_id"].fillna(frame["url"])
    return frame.sort_values(["retrieved", "page_id"], ascending=[False, True])


def list_ceded(analysis: Analysis) -> pd.DataFrame:
    """Return the topics that count as not winnable, with who holds most of each; most asked first.

    The columns are those of `describe_holders`, and demand.
    """
    holders = describe_holders(analysis)
    ceded = holders[~holders["is_contested"]].sort_values("n_citations", ascending=False)
    ceded = ceded.drop_duplicates("cluster_id").merge(
        analysis.gaps[["cluster_id", "demand"]], on="cluster_id"
    )
    return ceded.sort_values("demand", ascending=False)


def list_citation_verdicts(analysis: Analysis) -> pd.DataFrame:
    """Return `describe_verdicts` on the citation rate."""
    verdicts = describe_verdicts(analysis)
    return verdicts[verdicts["measure"] == "citation_rate"]


def list_drifts(analysis: Analysis) -> pd.DataFrame:
    """Return `describe_drifts` with before and after in words: shares as percent, counts as such.

    They are empty for a sign that is no number.
    """
    drifts = describe_drifts(analysis)
    for name in ("before", "after"):
        values = zip(drifts["sign"], drifts[name], strict=True)
        drifts[name] = pd.Series(
            [_describe_sign(str(sign), value) for sign, value in values], drifts.index, "str"
        )
    return drifts


def _describe_sign(sign: str, value: float) -> str:
    if pd.isna(value):
        return ""
    return amount(value) if sign in _COUNTS else percent(value)


def list_moves(analysis: Analysis) -> pd.DataFrame:
    """Return the questions whose coverage moved since the last run, the largest move first.

    The columns are those of `analysis.previous`, with coverage_before, coverage and change.
    """
    moves = analysis.previous.merge(
        analysis.coverage, on="query_id", suffixes=("_before", "")
    ).astype({"coverage": "float64", "coverage_before": "float64"})
    moves = moves.assign(change=moves["coverage"] - moves["coverage_before"])
    moves = moves[moves["change"].abs() > _MIN_MOVE]
    return moves.sort_values("change", key=abs, ascending=False)


def list_about(analysis: Analysis) -> pd.DataFrame:
    """Return how the run's figures were made: name and value of each fact."""
    about = asdict(analysis.about)
    facts: dict[str, Any] = {name: about[name] for name in _FACTS}
    rows = [
        (name.replace("_", " ").replace(".", ": "), _write(value))
        for name, value in flatten(facts)
        if value is not None
    ]
    return pd.DataFrame(rows, columns=["name", "value"], dtype="str")


def _write(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def list_tables(analysis: Analysis) -> pd.DataFrame:
    """Return the name of each table of the run, and how many rows it has."""
    tables = analysis.tables()
    return pd.DataFrame({"table": list(tables), "rows": [len(table) for table in tables.values()]})
