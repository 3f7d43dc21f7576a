"""Gaps and edits with all that a reader needs to judge them, as plain values for the page's template."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from coverage_kit.analysis import Analysis
from coverage_kit.report.diffs import diff_html
from coverage_kit.report.joined import (
    NO_EDIT,
    describe_edits,
    describe_gaps,
    describe_queries,
    list_unedited,
    name_gap,
    sample_queries,
    typical_questions,
)
from coverage_kit.report.texts import (
    clean_text,
    is_missing,
    safe_url,
    shorten,
    shorten_lines,
)
from coverage_kit.report.todo import list_records
from coverage_kit.report.wording import describe_action

_QUERIES = 8
_ANSWERS = 2
_CITED = 8
_MOST_QUESTIONS = 20_000
_HOUR = 60.0
_PASSAGE_CHARACTERS = 700
_ANSWER_CHARACTERS = 600
_BRIEF_CHARACTERS = 4_000

Story = dict[str, Any]


def tell_gaps(analysis: Analysis, n: int) -> list[Story]:
    """Return the first n gaps with name, typical question, queries, nearest places, answers and edits."""
    gaps = describe_gaps(analysis).head(n)
    typical = typical_questions(analysis)
    queries = _by_cluster(sample_queries(analysis, _QUERIES))
    answers = _tell_answers(analysis, set(gaps["cluster_id"]))
    edits = _by_cluster(analysis.edits[analysis.edits["operation"] != NO_EDIT].sort_values("rank"))
    stories = []
    for row in gaps.to_dict("records"):
        name = row["cluster_id"]
        asked = [
            {**one, "text": shorten(one["text"], 240)}
            for one in queries.get(name, pd.DataFrame()).to_dict("records")
        ]
        label, question = name_gap(row["label"], typical.get(name))
        own_edits = edits.get(name, pd.DataFrame()).head(3).to_dict("records")
        stories.append(
            {
                **{str(key): None if is_missing(value) else value for key, value in row.items()},
                "label": label,
                "question": question,
                "queries": asked,
                "n_more": int(row["n_queries"]) - len(asked),
                "own": tell_place(row, "own"),
                "other": tell_place(row, "other"),
                "lacking": [
                    shorten(line, 240)
                    for line in clean_text(row["unsupported_claims"]).split("\n")
                    if line
                ],
                "answers": answers.get(name, []),
                "edits": [int(edit["rank"]) for edit in own_edits],
            }
        )
    return stories


def tell_edits(analysis: Analysis, n: int) -> list[Story]:
    """Return the first n edits with page, brief, diff, why, and the queries whose coverage they are predicted to change."""
    records = {record["edit_id"]: record for record in list_records(analysis)}
    typical = typical_questions(analysis)
    stories = []
    for row in describe_edits(analysis).head(n).to_dict("records"):
        record = records[row["edit_id"]]
        story = {str(key): None if is_missing(value) else value for key, value in row.items()}
        short = {key: shorten(row[key], 160) for key in ("page_id", "heading_path")}
        short["label"], short["question"] = name_gap(row["label"], typical.get(row["cluster_id"]))
        queries = [{**query, "text": shorten(query["text"], 200)} for query in record["queries"]]
        told = {
            "brief": shorten_lines(row["brief"], _BRIEF_CHARACTERS),
            "reason": shorten(row["reason"], 300),
            "changes": [_tell_change(change) for change in record["changes"]] or _tell_whole(row),
            "queries": queries[:_QUERIES],
            "n_more": max(0, len(queries) - _QUERIES),
            "url": safe_url(row["url"]),
        }
        stories.append({**story, **short, **told})
    return stories


def tell_questions(analysis: Analysis) -> Story:
    """Return the most asked questions as columns, most asked first: text, demand, coverage, rank of the gap (0 for none)."""
    frame = describe_queries(analysis).nlargest(_MOST_QUESTIONS, "demand", keep="first")
    return {
        "text": [shorten(text, 200) for text in frame["text"]],
        "demand": frame["demand"].round(1).tolist(),
        "coverage": [None if is_missing(one) else one for one in frame["coverage"].round(3)],
        "gap": frame["gap_rank"].fillna(0).astype("int64").tolist(),
        "n": len(analysis.queries),
    }


def pick_hour(edits: list[Story]) -> list[Story]:
    """Return the first of these edits that fill an hour, with minutes and gain so far; one at least, where there is any.

    Gains so far are sums of marginal gains from the top of the list, which may be added up, unlike
    the gains of edits alone.
    """
    picked: list[Story] = []
    minutes = gain = 0.0
    for edit in edits:
        minutes = minutes + edit["cost_minutes"]
        gain = gain + edit["marginal_gain"]
        if picked and minutes > _HOUR:
            break
        picked.append({**edit, "minutes_so_far": minutes, "gain_so_far": gain})
    return picked


def tell_unedited(analysis: Analysis) -> list[Story]:
    """Return the gaps that no edit can close, with why."""
    rows = list_unedited(analysis).to_dict("records")
    return [
        {
            "label": shorten(row["label"], 120),
            "why": shorten(row["brief"] or row["reason"], 400),
            "rank": _rank(row["gap_rank"]),
        }
        for row in rows
    ]


def _rank(value: Any) -> int | None:
    return None if is_missing(value) else int(value)


def _tell_change(change: Story) -> Story:
    before, after = (shorten_lines(change[name], _BRIEF_CHARACTERS) for name in ("before", "after"))
    return {
        "action": describe_action(str(change["action"])),
        "place": shorten(change["heading_path"], 160),
        "page_id": shorten(change["page_id"], 160),
        "diff": Markup(diff_html(before, after)),
    }


def _tell_whole(row: dict[Any, Any]) -> list[Story]:
    """Return an edit's own words as one change, where the run lists none."""
    if is_missing(row["before"]) and is_missing(row["after"]):
        return []
    names = {
        "action": "replace_passage",
        "heading_path": row["heading_path"],
        "page_id": row["page_id"],
    }
    return [_tell_change({**names, "before": row["before"], "after": row["after"]})]


def _by_cluster(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): group for name, group in table.groupby("cluster_id", sort=False)}


def tell_place(row: dict[Any, Any], side: str) -> Story | None:
    """Return the nearest own passage (`own`), or the best of other sites (`other`), of a gap or a query; None without one."""
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
    return tell_answers(analysis, samples[samples["cluster_id"].isin(cluster_ids)])


def tell_answers(analysis: Analysis, asked: pd.DataFrame) -> dict[str, list[Story]]:
    """Return for each gap the first answers to these queries (query_id, cluster_id, text), one an engine, with citations."""
    asked = asked[["query_id", "cluster_id", "text"]].rename(columns={"text": "query"})
    found = asked.merge(analysis.answers, on="query_id")
    found = (
        found.drop_duplicates(["cluster_id", "engine"])
        .groupby("cluster_id", sort=False)
        .head(_ANSWERS)
    )
    cited = analysis.citations[
        (analysis.citations["kind"] == "cited")
        & analysis.citations["answer_id"].isin(found["answer_id"])
    ].sort_values(["answer_id", "position"])
    by_answer = {str(name): group for name, group in cited.groupby("answer_id")}
    told: dict[str, list[Story]] = {}
    for row in found.to_dict("records"):
        citations = by_answer.get(row["answer_id"], cited.head(0)).head(_CITED)
        told.setdefault(row["cluster_id"], []).append(
            {
                "engine": shorten(row["engine"], 60),
                "query": shorten(row["query"], 240),
                "searched": bool(row["has_searched"]),
                "text": shorten_lines(row["text"], _ANSWER_CHARACTERS),
                "cited": [_tell_citation(one, analysis) for one in citations.to_dict("records")],
            }
        )
    return told


def _tell_citation(row: dict[Any, Any], analysis: Analysis) -> Story:
    is_own = row["site"] == analysis.about.get("own_site")
    return {
        "url": safe_url(row["url"]),
        "site": shorten(row["site"], 80),
        "is_own": is_own,
    }
