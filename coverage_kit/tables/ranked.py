"""Tables that rank writes: gaps, edits and what they gain."""

from typing import Annotated

import pandas as pd

from coverage_kit.tables.columns import (
    CLUSTER_ID,
    HIGH,
    LOW,
    PAGE_ID,
    QUERY_ID,
    THEME_ID,
    optional,
    text,
)
from coverage_kit.tables.schema import Column, Schema

GAPS = Schema(
    "gaps",
    "one topic: a cluster of queries, in the order of the work",
    ("cluster_id",),
    (
        CLUSTER_ID,
        optional(
            "gap_id", "text", "id of the topic, the same in later runs of the same site and log"
        ),
        text("label", "name of its topic: a noun phrase, or a question that people ask"),
        THEME_ID,
        Column("n_queries", "integer", "number of distinct queries"),
        Column("demand", "number", "sum of the queries' demand"),
        optional("demand_kind", "text", "measured where at least half of it is, else estimated"),
        optional("origin", "text", "who asks most of it, as in queries; missing where not known"),
        optional("n_open", "integer", "queries that are likely unanswered"),
        optional("open_demand", "number", "sum of the demand of these queries"),
        Column(
            "severity",
            "number",
            "demand-weighted mean of 1 - coverage, shrunk when the cluster is small",
        ),
        LOW,
        HIGH,
        text(
            "cause",
            "the cause that the cluster's queries vote for (docs/method.md, causes)",
        ),
        text("reason", "the figures behind the cause, in words"),
        optional(
            "citation_rate",
            "number",
            "demand-weighted mean of its queries' shares of answers that cite your site",
        ),
        text("medoid_query_id", "the query nearest the cluster's centre"),
        optional(
            "own_passage_id",
            "text",
            "passage of yours nearest to most of the cluster's demand",
        ),
        optional(
            "best_other_passage_id",
            "text",
            "other sites' passage nearest to most of the cluster's demand",
        ),
        optional(
            "answer_passage_id",
            "text",
            "your passage that says what the cluster's answers say, though questions may not reach "
            "it; missing where none does",
        ),
        optional(
            "unsupported_claims",
            "text",
            "what its answers say that other sites support better than yours does; lines",
        ),
        Column(
            "is_closable",
            "flag",
            "whether an edit of your site can close the gap",
        ),
        optional(
            "listing",
            "text",
            "the list that it belongs to: to close, unseen, covered, out of reach or dismissed",
        ),
        optional(
            "likelihood",
            "text",
            "likely, possible or unlikely: whether your site lacks the answer, by the interval of "
            "the severity",
        ),
        optional(
            "pairs_kept",
            "number",
            "share of the pairs of its queries that stay together when a fifth of the log is left "
            "out; missing for a single query",
        ),
        optional(
            "status",
            "text",
            "new, open, shrinking, closed, reopened or dismissed, compared with the run before",
        ),
        optional("status_reason", "text", "what the status rests on, in words"),
        optional(
            "plan",
            "text",
            "planned, or why no planned edit serves the gap; missing for topics that are no gaps",
        ),
        Column("rank", "integer", "order of the work, from 1"),
    ),
)

EDITS = Schema(
    "edits",
    "one candidate edit",
    ("edit_id",),
    (
        text("edit_id", "id of the edit"),
        CLUSTER_ID,
        text(
            "operation",
            "what is done (docs/method.md, edits), or no_edit where no edit of your site can "
            "close the gap",
        ),
        text("page_id", "page to edit, or the proposed id of a new page"),
        text("heading_path", "heading at which to edit; empty for a new page"),
        optional(
            "title",
            "text",
            "heading that is to be there then: of the section, the page or the passage",
        ),
        optional(
            "words_before",
            "text",
            "last words of your page in front of the edit",
        ),
        optional(
            "words_after",
            "text",
            "first words of your page behind the edit",
        ),
        optional(
            "opening",
            "text",
            "a first sentence in the form of an answer, with slots",
        ),
        optional(
            "links_from",
            "text",
            "pages of your site that should link to the new text, as page ids; lines",
        ),
        optional(
            "home_probability",
            "number",
            "probability that the page is the right one for the topic; of a new page, that none of "
            "your pages is",
        ),
        optional(
            "part",
            "text",
            "which part of a larger edit it is, such as 1 of 2; missing for a whole edit",
        ),
        text(
            "brief",
            "brief for the editor: what to write, with [FACT NEEDED: ...] slots",
        ),
        optional(
            "before",
            "text",
            "the words that are there now, where the edit changes some",
        ),
        optional(
            "after",
            "text",
            "the words proposed, as Markdown: extracts of answers are marked, facts are left as "
            "slots",
        ),
        Column("cost_minutes", "number", "estimated editor minutes"),
        Column("n_words", "integer", "words added or changed"),
        Column(
            "gain",
            "number",
            "predicted rise of demand-weighted coverage, in times asked, after harm counted twice",
        ),
        LOW,
        HIGH,
        Column(
            "harm",
            "number",
            "predicted fall of demand-weighted coverage, in times asked",
        ),
        optional(
            "citation_gain",
            "number",
            "expected further citations of the site per 100 answers to the questions of the edit's "
            "topic, weighted by demand, under the choice model; missing where the log has too few "
            "citations, or where the model does not beat the record of the site by more than noise",
        ),
        optional("citation_low", "number", "lower end of the 90% interval of citation_gain"),
        optional("citation_high", "number", "upper end of the 90% interval of citation_gain"),
        Column("marginal_gain", "number", "gain given the edits above it"),
        Column(
            "is_chosen",
            "flag",
            "whether it is within the budget and the constraints, and adds to the edits above it",
        ),
        Column(
            "in_next_hour",
            "flag",
            "whether it is among the chosen edits that fill the next hour",
        ),
        Column(
            "rank",
            "integer",
            "order by gain per minute given the edits above it, from 1; chosen edits come first",
        ),
    ),
)

CHANGES = Schema(
    "changes",
    "one change of one place of one page that an edit makes",
    ("edit_id", "position"),
    (
        text("edit_id", "id of the edit"),
        Column(
            "position",
            "integer",
            "order in which an edit's changes are made, from 0",
        ),
        text(
            "action",
            "replace_title, replace_heading, replace_passage, insert_section, remove_section, "
            "add_page or by_hand",
        ),
        PAGE_ID,
        optional(
            "passage_id",
            "text",
            "passage that is changed, or after whose section a section is inserted",
        ),
        text(
            "heading_path",
            "headings of the place, joined by ' > '; of a new page its title",
        ),
        optional("before", "text", "the title, heading or words that are there now"),
        optional(
            "after",
            "text",
            "what is there then; sections and pages as Markdown with their heading",
        ),
    ),
)

FACTS = Schema(
    "facts",
    "one fact that the text of an edit should contain, or that an editor has to find out",
    ("edit_id", "position"),
    (
        text("edit_id", "id of the edit"),
        Column("position", "integer", "order of the facts of an edit, from 0"),
        optional(
            "text",
            "text",
            "the fact in a sentence, merged from logged answers; missing where there is only a "
            "slot",
        ),
        Column("n_answers", "integer", "logged answers that say so"),
        Column("n_answers_of_edit", "integer", "logged answers to the edit's questions"),
        optional("source", "text", "address that these answers cite most for it"),
        Column("is_known", "flag", "whether a passage of your site states it"),
        optional("passage_id", "text", "passage of your site that states it"),
        optional("own_words", "text", "the sentence of that passage"),
        optional(
            "slot",
            "text",
            "what an editor has to find out: what only you can know, or your own figure in place "
            "of another company's",
        ),
    ),
)

EFFECTS = Schema(
    "effects",
    "one query whose coverage one edit is predicted to change",
    ("edit_id", "query_id"),
    (
        text("edit_id", "id of the edit"),
        QUERY_ID,
        Column("coverage_before", "number", "coverage as the site is"),
        Column("coverage_after", "number", "coverage predicted with the edit alone"),
        Column(
            "answer_probability",
            "number",
            "probability that the query asks for the edited text, 0-1",
        ),
        Column(
            "weight",
            "number",
            "times asked for which a rise of coverage by 1 counts in the edit's gain",
        ),
        Column(
            "is_drafted_from",
            "flag",
            "whether the edit is for this query",
        ),
        optional(
            "gain",
            "number",
            "what this query adds to the edit's gain, in times asked; an edit's rows add up to "
            "its gain",
        ),
        optional("asked_as", "text", "the query in clean words, where the edit is for it"),
    ),
)

FRONTIER = Schema(
    "frontier",
    "one edit of the ranked list, with what all edits down to it cost and bring",
    ("rank",),
    (
        Column("rank", "integer", "order of the edit, from 1"),
        text("edit_id", "id of the edit"),
        Column(
            "cost_minutes",
            "number",
            "editor minutes of this edit and all above it",
        ),
        Column(
            "gain",
            "number",
            "predicted gain of this edit and all above it, in times asked",
        ),
        LOW,
        HIGH,
        Column(
            "bound",
            "number",
            "gain that no set of candidates of this cost can exceed, under the same model",
        ),
    ),
)

PREDICTIONS = Schema(
    "predictions",
    "one published edit: what was predicted for its queries, and what a later run found",
    ("edit_id", "run_before", "run_after"),
    (
        text("edit_id", "id of the edit in the run before"),
        text(
            "run_before",
            "folder of the run that predicted, with a digest of its edits",
        ),
        text(
            "run_after",
            "folder of the run that measured, with a digest of its edits",
        ),
        text("operation", "what was done"),
        text("page_id", "page that was edited"),
        Column(
            "word_overlap",
            "number",
            "share of the proposed words found among the page's new words, 0-1",
        ),
        Column(
            "n_queries",
            "integer",
            "queries whose coverage it was predicted to change",
        ),
        Column(
            "predicted",
            "number",
            "predicted rise of their coverage, in times asked, beside the other published edits",
        ),
        LOW,
        HIGH,
        Column(
            "realised",
            "number",
            "rise found, in times asked, less the drift of the queries that no published edit "
            "touches",
        ),
        Column(
            "drift",
            "number",
            "demand-weighted mean change of coverage of those queries",
        ),
        Column("is_within", "flag", "whether what was found lies in the interval"),
    ),
)

Gaps = Annotated[pd.DataFrame, GAPS]
Edits = Annotated[pd.DataFrame, EDITS]
Changes = Annotated[pd.DataFrame, CHANGES]
Facts = Annotated[pd.DataFrame, FACTS]
Effects = Annotated[pd.DataFrame, EFFECTS]
Frontier = Annotated[pd.DataFrame, FRONTIER]
Predictions = Annotated[pd.DataFrame, PREDICTIONS]
