"""START HERE: every table that passes between stages, its columns, their kinds and meanings, and its key.

A function that takes or returns a table says so with the aliases at the end (`def split_pages(pages: Pages) -> Passages`)
and wears `@checked`, which verifies columns, kinds and keys at the door. Further columns are welcome and kept.

The tables stand in the pipeline's order, a headed part for each stage: collected, matched, ranked, the run itself, measured,
audited, judged. docs/tables.md lists them all.
Below them: the list of all (SCHEMAS), the aliases, and LogTables.
"""

from dataclasses import dataclass, field
from typing import Annotated

import pandas as pd

from coverage_kit.schema import Column, Kind, Schema
from coverage_kit.schema import checked as checked  # stages import it from here


def _text(name: str, meaning: str) -> Column:
    return Column(name, "text", meaning)


def _maybe(name: str, kind: Kind, meaning: str) -> Column:
    return Column(name, kind, meaning, optional=True)


_QUERY_ID = _text("query_id", "id of the query")
_PASSAGE_ID = _text("passage_id", "id of the passage: its page's id, '#', its position")
_CLUSTER_ID = _text("cluster_id", "id of the cluster of queries")
_ANSWER_ID = _text("answer_id", "id of the answer")
_PAGE_ID = _text("page_id", "id of the page: its canonical URL without the scheme")
_SITE = _text("site", "the site's name: its host without www., or its folder's name")
_LOW = Column("low", "number", "lower end of the 90% interval")
_HIGH = Column("high", "number", "upper end of the 90% interval")
_ENGINE = _text("engine", "answer engine, such as perplexity")
_SURFACE = _text("surface", "api, scrape, app or as logged; 'unknown' where the log does not say; never pooled")
_LOW_95 = _maybe("low", "number", "lower end of the 95% interval; missing where it cannot be told")
_HIGH_95 = _maybe("high", "number", "upper end of the 95% interval; missing where it cannot be told")

# --- collected: sites, and logs of answers

PAGES = Schema(
    "pages",
    "one page that was met, read or rejected",
    ("page_id",),
    (
        _PAGE_ID,
        _SITE,
        _text("url", "canonical URL, or the path of a local file"),
        _text("status", "'ok', or why the page was rejected"),
        _maybe("title", "text", "title of the page"),
        _maybe("language", "text", "language code, such as en"),
        _maybe("text", "text", "main content as Markdown: headings with #, lists and tables as text"),
        _maybe("html_path", "text", "path of the stored source, where there is one"),
        _maybe("fetched_at", "time", "when the page was fetched"),
        _maybe("published_at", "time", "when the page says it was published"),
        _maybe("modified_at", "time", "when the page says it was last modified"),
    ),
)
PASSAGES = Schema(
    "passages",
    "one passage, in reading order",
    ("passage_id",),
    (
        _PASSAGE_ID,
        _PAGE_ID,
        _SITE,
        Column("position", "integer", "place of the passage on its page, from 0"),
        _text("heading_path", "title and headings above the passage, joined by ' > '"),
        _text("text", "the passage's words, without its headings"),
        Column("n_words", "integer", "number of words in the text"),
    ),
)
QUERIES = Schema(
    "queries",
    "one distinct question",
    ("query_id",),
    (
        _QUERY_ID,
        _text("text", "the question in its most frequent spelling"),
        Column("demand", "number", "how often it is asked: the log's own figure, else the number of times logged"),
        _maybe("first_asked_at", "time", "when it was first asked"),
        _maybe("last_asked_at", "time", "when it was last asked"),
    ),
)
ANSWERS = Schema(
    "answers",
    "one engine's answer to one query in one run",
    ("answer_id",),
    (
        _ANSWER_ID,
        _QUERY_ID,
        _text("engine", "answer engine, such as perplexity"),
        _maybe("model", "text", "model that answered"),
        _maybe("surface", "text", "api, scrape or app"),
        _maybe("run_id", "text", "id of the run that asked"),
        _maybe("asked_at", "time", "when it was asked"),
        _maybe("market", "text", "country, region or locale it was asked from, as logged"),
        _text("text", "the answer; empty where the log holds what was cited but not what was said"),
        Column("searched", "flag", "whether the engine searched the web"),
        _maybe("extra", "text", "fields of its records that no column holds, as JSON"),
    ),
)
FAILURES = Schema(
    "failures",
    "one answer that failed, kept apart so that it never enters a denominator",
    ("answer_id",),
    (
        _ANSWER_ID,
        _QUERY_ID,
        _text("engine", "answer engine, such as perplexity"),
        _maybe("asked_at", "time", "when it was asked"),
        _text("error", "why it failed"),
    ),
)
CITATIONS = Schema(
    "citations",
    "one page named by one answer",
    ("answer_id", "position"),
    (
        _ANSWER_ID,
        Column("position", "integer", "place among the answer's cited, then its retrieved pages, from 0"),
        _text("url", "canonical URL"),
        _SITE,
        _text("kind", "cited, or retrieved (found but not cited)"),
        _maybe("start", "integer", "first character of the first cited span in the answer"),
        _maybe("end", "integer", "one past the last character of that span"),
        _maybe("title", "text", "title of the page, as logged"),
    ),
)
SPANS = Schema(
    "spans",
    "one stretch of an answer for which it cites one page",
    ("answer_id", "position", "start", "end"),
    (
        _ANSWER_ID,
        Column("position", "integer", "position of the page among the answer's citations"),
        Column("start", "integer", "first character of the stretch in the answer"),
        Column("end", "integer", "one past its last character"),
    ),
)
MENTIONS = Schema(
    "mentions",
    "one brand named by one answer",
    ("answer_id", "brand"),
    (
        _ANSWER_ID,
        _text("brand", "the brand's first listed name"),
        Column("position", "integer", "order of first naming among the brands in the answer, from 0"),
        _maybe(
            "n_words", "integer", "words in the sentences that name the brand; missing where only the log says that it is named"
        ),
    ),
)
SEARCHES = Schema(
    "searches",
    "one search that the engine ran for one answer (fan-out)",
    ("answer_id", "position"),
    (_ANSWER_ID, Column("position", "integer", "order of the search, from 0"), _text("text", "the search's words")),
)
REJECTS = Schema(
    "rejects",
    "one record of a log that could not be read",
    ("file", "line"),
    (
        _text("file", "the log's file"),
        Column("line", "integer", "line or row of the record, from 1"),
        _text("reason", "why it could not be read"),
    ),
)
SOURCES = Schema(
    "sources",
    "one format met in one file of a log",
    ("file", "format"),
    (
        _text("file", "the log's file, with its sheet in brackets where it has several"),
        _text("format", "the format its records were read as; 'mapped columns' where columns were found by name"),
        Column("n_records", "integer", "records read: a dialogue may hold several"),
        _text("fields", "which column or field holds what"),
        _maybe("note", "text", "what this format cannot tell"),
    ),
)
CLAIMS = Schema(
    "claims",
    "one sentence of a logged answer",
    ("claim_id",),
    (
        _text("claim_id", "id of the claim: its answer's id, '#', its position"),
        _ANSWER_ID,
        _QUERY_ID,
        _text("text", "the sentence without citation markers"),
    ),
)
# --- matched: what is near what, and what is covered

MATCHES = Schema(
    "matches",
    "one query and one near passage of one site",
    ("query_id", "site", "rank"),
    (
        _QUERY_ID,
        _PASSAGE_ID,
        _SITE,
        Column("rank", "integer", "order by similarity within the site, from 1"),
        Column("similarity", "number", "cosine of query and passage, -1 to 1"),
    ),
)
EVIDENCE = Schema(
    "evidence",
    "one query's evidence of being answered by the own site",
    ("query_id",),
    (
        _QUERY_ID,
        _maybe("own_passage_id", "text", "nearest own passage"),
        _maybe("best_other_passage_id", "text", "nearest passage of any other site"),
        Column("on_subject", "number", "cosine of the nearest passage of any site, in the encoder's own space"),
        Column("own_best", "number", "similarity of the nearest own passage"),
        Column("precedence", "number", "similarity to a near own passage, minus the mean of the ten queries nearest to it"),
        Column("focus", "number", "share of the nearest passage's page among the twenty nearest, the nearest weighing most"),
        Column("coherence", "number", "mean cosine between the five nearest own passages"),
        Column("contrast", "number", "standard deviation of the similarities of all own passages"),
        Column("lexical", "number", "share of the query's idf weight found in one near own passage, 0-1"),
        Column("query_margin", "number", "own_best minus the mean similarity of the five nearest other queries"),
        Column("heading", "number", "similarity of the nearest own heading"),
        Column("heading_precedence", "number", "as precedence, of headings"),
        _maybe("cross_encoder", "number", "best score of a near own passage by the cross-encoder; missing without one"),
        _maybe("margin", "number", "own_best minus the nearest other site's similarity; missing without competitors"),
        _maybe("answer_support", "number", "mean similarity of the logged answers' claims to their nearest own passage"),
        _maybe("answer_margin", "number", "answer_support minus the same for the nearest passage of any other site"),
    ),
)
COVERAGE = Schema(
    "coverage",
    "one query",
    ("query_id",),
    (
        _QUERY_ID,
        Column("coverage", "number", "calibrated probability that the own site answers the query"),
        _LOW,
        _HIGH,
        _maybe("own_passage_id", "text", "nearest own passage"),
        _maybe("best_other_passage_id", "text", "nearest passage of any other site"),
        _text("cause", "why there is a gap, or 'covered' (docs/method.md, causes)"),
    ),
)
CLUSTERS = Schema(
    "clusters",
    "one query's cluster",
    ("query_id",),
    (
        _QUERY_ID,
        _CLUSTER_ID,
        Column("membership", "number", "similarity of the query to its cluster's centre, 0-1"),
    ),
)
GROUPS = Schema(
    "groups",
    "one query's group of near-duplicates, of which one is read in place of all",
    ("query_id",),
    (
        _QUERY_ID,
        _text("group_id", "query_id of the group's representative: its most asked query"),
        Column(
            "similarity", "number", "cosine of the query and its representative, the mean of all queries taken off, -1 to 1"
        ),
        _text("text", "the query, in its most frequent spelling"),
        Column("demand", "number", "how often it was asked; in queries the representative has the sum of its group"),
    ),
)
LABELS = Schema(
    "labels",
    "one cluster's name",
    ("cluster_id",),
    (
        _CLUSTER_ID,
        _text("label", "the most telling words of its queries"),
        _text("medoid_query_id", "the query nearest the cluster's centre"),
    ),
)
# --- ranked: gaps, edits and what they bring

GAPS = Schema(
    "gaps",
    "one cluster of queries, worst first",
    ("cluster_id",),
    (
        _CLUSTER_ID,
        _text("label", "the most telling words of its queries"),
        Column("n_queries", "integer", "number of distinct queries"),
        Column("demand", "number", "sum of the queries' demand"),
        Column("severity", "number", "demand-weighted mean of 1 - coverage, shrunk when the cluster is small"),
        _LOW,
        _HIGH,
        _text("cause", "the cause that the cluster's queries vote for (docs/method.md, causes)"),
        _text("reason", "the figures behind the cause, in words"),
        _maybe("citation_rate", "number", "demand-weighted mean of its queries' shares of answers that cite the own site"),
        _text("medoid_query_id", "the query nearest the cluster's centre"),
        _maybe("own_passage_id", "text", "own passage nearest to most of the cluster's demand"),
        _maybe("best_other_passage_id", "text", "other sites' passage nearest to most of the cluster's demand"),
        _maybe("unsupported_claims", "text", "what its answers say that other sites support better than the own one; lines"),
        Column("winnable", "flag", "whether an edit of the own site can close the gap"),
        Column("rank", "integer", "order of the work, from 1"),
    ),
)
EDITS = Schema(
    "edits",
    "one candidate edit",
    ("edit_id",),
    (
        _text("edit_id", "id of the edit"),
        _CLUSTER_ID,
        _text("operation", "what is done (docs/method.md, edits), or no_edit where no edit of the own site can close the gap"),
        _text("page_id", "page to edit, or the proposed id of a new page"),
        _text("anchor", "heading at which to edit; empty for a new page"),
        _text("text", "brief for the editor: what to write, with [FACT NEEDED: ...] slots"),
        _maybe("before", "text", "the words that are there now, where the edit changes some"),
        _maybe("after", "text", "the words proposed, as Markdown: extracts of answers are marked, facts are left as slots"),
        Column("cost_minutes", "number", "estimated editor minutes"),
        Column("n_words", "integer", "words added or changed"),
        Column("gain", "number", "predicted rise of demand-weighted coverage, in queries asked, after harm counted twice"),
        _LOW,
        _HIGH,
        Column("harm", "number", "predicted fall of demand-weighted coverage, in queries asked"),
        _maybe(
            "citation_gain",
            "number",
            "predicted rise of the answers that cite the site, in queries asked, under the choice model; "
            "missing where the log has too few citations, or where the model tells no better than chance who is cited",
        ),
        Column("marginal_gain", "number", "gain given the edits above it"),
        Column("is_chosen", "flag", "whether it is within the budget and the constraints, and adds to the edits above it"),
        Column("rank", "integer", "order by gain per minute given the edits above it, from 1"),
    ),
)
CHANGES = Schema(
    "changes",
    "one change of one place of one page that an edit makes",
    ("edit_id", "position"),
    (
        _text("edit_id", "id of the edit"),
        Column("position", "integer", "order in which an edit's changes are made, from 0"),
        _text("action", "replace_title, replace_heading, replace_passage, insert_section, remove_section, add_page or by_hand"),
        _PAGE_ID,
        _maybe("passage_id", "text", "passage that is changed, or after whose section a section is inserted"),
        _text("heading_path", "headings of the place, joined by ' > '; of a new page its title"),
        _maybe("before", "text", "the title, heading or words that are there now"),
        _maybe("after", "text", "what stands there then; sections and pages as Markdown with their heading"),
    ),
)
EFFECTS = Schema(
    "effects",
    "one query whose coverage one edit is predicted to change",
    ("edit_id", "query_id"),
    (
        _text("edit_id", "id of the edit"),
        _QUERY_ID,
        Column("coverage_before", "number", "coverage as the site is"),
        Column("coverage_after", "number", "coverage predicted with the edit alone"),
        Column("fit", "number", "probability that the query asks for the edited text, 0-1"),
        Column("weight", "number", "queries asked for which a rise of coverage by 1 counts in the edit's gain"),
        Column("is_drafted_from", "flag", "whether the edit was drafted from this query, whose rise then does not count"),
    ),
)
FRONTIER = Schema(
    "frontier",
    "one edit of the ranked list, with what all edits down to it cost and bring",
    ("rank",),
    (
        Column("rank", "integer", "order of the edit, from 1"),
        _text("edit_id", "id of the edit"),
        Column("cost_minutes", "number", "editor minutes of this edit and all above it"),
        Column("gain", "number", "predicted gain of this edit and all above it, in queries asked"),
        _LOW,
        _HIGH,
        Column("bound", "number", "gain that no set of candidates of this cost can exceed, under the same model"),
    ),
)
PREDICTIONS = Schema(
    "predictions",
    "one published edit: what was predicted for its queries, and what a later run found",
    ("edit_id", "run_before", "run_after"),
    (
        _text("edit_id", "id of the edit in the run before"),
        _text("run_before", "folder of the run that predicted, with a digest of its edits"),
        _text("run_after", "folder of the run that measured, with a digest of its edits"),
        _text("operation", "what was done"),
        _text("page_id", "page that was edited"),
        Column("word_overlap", "number", "share of the proposed words found among the page's new words, 0-1"),
        Column("n_queries", "integer", "queries whose coverage it was predicted to change"),
        Column("predicted", "number", "predicted rise of their coverage, in queries asked, beside the other published edits"),
        _LOW,
        _HIGH,
        Column(
            "realised", "number", "rise found, in queries asked, less the drift of the queries that no published edit touches"
        ),
        Column("drift", "number", "demand-weighted mean change of coverage of those queries"),
        Column("is_within", "flag", "whether what was found lies in the interval"),
    ),
)
# --- the run itself: its map and its stages

POINTS = Schema(
    "points",
    "one query or passage on the map",
    ("point_id",),
    (
        _text("point_id", "query_id or passage_id"),
        _text("kind", "query, own passage or other passage"),
        Column("x", "number", "first UMAP coordinate: a picture, never a distance to decide by"),
        Column("y", "number", "second UMAP coordinate"),
    ),
)
STAGES = Schema(
    "stages",
    "one stage of a run: what it cost",
    ("stage",),
    (
        _text("stage", "collect, embed, match, rank, measure or map"),
        Column("seconds", "number", "seconds it took"),
        Column("peak_megabytes", "number", "largest memory of the process up to its end"),
        Column("n_embedded", "integer", "distinct texts embedded in it"),
        Column("n_reused", "integer", "distinct texts whose vectors were reused in it"),
        Column("reused", "text", "what an earlier run found of the same input, taken over: 'matches, map'", optional=True),
    ),
)
HISTORY = Schema(
    "history",
    "one figure of one run of the same site with the same encoder, up to this run",
    ("run", "measure", "part"),
    (
        Column(
            "run", "integer", "the run's number, from 1; a run that found the same as the one before it has the same number"
        ),
        Column("at", "time", "when the run ended"),
        _text(
            "measure",
            "coverage, severe_gaps, planned_minutes, planned_gain, or a measure of the own site's visibility: citation_rate, "
            "mention_rate, share_of_voice",
        ),
        _text("part", "engine and surface; 'all' for what has none"),
        _maybe("value", "number", "the figure"),
        _maybe("low", "number", "lower end of its interval: 95% for visibility, 90% for the rest"),
        _maybe("high", "number", "upper end of its interval"),
        Column("n", "integer", "prompts, or queries, behind the figure"),
    ),
)
PREVIOUS = Schema(
    "previous",
    "one query of the run before this one",
    ("query_id",),
    (
        _QUERY_ID,
        _text("text", "the question as it was asked"),
        Column("coverage", "number", "its coverage then"),
        _LOW,
        _HIGH,
        _maybe("label", "text", "name of its gap then"),
    ),
)
# --- measured: visibility, change, visitors, the brand

VISIBILITY = Schema(
    "visibility",
    "one measure of one site on one engine and surface, in one part of the answers",
    ("measure", "site", "engine", "surface", "by", "part"),
    (
        _text("measure", "citation_rate, citation_share, mention_rate, share_of_voice, and so on (docs/method.md, visibility)"),
        _SITE,
        _ENGINE,
        _SURFACE,
        _text(
            "by", "what parts the answers: all, branded, cluster, week or market; branded prompts are left out but in 'branded'"
        ),
        _text("part", "the part: a cluster_id, the week's Monday, a market, 'branded'; 'all' where nothing parts them"),
        _maybe("value", "number", "numerator / denominator; missing where the denominator is 0"),
        _LOW_95,
        _HIGH_95,
        Column("numerator", "number", "what is counted of the site"),
        Column("denominator", "number", "what it is a share of"),
        Column("n_prompts", "integer", "distinct queries behind the figure: what the interval draws from"),
        Column("n_answers", "integer", "answers behind the figure, failed ones left out"),
        Column("is_low_n", "flag", "whether there are too few prompts, or too few that count, to rely on the figure"),
    ),
)
HOLDERS = Schema(
    "holders",
    "one kind of site that holds citations of one cluster",
    ("cluster_id", "holder"),
    (
        _CLUSTER_ID,
        _text("holder", "own, competitor, third-party or community"),
        Column("n_citations", "integer", "its citations in the answers to the cluster's queries"),
        _maybe("citation_share", "number", "its citations / all citations of the cluster"),
        _LOW_95,
        _HIGH_95,
        _maybe("top_site", "text", "its most cited site"),
        Column("n_answers", "integer", "answers to the cluster's queries"),
        Column("n_prompts", "integer", "the cluster's queries that were answered"),
        Column(
            "is_winnable",
            "flag",
            "whether companies' sites get cited there at all; gaps.winnable asks whether an edit can close the gap",
        ),
        _text("reason", "the figures behind is_winnable, in words"),
    ),
)
COMPETITORS = Schema(
    "competitors",
    "one other site that the log's answers cite",
    ("site",),
    (
        _SITE,
        _text("kind", "tracked (in the settings), competitor (proposed by the log), community or third-party"),
        Column("n_answers", "integer", "answers that cite it"),
        Column("n_prompts", "integer", "queries whose answers cite it"),
        Column("citation_share", "number", "its citations / all citations of the log"),
        _maybe("share_of_overlap", "number", "of the queries for which the own site is cited, those for which it is cited too"),
        Column("named_rate", "number", "answers that cite it and say its name / answers that cite it"),
        Column("rank", "integer", "order as a competitor to track, from 1"),
    ),
)
VERDICTS = Schema(
    "verdicts",
    "one measure of one site on one engine and surface in one group of queries, before and after a change",
    ("measure", "site", "engine", "surface", "group"),
    (
        _text("measure", "citation_rate or mention_rate"),
        _SITE,
        _ENGINE,
        _SURFACE,
        _text("group", "a cluster_id, or 'treated' or 'untreated' for all such clusters together"),
        Column("is_treated", "flag", "whether the group's pages were changed"),
        Column("n_prompts", "integer", "queries asked both before and after"),
        Column("n_before", "integer", "their answers before"),
        Column("n_after", "integer", "their answers after"),
        _maybe("before", "number", "the measure before, each query weighing the same"),
        _maybe("after", "number", "the measure after"),
        _maybe("difference", "number", "mean of after - before over the queries"),
        _maybe("drift", "number", "the same of the untreated clusters; missing without any, and for them"),
        _maybe("effect", "number", "difference - drift; the difference itself where no drift is known"),
        _LOW_95,
        _HIGH_95,
        _maybe(
            "p",
            "number",
            "probability of so large an effect where nothing changed: by permuting clusters, or by sign flips and a t test",
        ),
        _maybe(
            "p_holm",
            "number",
            "p corrected (Holm) over what is read together: pooled rows of all engines and measures, or clusters of one",
        ),
        _maybe(
            "noise_floor", "number", "effect that 95% of splits of the time before stay within, where nothing was changed (A/A)"
        ),
        _maybe("smallest_effect", "number", "smallest effect that this log would show in 80% of cases"),
        _text("verdict", "up, down or no clear change"),
        _text("reason", "why, in words"),
    ),
)
DRIFTS = Schema(
    "drifts",
    "one way in which one engine itself answers otherwise than before",
    ("engine", "surface", "sign"),
    (
        _ENGINE,
        _SURFACE,
        _text(
            "sign", "own_citation_rate of untreated queries, searched_rate, citations_per_answer, share_of_new_sites, or model"
        ),
        _maybe("before", "number", "its value before"),
        _maybe("after", "number", "its value after"),
        _maybe("low", "number", "lower end of the 95% interval of after - before"),
        _maybe("high", "number", "upper end of that interval"),
        _maybe("p", "number", "share of sign flips of the queries' changes at least as extreme"),
        Column("n_prompts", "integer", "queries asked both before and after"),
        _text(
            "verdict", "up, down or no clear change; for the model: changed, the same, or no clear change where none is logged"
        ),
        _text("reason", "why, in words"),
    ),
)
SESSIONS = Schema(
    "sessions",
    "one row of a web analytics export: visits from one source to one page",
    ("file", "line"),
    (
        _text("file", "the export's file"),
        Column("line", "integer", "line or row, from 1"),
        _maybe("day", "time", "the day, where the export has it"),
        _text("source", "where visitors came from, such as chatgpt.com"),
        _maybe("medium", "text", "how, such as referral or ai-assistant"),
        _maybe("channel", "text", "default channel group"),
        _maybe("landing_page", "text", "path or URL at which visits began"),
        Column("n_sessions", "number", "visits"),
        _maybe("n_engaged", "number", "engaged visits"),
        _maybe("n_key_events", "number", "key events (conversions)"),
        _maybe("revenue", "number", "total revenue, in the export's currency"),
    ),
)
SEARCH_DEMAND = Schema(
    "search_demand",
    "one row of a search console export",
    ("file", "line"),
    (
        _text("file", "the export's file"),
        Column("line", "integer", "line or row, from 1"),
        _maybe("day", "time", "the day, where the export has it"),
        _maybe("query", "text", "what was searched; missing where the export has none, or it is anonymised"),
        _maybe("page", "text", "URL that was shown"),
        _maybe("country", "text", "country, as exported"),
        _maybe("n_clicks", "number", "clicks"),
        Column("n_impressions", "number", "times shown"),
        _maybe("position", "number", "average place among the results, from 1"),
    ),
)
REFERRALS = Schema(
    "referrals",
    "one AI assistant's visits to one landing page",
    ("assistant", "page_id"),
    (
        _text("assistant", "name of the assistant, by the table of AI sources"),
        _text("page_id", "id of the landing page; 'unknown' where the export has none"),
        Column("n_sessions", "number", "visits that the assistant sent"),
        _maybe("n_engaged", "number", "engaged visits among them"),
        _maybe("n_key_events", "number", "key events among them"),
        _maybe("share_of_sessions", "number", "its visits / all visits to the page in the export"),
        _maybe("first_at", "time", "first day with a visit"),
        _maybe("last_at", "time", "last day with a visit"),
        Column("n_citations", "integer", "answers of the log that cite the page"),
        _maybe("cluster_id", "text", "cluster of queries for which the page is cited, or nearest, most"),
        Column("n_edits", "integer", "chosen edits of the page"),
    ),
)
ASSOCIATIONS = Schema(
    "associations",
    "how AI visibility in one week goes with demand some weeks later: an association, no cause",
    ("signal", "demand", "lag_weeks"),
    (
        _text("signal", "what comes first: mentions of the brand in AI answers, or visits from assistants"),
        _text("demand", "what may follow: branded impressions, branded clicks, or homepage clicks or visits"),
        Column("lag_weeks", "integer", "weeks from the signal to the demand"),
        Column("n_weeks", "integer", "pairs of weeks"),
        _maybe("correlation", "number", "Spearman's rank correlation of their changes from week to week"),
        _LOW_95,
        _HIGH_95,
        _maybe(
            "p",
            "number",
            "share of shifted or reordered series at least as correlated at any lag, times the number of pairs of series",
        ),
        _text("reading", "the figure in words"),
    ),
)
STATEMENTS = Schema(
    "statements",
    "one thing that is said of the brand in one place",
    ("source", "place", "property", "value"),
    (
        _text("source", "page (its words), structured data, settings or answer"),
        _text("place", "page_id or answer_id; 'settings'"),
        _text("property", "name, url, sameAs, telephone, email, address, founded, and so on; of a branch 'telephone (Leeds)'"),
        _text("value", "what is said"),
        _text("compared_as", "the form in which it is compared"),
        Column("names_brand", "flag", "whether it is said of the brand by name: else it can support, and contradicts nothing"),
    ),
)
DISAGREEMENTS = Schema(
    "disagreements",
    "one property of the brand that is told in more than one way",
    ("property", "compared_as"),
    (
        _text("property", "schema.org's name of it"),
        _text("compared_as", "the form in which it is compared"),
        _text("value", "this way of telling it, as most often spelled"),
        _text("kind", "name variant, conflicting fact, missing or odd sameAs, or unsupported by the site"),
        Column("n_pages", "integer", "own pages that say so, in words or structured data"),
        Column("n_answers", "integer", "answers that say so"),
        _text("example", "page_id or answer_id where it is said"),
        _text("other_value", "the way of telling it that most own pages have"),
        _text("what_to_do", "cure, in words"),
    ),
)
# --- audited: the four pillars

OUTLINES = Schema(
    "outlines",
    "one thing that a page's markup tells beside its words: headings and links in reading order, then the rest",
    ("page_id", "position"),
    (
        _PAGE_ID,
        Column("position", "integer", "order on the page, from 0"),
        _text(
            "kind",
            "heading, outbound link, linked words (how many), page heading (any h1), bold line (a line of its own in bold), "
            "abbreviation, visible (or machine) modified (or published) date, author, organisation, structured type, "
            "scripted text (what only scripts show), form, player",
        ),
        _maybe("level", "integer", "level of a heading, 1-6"),
        _text("value", "what is told: the heading's words, the link's URL, the date (ISO), the name, the hidden words"),
        _maybe("detail", "text", "the link's words, the date's words, where a name or date stands, what a text waits for"),
        _maybe("place", "text", "title and headings of the place, joined by ' > '; missing for what stands nowhere"),
    ),
)
AUDITS = Schema(
    "audits",
    "one check of one page",
    ("page_id", "check"),
    (
        _PAGE_ID,
        _text("pillar", "relevance, authority, clarity or freshness (docs/method.md, the four pillars)"),
        _text("check", "name of the check"),
        _text("outcome", "passed, failed, not applicable, or not told (of a language or page that the check cannot read)"),
        Column("n_examined", "integer", "places of the page that were examined"),
        Column("n_failed", "integer", "places that failed"),
    ),
)
FINDINGS = Schema(
    "findings",
    "one place of one page that failed one check",
    ("finding_id",),
    (
        _text("finding_id", "id of the finding: its page's id, the check, a number"),
        _PAGE_ID,
        _maybe("passage_id", "text", "passage in which it stands, where it stands in one"),
        _text("pillar", "relevance, authority, clarity or freshness"),
        _text("check", "name of the check"),
        _text("place", "headings of the place, joined by ' > '; 'page head' or 'whole page' for what stands in no passage"),
        _text("evidence", "the words or figures that failed, as they stand there"),
        _text("reason", "why that is a weakness, in plain words"),
        _text("remedy", "what to do, in plain words"),
        _text(
            "operation",
            "reword_heading where `before` and `after` are a heading's words; rewrite where `before` are exact words of the "
            "passage that `after` would replace; by_hand where there are no such words, as in the page head",
        ),
        _maybe("before", "text", "the words there now, where the remedy rewrites some; of a passage its exact words"),
        _maybe("after", "text", "the words proposed, with [FACT NEEDED: ...] or [SOURCE NEEDED: ...] slots"),
        Column("n_words", "integer", "words to add or change"),
        Column("n_claims", "integer", "claims that need a source or a check"),
    ),
)
CHECKS = Schema(
    "checks",
    "one check over all own pages: how often it fails, and whether failing goes with being cited less",
    ("check",),
    (
        _text("pillar", "relevance, authority, clarity or freshness"),
        _text("check", "name of the check"),
        _text("title", "what is checked, in words"),
        _text("weight", "strong, moderate or weak: how far research says that it moves being cited (docs/method.md)"),
        Column("n_pages", "integer", "pages to which the check applies and that it could read"),
        Column("n_failed", "integer", "pages that fail"),
        Column("n_not_told", "integer", "pages that it could not read, such as in another language"),
        _maybe("cited_passed", "number", "mean citation rate of the pages that pass, over the answers near them"),
        _maybe("cited_failed", "number", "the same of the pages that fail"),
        _maybe("difference", "number", "cited_failed - cited_passed, coverage held equal"),
        _LOW_95,
        _HIGH_95,
        _maybe("p", "number", "chance of a difference as large among pages shuffled, corrected over the checks (Holm)"),
        _text("reading", "the association in words; says so where it shows nothing, or cannot be told"),
    ),
)
# --- judged: judges, what they said, whether they can be trusted; what answers get wrong; what it cost

JUDGEMENTS = Schema(
    "judgements",
    "one grade that one judge gave one item by one rubric",
    ("judge", "rubric", "item_id", "repeat", "is_swapped"),
    (
        _text("judge", "name of the judge: a model, or a deterministic one"),
        _text("rubric", "name, version and digest of the rubric, such as answers-query@1.33f15a"),
        _text("item_id", "id of what was judged"),
        Column("repeat", "integer", "number of the repeat, from 0"),
        Column("is_swapped", "flag", "whether the parts were shown in the other order"),
        _maybe("grade", "number", "the grade on the rubric's scale; missing where the judge gave none"),
        _maybe("error", "text", "why there is none"),
        Column("is_weighted", "flag", "whether it is weighted by the probabilities of the grades (logprobs)"),
        Column("n_samples", "integer", "replies of which it is the mean; 1 where it is weighted"),
        _maybe("n_unreadable", "integer", "further replies that held no grade"),
        Column("n_input_tokens", "integer", "tokens read, 0 where an earlier reply was reused"),
        Column("n_output_tokens", "integer", "tokens written, 0 where an earlier reply was reused"),
    ),
)
RELIABILITY = Schema(
    "reliability",
    "one measure of how far one judge can be trusted with one rubric",
    ("judge", "rubric", "measure"),
    (
        _text("judge", "name of the judge"),
        _text("rubric", "name, version and digest of the rubric"),
        _text(
            "measure",
            "graded_rate, test_retest, exact_repeat_rate, krippendorff_alpha, human_agreement, human_alpha, position_bias, "
            "flip_rate, injection_resistance or injection_rise",
        ),
        _maybe("value", "number", "the measure; missing where it was not, or cannot be, measured"),
        _LOW_95,
        _HIGH_95,
        _maybe("pass_mark", "number", "what the rubric demands of it"),
        Column("is_passed", "flag", "whether it is met: a judge that misses one is not used"),
        Column("n_items", "integer", "items behind the figure"),
        _text("reading", "the figure in words"),
    ),
)
BRAND_CLAIMS = Schema(
    "brand_claims",
    "one thing that one answer claims of the brand, held against the own pages",
    ("claim_id",),
    (
        _text("claim_id", "id of the claim"),
        _ANSWER_ID,
        _QUERY_ID,
        _ENGINE,
        _SURFACE,
        _maybe("asked_at", "time", "when it was asked"),
        _text("text", "the sentence"),
        _text("verdict", "supported, unsupported, contradicted, or not told"),
        _maybe("passage_id", "text", "own passage that supports or contradicts it, or is nearest"),
        _maybe("own_words", "text", "the own sentence that it was held against"),
        _text("reason", "what was compared, in words"),
        _text("judge", "who judged: a model, or deterministic"),
    ),
)
CLAIM_RATES = Schema(
    "claim_rates",
    "one verdict on what one engine claims of the brand, in one part of its answers",
    ("engine", "surface", "by", "part", "verdict"),
    (
        _ENGINE,
        _SURFACE,
        _text("by", "what parts the answers: all, half (of the log's time) or week"),
        _text("part", "the part: all, first or second, the week's Monday"),
        _text("verdict", "unsupported or contradicted"),
        _maybe("value", "number", "claims with this verdict / claims on which there is a verdict"),
        _LOW_95,
        _HIGH_95,
        Column("n_claims", "integer", "claims on which there is a verdict"),
        Column("n_prompts", "integer", "distinct queries behind them: what the interval draws from"),
        _text("reading", "of the second half: whether it changed; else empty"),
        _maybe("judge", "text", "whose verdicts are counted: those of one judge alone"),
    ),
)
PANELS = Schema(
    "panels",
    "one query of a fixed panel that engines are asked",
    ("panel", "query_id"),
    (
        _text("panel", "name and version of the panel: a digest of its queries"),
        _QUERY_ID,
        Column("position", "integer", "order of asking, from 0"),
        _text("text", "the question, as it is asked"),
        _maybe("cluster_id", "text", "cluster it was drawn from"),
        Column("is_holdout", "flag", "whether it is kept out of drafting edits, so that it can judge them"),
    ),
)
COSTS = Schema(
    "costs",
    "what one task of one run cost",
    ("at", "run", "task", "model"),
    (
        Column("at", "time", "when it ended"),
        _text("run", "folder or file of the run"),
        _text("task", "ask, judge, draft, embed or tune"),
        _text("model", "model or encoder"),
        Column("n_calls", "integer", "requests answered, or texts embedded"),
        Column("n_reused", "integer", "requests or texts that an earlier run had answered already"),
        Column("n_input_tokens", "integer", "tokens read"),
        Column("n_output_tokens", "integer", "tokens written"),
        Column("n_searches", "integer", "web searches run by engines"),
        Column("seconds", "number", "seconds it took"),
        _maybe("money", "number", "its price by the price table; missing where that has no price of the model"),
        _text("currency", "currency of the price table"),
    ),
)
QRELS = Schema(
    "qrels",
    "one judged pair",
    ("query_id", "passage_id"),
    (_QUERY_ID, _PASSAGE_ID, Column("relevance", "integer", "0 for not relevant, higher for more relevant")),
)

SCHEMAS: tuple[Schema, ...] = (
    *(PAGES, PASSAGES, QUERIES, ANSWERS, FAILURES, CITATIONS, SPANS, MENTIONS, SEARCHES, REJECTS, SOURCES, CLAIMS),
    *(MATCHES, EVIDENCE),
    *(COVERAGE, CLUSTERS, GROUPS, LABELS, GAPS, EDITS, CHANGES, EFFECTS, FRONTIER, PREDICTIONS, POINTS),
    *(
        STAGES,
        HISTORY,
        PREVIOUS,
        VISIBILITY,
        HOLDERS,
        COMPETITORS,
        VERDICTS,
        DRIFTS,
        SESSIONS,
        SEARCH_DEMAND,
        REFERRALS,
        ASSOCIATIONS,
    ),
    *(STATEMENTS, DISAGREEMENTS, OUTLINES, AUDITS, FINDINGS, CHECKS),
    *(JUDGEMENTS, RELIABILITY, BRAND_CLAIMS, CLAIM_RATES, PANELS, COSTS, QRELS),
)

Pages = Annotated[pd.DataFrame, PAGES]
Passages = Annotated[pd.DataFrame, PASSAGES]
Queries = Annotated[pd.DataFrame, QUERIES]
Answers = Annotated[pd.DataFrame, ANSWERS]
Failures = Annotated[pd.DataFrame, FAILURES]
Citations = Annotated[pd.DataFrame, CITATIONS]
Spans = Annotated[pd.DataFrame, SPANS]
Mentions = Annotated[pd.DataFrame, MENTIONS]
Searches = Annotated[pd.DataFrame, SEARCHES]
Rejects = Annotated[pd.DataFrame, REJECTS]
Sources = Annotated[pd.DataFrame, SOURCES]
Claims = Annotated[pd.DataFrame, CLAIMS]
Matches = Annotated[pd.DataFrame, MATCHES]
Evidence = Annotated[pd.DataFrame, EVIDENCE]
Coverage = Annotated[pd.DataFrame, COVERAGE]
Clusters = Annotated[pd.DataFrame, CLUSTERS]
Groups = Annotated[pd.DataFrame, GROUPS]
Labels = Annotated[pd.DataFrame, LABELS]
Gaps = Annotated[pd.DataFrame, GAPS]
Edits = Annotated[pd.DataFrame, EDITS]
Changes = Annotated[pd.DataFrame, CHANGES]
Effects = Annotated[pd.DataFrame, EFFECTS]
Frontier = Annotated[pd.DataFrame, FRONTIER]
Predictions = Annotated[pd.DataFrame, PREDICTIONS]
Points = Annotated[pd.DataFrame, POINTS]
Stages = Annotated[pd.DataFrame, STAGES]
History = Annotated[pd.DataFrame, HISTORY]
Previous = Annotated[pd.DataFrame, PREVIOUS]
Visibility = Annotated[pd.DataFrame, VISIBILITY]
Holders = Annotated[pd.DataFrame, HOLDERS]
Competitors = Annotated[pd.DataFrame, COMPETITORS]
Verdicts = Annotated[pd.DataFrame, VERDICTS]
Drifts = Annotated[pd.DataFrame, DRIFTS]
Sessions = Annotated[pd.DataFrame, SESSIONS]
SearchDemand = Annotated[pd.DataFrame, SEARCH_DEMAND]
Referrals = Annotated[pd.DataFrame, REFERRALS]
Associations = Annotated[pd.DataFrame, ASSOCIATIONS]
Statements = Annotated[pd.DataFrame, STATEMENTS]
Disagreements = Annotated[pd.DataFrame, DISAGREEMENTS]
Outlines = Annotated[pd.DataFrame, OUTLINES]
Audits = Annotated[pd.DataFrame, AUDITS]
Findings = Annotated[pd.DataFrame, FINDINGS]
Checks = Annotated[pd.DataFrame, CHECKS]
Judgements = Annotated[pd.DataFrame, JUDGEMENTS]
Reliability = Annotated[pd.DataFrame, RELIABILITY]
BrandClaims = Annotated[pd.DataFrame, BRAND_CLAIMS]
ClaimRates = Annotated[pd.DataFrame, CLAIM_RATES]
Panels = Annotated[pd.DataFrame, PANELS]
Costs = Annotated[pd.DataFrame, COSTS]
Qrels = Annotated[pd.DataFrame, QRELS]


@dataclass(frozen=True)
class LogTables:
    """What a log of answers holds, as tables, and the column mapping with which it was read.

    Of a very long log `answers`, and what belongs to them, are a sample: a share of `share_of_answers_kept` of all
    `n_answers_read` (None: not told). `queries` are whole.
    """

    queries: Queries
    answers: Answers
    citations: Citations
    searches: Searches
    failures: Failures
    mapping: dict[str, str]
    rejects: Rejects = field(default_factory=REJECTS.empty)
    spans: Spans = field(default_factory=SPANS.empty)
    mentions: Mentions = field(default_factory=MENTIONS.empty)
    sources: Sources = field(default_factory=SOURCES.empty)
    n_answers_read: int | None = None
    share_of_answers_kept: float = 1.0
