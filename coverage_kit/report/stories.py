"""Gaps and edits with all that a reader needs to judge them, as plain values for the page's template."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import clean_text, is_missing, safe_url, shorten, shorten_lines
from coverage_kit.report.views import describe_edits, describe_gaps, sample_queries

_QUERIES, _ANSWERS, _CITED = 8, 2, 8
_PASSAGE_CHARACTERS, _ANSWER_CHARACTERS, _BRIEF_CHARACTERS = 700, 600, 4_000

Story = dict[str, Any]


def tell_gaps(analysis: Analysis, n: int) -> list[Story]:
    """Return the first n gaps with queries, nearest places, answers and edits."""
    gaps = describe_gaps(analysis).head(n)
    queries = _by_cluster(sample_queries(analysis, _QUERIES))
    answers = _tell_answers(analysis, set(gaps["cluster_id"]))
    edits = _by_cluster(analysis.edits.sort_values("rank"))
    stories = []
    for row in gaps.to_dict("records"):
        name = row["cluster_id"]
        asked = [{**one, "text": shorten(one["text"], 240)} for one in queries.get(name, pd.DataFrame()).to_dict("records")]
        own_edits = edits.get(name, pd.DataFrame()).head(3).to_dict("records")
        stories.append(
            {
                **{str(key): None if is_missing(value) else value for key, value in row.items()},
                "label": shorten(row["label"], 120),
                "queries": asked,
                "n_more": int(row["n_queries"]) - len(asked),
                "own": _tell_place(row, "own"),
                "other": _tell_place(row, "other"),
                "lacking": [shorten(line, 240) for line in clean_text(row["unsupported_claims"]).split("\n") if line],
                "answers": answers.get(name, []),
                "edits": [int(edit["rank"]) for edit in own_edits],
                "search": " ".join([shorten(row["label"], 120), *(one["text"] for one in asked)]).lower(),
            }
        )
    return stories


def tell_edits(analysis: Analysis, n: int) -> list[Story]:
    """Return the first n edits with page, brief, words there now, and the queries they are predicted to help."""
    stories = []
    for row in describe_edits(analysis).head(n).to_dict("records"):
        story = {str(key): None if is_missing(value) else value for key, value in row.items()}
        texts = {key: shorten_lines(row[key], _BRIEF_CHARACTERS) for key in ("text", "before")}
        helped = [shorten(line, 200) for line in clean_text(row["helped"]).split("\n") if line]
        short = {key: shorten(row[key], 160) for key in ("page_id", "anchor", "label")}
        stories.append({**story, **texts, **short, "url": safe_url(row["url"]), "helped": helped})
    return stories


def _by_cluster(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): group for name, group in table.groupby("cluster_id", sort=False)}


def _tell_place(row: dict[Any, Any], side: str) -> Story | None:
    if is_missing(row[f"{side}_heading"]):
        return None
    return {
        "site": shorten(row[f"{side}_site"], 80),
        "heading": shorten(row[f"{side}_heading"], 160) or shorten(row[f"{side}_page_id"], 160),
        "url": safe_url(row[f"{side}_url"]),
        "text": shorten_lines(row[f"{side}_text"], _PASSAGE_CHARACTERS),
    }


def _tell_answers(analysis: Analysis, cluster_ids: set[str]) -> dict[str, list[Story]]:
    """Return for each gap the answers to its most telling queries, one an engine, with what they cite."""
    samples = sample_queries(analysis, _QUERIES)
    samples = samples.loc[samples["cluster_id"].isin(cluster_ids), ["query_id", "cluster_id", "text"]]
    found = samples.rename(columns={"text": "query"}).merge(analysis.answers, on="query_id")
    found = found.drop_duplicates(["cluster_id", "engine"]).groupby("cluster_id", sort=False).head(_ANSWERS)
    cited = analysis.citations[
        (analysis.citations["kind"] == "cited") & analysis.citations["answer_id"].isin(found["answer_id"])
    ].sort_values(["answer_id", "position"])
    by_answer = {str(name): group for name, group in cited.groupby("answer_id")}
    told: dict[str, list[Story]] = {}
    for row in found.to_dict("records"):
        citations = by_answer.get(row["answer_id"], cited.head(0)).head(_CITED)
        told.setdefault(row["cluster_id"], []).append(
            {
                "engine": shorten(row["engine"], 60),
                "query": shorten(row["query"], 240),
                "searched": bool(row["searched"]),
                "text": shorten_lines(row["text"], _ANSWER_CHARACTERS),
                "cited": [_tell_citation(one, analysis) for one in citations.to_dict("records")],
            }
        )
    return told


def _tell_citation(row: dict[Any, Any], analysis: Analysis) -> Story:
    is_own = row["site"] == analysis.about.get("own_site")
    return {"url": safe_url(row["url"]), "site": shorten(row["site"], 80), "is_own": is_own}
