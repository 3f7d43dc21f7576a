"""Gaps and edits with all that a reader needs to judge them, as plain values for the page."""

from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from markupsafe import Markup

from coverage_kit.analysis import Analysis
from coverage_kit.report.asked import AskedWords
from coverage_kit.report.diffs import diff_html
from coverage_kit.report.edit_records import list_records
from coverage_kit.report.edit_texts import (
    describe_carrier,
    describe_citation_rise,
    describe_counted,
    describe_done,
    describe_facts_needed,
    describe_gain,
    describe_harm,
    describe_home,
    describe_length,
    describe_place,
    describe_rest,
    describe_rise,
    describe_votes,
    describe_why,
    split_effects,
)
from coverage_kit.report.engine_names import name_engine
from coverage_kit.report.gap_lists import name_gap
from coverage_kit.report.joined import (
    PLANNED,
    describe_edits,
    describe_gaps,
    describe_queries,
    list_unedited,
    plan_of_gaps,
    sample_queries,
)
from coverage_kit.report.page_data import Context
from coverage_kit.report.texts import (
    clean_text,
    is_missing,
    safe_url,
    shorten,
    shorten_lines,
)
from coverage_kit.report.wording import describe_action
from coverage_kit.tables.asked import most_asked_first
from coverage_kit.tables.logged import logs_citations
from coverage_kit.vocabulary import NO_EDIT

# How much of each gap and edit the page shows. Assumed: enough to judge it; the workbook has all.
_MAX_QUERIES = 8
_MAX_ANSWERS = 2
_MAX_CITATIONS = 8
_MAX_EDITS_OF_GAP = 3
_PASSAGE_CHARACTERS = 700
_ANSWER_CHARACTERS = 600
_BRIEF_CHARACTERS = 4_000
# Questions of the page's table, which the browser searches; more make the page heavy. Assumed.
_MAX_QUESTIONS = 20_000
# The minutes of "the next hour's edits".
_HOUR = 60.0


def list_gap_contexts(analysis: Analysis, n: int) -> list[Context]:
    """Return the first n gaps with name, example, queries, passages, answers and edits."""
    gaps = describe_gaps(analysis).head(n)
    queries = _by_cluster(sample_queries(analysis, _MAX_QUERIES))
    answers = _sampled_answers(analysis, set(gaps["cluster_id"]))
    edits = _by_cluster(analysis.edits[analysis.edits["operation"] != NO_EDIT].sort_values("rank"))
    planned = plan_of_gaps(analysis)
    words = AskedWords(analysis)
    contexts = []
    for row in gaps.to_dict("records"):
        cluster_id = row["cluster_id"]
        query_contexts = [
            {**_query_context(query), "beside": words.beside(query)}
            for query in _most_asked_first(queries.get(cluster_id, pd.DataFrame()))
        ]
        first_edits = edits.get(cluster_id, pd.DataFrame()).head(_MAX_EDITS_OF_GAP)
        claims = clean_text(row["unsupported_claims"]).split("\n")
        contexts.append(
            {
                **_without_missing(row),
                "beside": words.beside(row),
                "queries": query_contexts,
                "n_more": int(row["n_queries"]) - len(query_contexts),
                "own": passage_context(row, "own"),
                "other": passage_context(row, "other"),
                "lacking": [shorten(claim, 240) for claim in claims if claim],
                "answers": answers.get(cluster_id, []),
                "edits": [int(edit["rank"]) for edit in first_edits.to_dict("records")],
                "in_plan": shorten(row["in_plan"], 300),
                "planned": planned.get(cluster_id, []) if row["plan"] == PLANNED else [],
            }
        )
    return contexts


def list_edit_contexts(analysis: Analysis, n: int) -> list[Context]:
    """Return the first n edits: what, where, brief, diff, reason, and what each question adds."""
    gaps = {str(gap["cluster_id"]): gap for gap in describe_gaps(analysis).to_dict("records")}
    rows = {row["edit_id"]: row for row in describe_edits(analysis).head(n).to_dict("records")}
    first_parts = {row["cluster_id"]: int(row["rank"]) for row in rows.values() if _is_part(row, 1)}
    contexts = []
    for record in list_records(analysis)[:n]:
        row = rows[record["edit_id"]]
        where = record["where"]
        changes = [_change_context(change, where) for change in record["changes"]]
        shown, further = split_effects(record["queries"], _MAX_QUERIES)
        contexts.append(
            {
                **_without_missing(row),
                "page_id": shorten(row["page_id"], 160),
                "label": name_gap(row["label"])[0],
                "why": describe_why(gaps.get(row["cluster_id"]), clean_text(row["cause_title"])),
                "reason": shorten(row["reason"], 300),
                "url": None if where["is_new_page"] else safe_url(record["url"]),
                "address": safe_url(where["url"]) if where["is_new_page"] else None,
                "place": describe_place(where),
                "home": describe_home(where),
                "gain_text": describe_gain(record),
                "harm_text": describe_harm(record),
                "links": _link_contexts(where["links_from"]),
                "citations": record["citations"],
                "citation_rise": describe_citation_rise(row),
                "brief": _brief_context(record["brief"]),
                "changes": changes or _edit_as_change(row, where),
                "carrier": describe_carrier(record["queries"], record["gain"]),
                "n_facts_needed": record["n_facts_needed"],
                "facts_needed": describe_facts_needed(record["n_facts_needed"]),
                "done": describe_done(record),
                "first_part": first_parts.get(row["cluster_id"]) if _is_part(row, 2) else None,
                "queries": [
                    {
                        **query,
                        "text": shorten(query["text"], 200),
                        "rise": describe_rise(query["gain"]),
                        "counted": describe_counted(query),
                    }
                    for query in shown
                ],
                "rest": describe_rest(further),
            }
        )
    return contexts


def _is_part(row: dict[Any, Any], number: int) -> bool:
    return clean_text(row["part"]).startswith(str(number))


def _most_asked_first(queries: pd.DataFrame) -> list[dict[Any, Any]]:
    rows: list[dict[Any, Any]] = most_asked_first(queries).to_dict("records")
    return rows


def _query_context(query: dict[Any, Any]) -> Context:
    """Return a question of a gap, with `verdict`: whether it counts as answered."""
    return {
        **_without_missing(query),
        "text": shorten(query["text"], 240),
        "verdict": "unanswered" if query["is_open"] else "answered",
    }


def _link_contexts(pages: list[Context]) -> list[Context]:
    return [
        {
            "title": shorten(page["title"] or page["page_id"], 100),
            "url": safe_url(page["url"]),
        }
        for page in pages
    ]


def _brief_context(brief: Context) -> Context:
    """Return a brief for the page: texts are bounded; `text` is what to do, or all there is.

    Facts have who says so, your own words, and what to find out.
    """
    facts = [
        {
            "text": shorten(fact["text"], _ANSWER_CHARACTERS),
            "votes": describe_votes(fact),
            "source": fact["source"],
            "site": shorten(urlsplit(fact["source"] or "").netloc, 80),
            "own_words": shorten(fact["own_words"], 300) if fact["is_known"] else "",
            "own_url": fact["own_url"],
            "slot": shorten(fact["slot"], 300),
        }
        for fact in brief["facts"]
    ]
    # Your own words may be published; what answers say is material.
    is_own = [bool(fact["is_known"]) for fact in brief["facts"]]
    parts = {
        "questions": [
            {**question, "text": shorten(question["text"], 240)} for question in brief["questions"]
        ],
        "own_facts": [fact for fact, own in zip(facts, is_own, strict=True) if own],
        "facts": [fact for fact, own in zip(facts, is_own, strict=True) if not own],
        "slots": [shorten(slot, 300) for slot in brief["slots"]],
        "opening": shorten(brief["opening"], _ANSWER_CHARACTERS),
    }
    text = shorten_lines(brief["text"], _BRIEF_CHARACTERS)
    # The first line says what to do; the others say what the parts say.
    text = text.split("\n", maxsplit=1)[0] if any(parts.values()) else text
    return {**parts, "text": text, "length": describe_length(brief["n_words"])}


def questions_context(analysis: Analysis) -> Context:
    """Return the most asked questions as columns: text, demand, coverage, rank of the gap.

    The most asked question comes first; the rank of a question without a gap is 0. `beside` says
    how its times asked are known and who asked; it is empty where no question has such a word.
    """
    frame = most_asked_first(describe_queries(analysis)).head(_MAX_QUESTIONS)
    words = AskedWords(analysis)
    beside = [words.beside(row) for row in frame.to_dict("records")]
    # Fewer digits keep the page small; there may be thousands of rows.
    coverage = frame["coverage"].round(3)
    return {
        "text": [shorten(text, 200) for text in frame["text"]],
        "demand": frame["demand"].round(1).tolist(),
        "coverage": [None if is_missing(value) else value for value in coverage],
        "gap": frame["gap_rank"].fillna(0).astype("int64").tolist(),
        "beside": beside if any(beside) else [],
        "n": len(analysis.queries),
    }


def pick_hour(edits: list[Context]) -> list[Context]:
    """Return the edits, from the top, that still fit an hour, with the minutes and gain so far.

    Gains so far are sums of marginal gains. These may be added up, unlike the gains of single
    edits.
    """
    picked: list[Context] = []
    minutes = 0.0
    gain = 0.0
    for edit in edits:
        if minutes + edit["cost_minutes"] > _HOUR:
            continue
        minutes = minutes + edit["cost_minutes"]
        gain = gain + edit["marginal_gain"]
        picked.append({**edit, "minutes_so_far": minutes, "gain_so_far": gain})
    return picked


def list_unedited_contexts(analysis: Analysis) -> list[Context]:
    """Return the gaps that no edit can close, with the reason in words, without its figures."""
    return [
        {
            "label": name_gap(row["label"])[0],
            "reason": shorten(
                clean_text(row["brief"]).removesuffix(f"{clean_text(row['reason'])}.")
                or row["cause_title"],
                400,
            ),
            "rank": None if is_missing(row["gap_rank"]) else int(row["gap_rank"]),
        }
        for row in list_unedited(analysis).to_dict("records")
    ]


def passage_context(row: dict[Any, Any], side: str) -> Context | None:
    """Return the nearest passage of a gap or a query, or None where there is none.

    Args:
        row: a row of `describe_gaps` or `describe_queries`.
        side: `own` for the site's own nearest passage, `other` for the best of other sites.
    """
    if is_missing(row[f"{side}_heading"]):
        return None
    return {
        "site": shorten(row[f"{side}_site"], 80),
        "heading": shorten(row[f"{side}_heading"], 160) or shorten(row[f"{side}_page_id"], 160),
        "url": safe_url(row[f"{side}_url"]),
        "text": shorten_lines(row[f"{side}_text"], _PASSAGE_CHARACTERS),
    }


def list_answer_contexts(analysis: Analysis, queries: pd.DataFrame) -> dict[str, list[Context]]:
    """Return for each gap the first answers to these queries, one an engine, with citations.

    Args:
        analysis: the run.
        queries: the queries, with columns query_id, cluster_id and text.
    """
    names = {"text": "query"}
    queries = queries[["query_id", "cluster_id", "text"]].rename(columns=names)
    logged = logs_citations(analysis.answers, analysis.citations)
    answers = queries.merge(analysis.answers.assign(logs_citations=logged), on="query_id")
    # The answers are in the order of the queries, so the first of each engine is kept.
    answers = (
        answers.drop_duplicates(["cluster_id", "engine"])
        .groupby("cluster_id", sort=False)
        .head(_MAX_ANSWERS)
    )
    citations = analysis.citations[
        (analysis.citations["kind"] == "cited")
        & analysis.citations["answer_id"].isin(answers["answer_id"])
    ].sort_values(["answer_id", "position"])
    citations_of = {str(answer_id): rows for answer_id, rows in citations.groupby("answer_id")}
    contexts: dict[str, list[Context]] = {}
    for row in answers.to_dict("records"):
        cited = citations_of.get(row["answer_id"], citations.head(0))
        cited = cited.drop_duplicates("url").head(_MAX_CITATIONS)
        contexts.setdefault(row["cluster_id"], []).append(
            {
                "engine": shorten(name_engine(row["engine"]), 60),
                "query": shorten(row["query"], 240),
                "searched": bool(row["has_searched"]),
                "logs_citations": bool(row["logs_citations"]),
                "text": shorten_lines(row["text"], _ANSWER_CHARACTERS),
                "cited": [
                    _citation_context(citation, analysis) for citation in cited.to_dict("records")
                ],
            }
        )
    return contexts


def _sampled_answers(analysis: Analysis, cluster_ids: set[str]) -> dict[str, list[Context]]:
    """Return for each gap the answers to its sampled queries, one an engine, with citations."""
    samples = sample_queries(analysis, _MAX_QUERIES)
    return list_answer_contexts(analysis, samples[samples["cluster_id"].isin(cluster_ids)])


def _citation_context(row: dict[Any, Any], analysis: Analysis) -> Context:
    return {
        "url": safe_url(row["url"]),
        "site": shorten(row["site"], 80),
        "is_own": row["site"] == analysis.about.own_site,
    }


def _change_context(change: Context, where: Context) -> Context:
    before = shorten_lines(change["before"], _BRIEF_CHARACTERS)
    after = shorten_lines(change["after"], _BRIEF_CHARACTERS)
    # Where nothing is replaced, the words around the new ones show where they go.
    is_new = not before and change["page_id"] == where["page_id"]
    return {
        "action": describe_action(str(change["action"])),
        "place": shorten(change["heading_path"], 160),
        "page_id": shorten(change["page_id"], 160),
        "words_before": shorten(where["words_before"], 300).strip("… ") if is_new else "",
        "words_after": shorten(where["words_after"], 300).strip("… ") if is_new else "",
        "diff": Markup(diff_html(before, after)),  # noqa: S704 (`diff_html` escapes)
    }


def _edit_as_change(row: dict[Any, Any], where: Context) -> list[Context]:
    """Return an edit's own texts as one change, for a run that lists no changes of it."""
    if is_missing(row["before"]) and is_missing(row["after"]):
        return []
    change = {
        "action": "replace_passage",
        "heading_path": row["heading_path"],
        "page_id": row["page_id"],
        "before": row["before"],
        "after": row["after"],
    }
    return [_change_context(change, where)]


def _by_cluster(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): rows for name, rows in table.groupby("cluster_id", sort=False)}


def _without_missing(row: dict[Any, Any]) -> Context:
    """Return the values by column, None for a missing one: NaN would be truthy in a template."""
    return {str(column): None if is_missing(value) else value for column, value in row.items()}
