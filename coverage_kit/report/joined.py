"""The tables of a run joined for a reader, with names and passages instead of ids.

The page, the workbook and the notebooks all start from these tables.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.headline import chosen_edits
from coverage_kit.report.asked import AskedWords
from coverage_kit.report.edit_texts import list_name, name_edit, name_subject, name_task
from coverage_kit.report.evidence import describe_nearest, with_rivals
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.site_account import cure_of
from coverage_kit.report.texts import clean_text, is_missing, link_to_anchor
from coverage_kit.report.wording import describe_cause, describe_open, describe_operation
from coverage_kit.tables.answered import find_unanswered
from coverage_kit.tables.asked import most_asked_first
from coverage_kit.tables.logged import logs_citations
from coverage_kit.vocabulary import NO_EDIT

# The word of a gap's `plan` for one that a planned edit serves.
PLANNED = "planned"
# Queries of a gap and queries that an edit helps, as examples in one cell. Assumed: more make the
# rows of a sheet too high to read.
_MAX_EXAMPLE_QUERIES = 5
_MAX_HELPED_QUERIES = 3


def list_unedited(analysis: Analysis) -> pd.DataFrame:
    """Return the gaps that no edit of the site can close, with the reason, most urgent first."""
    unedited = analysis.edits[analysis.edits["operation"] == NO_EDIT]
    gaps = analysis.gaps[["cluster_id", "label", "demand", "cause", "reason", "rank"]].rename(
        columns={"rank": "gap_rank"}
    )
    columns = ["edit_id", "cluster_id", "page_id", "brief"]
    frame = unedited[columns].merge(gaps, on="cluster_id", how="left")
    titles = [describe_cause(str(cause)).title for cause in frame["cause"]]
    frame["cause_title"] = pd.Series(titles, dtype="str")
    return frame.sort_values(["gap_rank", "edit_id"], kind="stable").reset_index(drop=True)


def list_effects(analysis: Analysis) -> pd.DataFrame:
    """Return one row for each edit and query whose coverage it changes, largest gain or loss first.

    With the query's text and demand, its coverage before and after, and its `gain`: what it adds to
    the edit's gain, which is derived from weight and coverage where the run does not hold it.
    """
    effects = analysis.effects.merge(
        analysis.queries[["query_id", "text", "demand"]], on="query_id"
    )
    effects["rise"] = effects["coverage_after"] - effects["coverage_before"]
    # What a question loses counts twice.
    counted = effects["weight"] * effects["rise"].where(effects["rise"] > 0, 2 * effects["rise"])
    effects["gain"] = effects["gain"].fillna(counted)
    effects["worth"] = effects["gain"].abs()
    return effects.sort_values(
        ["edit_id", "worth", "query_id"],
        ascending=[True, False, True],
        kind="stable",
    )


def plan_of_gaps(analysis: Analysis) -> dict[str, list[int]]:
    """Return by cluster_id the ranks of the planned edits that serve a gap.

    They are the chosen edits for this gap, or else the chosen edit that gains most from its
    questions.
    """
    chosen = chosen_edits(analysis)
    ranks = {
        str(cluster_id): [int(rank) for rank in edits["rank"]]
        for cluster_id, edits in chosen.groupby("cluster_id")
    }
    effects = list_effects(analysis).merge(chosen[["edit_id", "rank"]], on="edit_id")
    effects = effects.merge(analysis.clusters[["query_id", "cluster_id"]], on="query_id")
    gains = effects.groupby(["cluster_id", "rank"])["gain"].sum().reset_index()
    best = gains[gains["gain"] > 0].sort_values(["gain", "rank"], ascending=[False, True])
    others = best.drop_duplicates("cluster_id").set_index("cluster_id")["rank"]
    return {str(cluster_id): [int(rank)] for cluster_id, rank in others.items()} | ranks


def describe_plan(plan: object, ranks: Sequence[int]) -> str:
    """Return whether a gap is in the plan, and why not; empty where the run does not say.

    >>> describe_plan("planned", [3]), describe_plan("no page may be touched", [])
    ('In the plan: edit 3', 'Not in the plan: no page may be touched')

    Args:
        plan: the gap's `plan`.
        ranks: the planned edits that serve it, as `plan_of_gaps` returns them.
    """
    if is_missing(plan) or not str(plan).strip():
        return ""
    if str(plan) != PLANNED:
        return f"Not in the plan: {clean_text(plan).removeprefix('Not planned: ').rstrip('.')}"
    edits = f"edit{'s' if len(ranks) > 1 else ''} {', '.join(map(str, ranks))}"
    return f"In the plan: {edits}" if ranks else "In the plan"


def describe_passages(analysis: Analysis) -> pd.DataFrame:
    """Return one row a passage, by passage_id: site, page_id, url, title, heading, text.

    The URL leads to the passage's heading where its anchor is known.
    """
    pages = analysis.pages[["page_id", "url", "title"]]
    passages = analysis.passages.merge(pages, on="page_id", how="left").set_index("passage_id")
    passages = _with_anchors(passages)
    return passages.rename(columns={"heading_path": "heading"})[
        ["site", "page_id", "url", "title", "heading", "text"]
    ]


def _with_anchors(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose `url` leads to the heading that `anchor` names, where it is known."""
    places = zip(frame["url"], frame["anchor"], strict=True)
    urls = [link_to_anchor(url, anchor) for url, anchor in places]
    return frame.assign(url=pd.Series(urls, index=frame.index, dtype="str"))


def describe_queries(analysis: Analysis) -> pd.DataFrame:
    """Return one row a query, most urgent gap first, then by demand.

    With its coverage, gap, nearest passages, and the numbers of its answers and of those that cite
    the site.
    """
    labels = analysis.gaps[["cluster_id", "label", "rank"]].rename(columns={"rank": "gap_rank"})
    frame = (
        analysis.queries[["query_id", "text", "demand", "demand_kind", "origin"]]
        .merge(analysis.coverage, on="query_id", how="left")
        .merge(
            analysis.clusters[["query_id", "cluster_id"]],
            on="query_id",
            how="left",
        )
        .merge(labels, on="cluster_id", how="left")
    )
    frame["cause_title"] = [describe_cause(str(cause)).title for cause in frame["cause"]]
    n_answers, n_cited = _count_answers(analysis, frame["query_id"])
    frame["n_answers"] = n_answers
    frame["n_cited"] = n_cited
    frame = _with_passages(frame, describe_passages(analysis))
    frame = AskedWords(analysis).with_words(most_asked_first(frame, "query_id"))
    return frame.sort_values("gap_rank", kind="stable").reset_index(drop=True)


def describe_gaps(analysis: Analysis) -> pd.DataFrame:
    """Return one row a gap, most urgent first: cause in words, a few queries, nearest passages.

    The columns of `list_gaps` are among them. `unanswered` says how many of its questions are,
    `nearest` what your site has, and `instead` and `rival` who answers (`report/evidence.py`).
    """
    frame = AskedWords(analysis).with_words(list_gaps(analysis))
    counts = zip(frame["n_open"], frame["n_queries"], strict=True)
    frame["unanswered"] = pd.Series([describe_open(*pair) for pair in counts], dtype="str")
    causes = [describe_cause(str(cause)) for cause in frame["cause"]]
    frame["cause_title"] = pd.Series([cause.title for cause in causes], dtype="str")
    frame["what_to_do"] = pd.Series([cause.what_to_do for cause in causes], dtype="str")
    planned = plan_of_gaps(analysis)
    plans = zip(frame["plan"], frame["cluster_id"], strict=True)
    frame["in_plan"] = pd.Series(
        [describe_plan(plan, planned.get(str(name), [])) for plan, name in plans], dtype="str"
    )
    samples = sample_queries(analysis, _MAX_EXAMPLE_QUERIES)
    texts = (
        samples.groupby("cluster_id")["text"].agg("\n".join)
        if len(samples)
        else pd.Series(dtype="str")
    )
    frame["queries"] = texts.reindex(frame["cluster_id"]).to_numpy()
    frame = with_rivals(_with_passages(frame, describe_passages(analysis)), analysis)
    nearest = [describe_nearest(row) for row in frame.to_dict("records")]
    return frame.assign(nearest=pd.Series(nearest, dtype="str"))


def sample_queries(analysis: Analysis, n: int) -> pd.DataFrame:
    """Return up to n queries of each gap with text, demand, coverage, and whether it is open.

    The gap's medoid, its most typical query, comes first, then the most asked queries.
    """
    queries = analysis.clusters.merge(analysis.queries, on="query_id").merge(
        analysis.coverage[["query_id", "coverage", "low", "high"]],
        on="query_id",
        how="left",
    )
    is_open = queries["query_id"].map(find_unanswered(analysis.coverage))
    queries["is_open"] = is_open.fillna(value=True).astype(bool)
    queries["is_medoid"] = queries["query_id"].isin(analysis.gaps["medoid_query_id"])
    queries = most_asked_first(queries, "query_id").sort_values(
        "is_medoid", ascending=False, kind="stable"
    )
    return queries.groupby("cluster_id", sort=False).head(n)


def describe_edits(analysis: Analysis) -> pd.DataFrame:
    """Return one row an edit by rank, without the gaps that no edit can close.

    `name` says what is done and for which topic, `listed_as` the same with the topic first, `task`
    and `subject` each alone. With the page, the URL of its heading where that has an anchor, and
    its title, the gap that the edit serves with its
    cause, and the queries that it helps most.
    """
    gaps = analysis.gaps[["cluster_id", "label", "rank", "cause", "reason"]].rename(
        columns={"rank": "gap_rank"}
    )
    edits = analysis.edits[analysis.edits["operation"] != NO_EDIT]
    frame = edits.merge(gaps, on="cluster_id", how="left")
    pages = analysis.pages[["page_id", "url", "title"]].rename(columns={"title": "page_title"})
    frame = frame.merge(pages, on="page_id", how="left")
    places = ["page_id", "heading_path"]
    anchors = analysis.passages.drop_duplicates(places)[[*places, "anchor"]]
    frame = _with_anchors(frame.merge(anchors, on=places, how="left")).drop(columns="anchor")
    rows = [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    frame["name"] = pd.Series([name_edit(row) for row in rows], dtype="str")
    frame["task"] = pd.Series([name_task(row) for row in rows], dtype="str")
    frame["listed_as"] = pd.Series([list_name(row) for row in rows], dtype="str")
    frame["subject"] = pd.Series([name_subject(row) for row in rows], dtype="str")
    frame["operation_title"] = pd.Series(
        [describe_operation(str(name)) for name in frame["operation"]],
        dtype="str",
    )
    frame["cause_title"] = pd.Series(
        [describe_cause(str(cause)).title for cause in frame["cause"]],
        dtype="str",
    )
    frame["is_chosen"] = frame["is_chosen"].astype(bool)
    helped = _helped_queries(analysis)
    n_helped = helped.groupby("edit_id").size().reindex(frame["edit_id"])
    frame["n_helped"] = n_helped.fillna(0).astype("int64").to_numpy()
    examples = helped.groupby("edit_id").head(_MAX_HELPED_QUERIES)
    texts = (
        examples.groupby("edit_id")["text"].agg("\n".join)
        if len(examples)
        else pd.Series(dtype="str")
    )
    frame["helped"] = texts.reindex(frame["edit_id"]).to_numpy()
    return frame.sort_values("rank").reset_index(drop=True)


def describe_pages(analysis: Analysis) -> pd.DataFrame:
    """Return one row a page, the site's own first: size, nearest queries and covered demand.

    The nearest queries of a page of the site are those whose nearest passage of the site is on it;
    those of another page are the queries whose best passage of other sites is on it.
    """
    size = analysis.passages.groupby("page_id").agg(
        n_passages=("passage_id", "size"), n_words=("n_words", "sum")
    )
    frame = analysis.pages.merge(size, on="page_id", how="left").fillna(
        {"n_passages": 0, "n_words": 0}
    )
    page_of = analysis.passages.set_index("passage_id")["page_id"]
    queries = analysis.queries.merge(analysis.coverage, on="query_id")
    own_page = queries["own_passage_id"].map(page_of)
    other_page = queries["best_other_passage_id"].map(page_of)
    n_nearest = pd.concat([own_page, other_page]).value_counts()
    # Only pages of the site can cover demand.
    covered = (queries["demand"] * queries["coverage"]).groupby(own_page).sum()
    frame["n_nearest"] = n_nearest.reindex(frame["page_id"]).fillna(0).astype("int64").to_numpy()
    frame["is_own"] = frame["site"] == analysis.about.own_site
    frame["cure"] = frame["status"].astype("str").map(cure_of)
    frame["demand_covered"] = covered.reindex(frame["page_id"]).fillna(0.0).to_numpy()
    frame["demand_covered"] = frame["demand_covered"].where(frame["is_own"])
    return frame.sort_values(
        ["is_own", "site", "url"], ascending=[False, True, True], kind="stable"
    ).reset_index(drop=True)


def _count_answers(
    analysis: Analysis, query_ids: "pd.Series[str]"
) -> tuple["pd.Series[int]", "pd.Series[int]"]:
    """Return for each query the numbers of its answers and of those that cite the site.

    The second is missing where the log holds no citations of any engine that answered.
    """
    cited = analysis.citations[
        (analysis.citations["kind"] == "cited")
        & (analysis.citations["site"] == analysis.about.own_site)
    ]
    answers = analysis.answers
    citing = answers[answers["answer_id"].isin(cited["answer_id"])]
    n_answers, n_cited = (
        query_ids.map(rows["query_id"].value_counts()).fillna(0) for rows in (answers, citing)
    )
    logged = answers.loc[logs_citations(answers, analysis.citations), "query_id"]
    is_known = query_ids.isin(logged) | (n_answers == 0)
    return n_answers.astype("int64"), n_cited.astype("Int64").where(is_known)


def _with_passages(frame: pd.DataFrame, passages: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the columns of its nearest own and best other passage."""
    for prefix, column in (
        ("own", "own_passage_id"),
        ("other", "best_other_passage_id"),
    ):
        columns = passages.reindex(frame[column]).set_axis(frame.index)
        frame = frame.join(columns.add_prefix(f"{prefix}_"))
    return frame


def _helped_queries(analysis: Analysis) -> pd.DataFrame:
    """Return the queries that add to each edit's gain, the largest first."""
    effects = list_effects(analysis)
    return effects[effects["gain"] > 0]


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
