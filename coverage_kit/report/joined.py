"""The tables joined for a reader: names and places instead of ids. Workbook and page both start from these."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.report.wording import describe_cause, describe_operation

NO_EDIT = "no_edit"
_SHOWN_QUERIES = 5
_SHOWN_HELPED = 3


def list_unedited(analysis: Analysis) -> pd.DataFrame:
    """Return the gaps that no edit of the own site can close, with why, in the order of the work."""
    left = analysis.edits[analysis.edits["operation"] == NO_EDIT]
    gaps = analysis.gaps[["cluster_id", "label", "demand", "cause", "reason", "rank"]].rename(
        columns={"rank": "gap_rank"}
    )
    frame = left[["edit_id", "cluster_id", "page_id", "brief"]].merge(
        gaps, on="cluster_id", how="left"
    )
    return frame.sort_values(["gap_rank", "edit_id"], kind="stable").reset_index(drop=True)


def list_effects(analysis: Analysis) -> pd.DataFrame:
    """Return one row an edit and query whose coverage it changes: text, demand, coverage before and after, largest first."""
    effects = analysis.effects.merge(
        analysis.queries[["query_id", "text", "demand"]], on="query_id"
    )
    effects["rise"] = effects["coverage_after"] - effects["coverage_before"]
    effects["worth"] = (effects["rise"] * effects["demand"]).abs()
    return effects.sort_values(
        ["edit_id", "worth", "query_id"],
        ascending=[True, False, True],
        kind="stable",
    )


def describe_places(analysis: Analysis) -> pd.DataFrame:
    """Return one row a passage, by passage_id: site, page_id, url, title, heading, text."""
    pages = analysis.pages[["page_id", "url", "title"]]
    places = analysis.passages.merge(pages, on="page_id", how="left").set_index("passage_id")
    return places.rename(columns={"heading_path": "heading"})[
        ["site", "page_id", "url", "title", "heading", "text"]
    ]


def describe_queries(analysis: Analysis) -> pd.DataFrame:
    """Return one row a query, worst gap first, then by demand: coverage, its gap, nearest places, answers and citations."""
    labels = analysis.gaps[["cluster_id", "label", "rank"]].rename(columns={"rank": "gap_rank"})
    frame = (
        analysis.queries[["query_id", "text", "demand"]]
        .merge(analysis.coverage, on="query_id", how="left")
        .merge(
            analysis.clusters[["query_id", "cluster_id"]],
            on="query_id",
            how="left",
        )
        .merge(labels, on="cluster_id", how="left")
    )
    frame["cause_title"] = [describe_cause(str(cause)).title for cause in frame["cause"]]
    frame["n_answers"], frame["n_cited"] = _count_answers(analysis, frame["query_id"])
    frame = _with_places(frame, describe_places(analysis))
    order = ["gap_rank", "demand", "query_id"]
    return frame.sort_values(order, ascending=[True, False, True], kind="stable").reset_index(
        drop=True
    )


def describe_gaps(analysis: Analysis) -> pd.DataFrame:
    """Return one row a gap in the order of the work: cause in words, a few queries, nearest places."""
    frame = analysis.gaps.sort_values("rank").reset_index(drop=True)
    words = [describe_cause(str(cause)) for cause in frame["cause"]]
    frame["cause_title"] = pd.Series([word.title for word in words], dtype="str")
    frame["what_to_do"] = pd.Series([word.what_to_do for word in words], dtype="str")
    samples = sample_queries(analysis, _SHOWN_QUERIES)
    texts = (
        samples.groupby("cluster_id")["text"].agg("\n".join)
        if len(samples)
        else pd.Series(dtype="str")
    )
    frame["queries"] = texts.reindex(frame["cluster_id"]).to_numpy()
    return _with_places(frame, describe_places(analysis))


def sample_queries(analysis: Analysis, n: int) -> pd.DataFrame:
    """Return up to n queries of each gap with text, demand and coverage: the medoid first, then by demand."""
    asked = analysis.clusters.merge(analysis.queries, on="query_id").merge(
        analysis.coverage[["query_id", "coverage", "low", "high"]],
        on="query_id",
        how="left",
    )
    asked["is_medoid"] = asked["query_id"].isin(analysis.gaps["medoid_query_id"])
    asked = asked.sort_values(
        ["is_medoid", "demand", "query_id"],
        ascending=[False, False, True],
        kind="stable",
    )
    return asked.groupby("cluster_id", sort=False).head(n)


def typical_questions(analysis: Analysis) -> "pd.Series[str]":
    """Return each gap's most typical question, its medoid, by cluster_id; missing where the run does not tell."""
    texts = analysis.queries.set_index("query_id")["text"]
    return analysis.gaps.set_index("cluster_id")["medoid_query_id"].map(texts)


def name_gap(label: object, question: object) -> tuple[str, str]:
    """Return a gap's name, and its typical question beside it; a label that is a question cut short is named by the whole one.

    >>> name_gap("saddle, near", "best saddle near me"), name_gap("best saddle…", "best saddle near me")
    (('saddle, near', 'best saddle near me'), ('best saddle near me', ''))
    """
    name = shorten(label, 120)
    asked = "" if is_missing(question) else shorten(question, 160)
    return (asked, "") if asked.startswith(name.rstrip("…").rstrip()) else (name, asked)


def describe_edits(analysis: Analysis) -> pd.DataFrame:
    """Return one row an edit by rank, but for no_edit: operation in words, page, the gap it serves and why, whom it helps."""
    gaps = analysis.gaps[["cluster_id", "label", "rank", "cause", "reason"]].rename(
        columns={"rank": "gap_rank"}
    )
    edits = analysis.edits[analysis.edits["operation"] != NO_EDIT]
    frame = edits.merge(gaps, on="cluster_id", how="left")
    frame = frame.merge(analysis.pages[["page_id", "url", "title"]], on="page_id", how="left")
    frame["operation_title"] = pd.Series(
        [describe_operation(str(name)) for name in frame["operation"]],
        dtype="str",
    )
    frame["cause_title"] = pd.Series(
        [describe_cause(str(cause)).title for cause in frame["cause"]],
        dtype="str",
    )
    frame["is_chosen"] = frame["is_chosen"].astype(bool)
    helped = _helped(analysis)
    frame["n_helped"] = (
        helped.groupby("edit_id")
        .size()
        .reindex(frame["edit_id"])
        .fillna(0)
        .astype("int64")
        .to_numpy()
    )
    top = helped.groupby("edit_id").head(_SHOWN_HELPED)
    texts = top.groupby("edit_id")["text"].agg("\n".join) if len(top) else pd.Series(dtype="str")
    frame["helped"] = texts.reindex(frame["edit_id"]).to_numpy()
    return frame.sort_values("rank").reset_index(drop=True)


def describe_pages(analysis: Analysis) -> pd.DataFrame:
    """Return one row a page, own site first: size, and for read pages the queries nearest to it and the demand it covers.

    Of own pages the queries are those whose nearest own passage is there; of others, whose nearest
    passage of other sites is.
    """
    size = analysis.passages.groupby("page_id").agg(
        n_passages=("passage_id", "size"), n_words=("n_words", "sum")
    )
    frame = analysis.pages.merge(size, on="page_id", how="left").fillna(
        {"n_passages": 0, "n_words": 0}
    )
    page_of = analysis.passages.set_index("passage_id")["page_id"]
    asked = analysis.queries.merge(analysis.coverage, on="query_id")
    own = asked["own_passage_id"].map(page_of)
    nearest = pd.concat([own, asked["best_other_passage_id"].map(page_of)]).value_counts()
    covered = (asked["demand"] * asked["coverage"]).groupby(own).sum()
    frame["n_nearest"] = nearest.reindex(frame["page_id"]).fillna(0).astype("int64").to_numpy()
    frame["is_own"] = frame["site"] == analysis.about.get("own_site")
    frame["demand_covered"] = covered.reindex(frame["page_id"]).fillna(0.0).to_numpy()
    frame["demand_covered"] = frame["demand_covered"].where(frame["is_own"])
    return frame.sort_values(
        ["is_own", "site", "url"], ascending=[False, True, True], kind="stable"
    ).reset_index(drop=True)


def _count_answers(
    analysis: Analysis, query_ids: "pd.Series[str]"
) -> tuple["pd.Series[int]", "pd.Series[int]"]:
    """Return for each query its answers, and those that cite the own site."""
    cited = analysis.citations[
        (analysis.citations["kind"] == "cited")
        & (analysis.citations["site"] == analysis.about.get("own_site"))
    ]
    answers = analysis.answers
    citing = answers[answers["answer_id"].isin(cited["answer_id"])]
    n_answers, n_cited = (
        query_ids.map(rows["query_id"].value_counts()).fillna(0) for rows in (answers, citing)
    )
    return n_answers.astype("int64"), n_cited.astype("int64")


def _with_places(frame: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the places of its nearest own and best other passage."""
    for prefix, column in (
        ("own", "own_passage_id"),
        ("other", "best_other_passage_id"),
    ):
        found = places.reindex(frame[column]).set_axis(frame.index)
        frame = frame.join(found.add_prefix(f"{prefix}_"))
    return frame


def _helped(analysis: Analysis) -> pd.DataFrame:
    """Return the queries whose coverage each edit is predicted to raise, largest rise first."""
    effects = list_effects(analysis)
    return effects[(effects["rise"] > 0) & ~effects["is_drafted_from"].astype(bool)]


def flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested values as dotted names and plain values, in the order of names.

    >>> list(flatten({"b": {"c": 1}, "a": [1, "x"]}))
    [('a', '1, x'), ('b.c', 1)]
    """
    for name, value in sorted(values.items()):
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            yield from _flatten_list(f"{prefix}{name}", list(value))
        else:
            yield f"{prefix}{name}", value


def _flatten_list(name: str, values: list[Any]) -> Iterator[tuple[str, Any]]:
    if any(isinstance(value, dict) for value in values):
        yield from flatten(
            {str(number): value for number, value in enumerate(values)},
            f"{name}.",
        )
    else:
        yield name, ", ".join(map(str, values))
