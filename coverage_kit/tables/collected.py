"""Tables that collect writes: sites, and logs of answers."""

from dataclasses import dataclass, field
from typing import Annotated

import pandas as pd

from coverage_kit.tables.columns import (
    ANSWER_ID,
    PAGE_ID,
    PASSAGE_ID,
    QUERY_ID,
    SITE,
    optional,
    text,
)
from coverage_kit.tables.schema import Column, Schema
from coverage_kit.vocabulary import ORIGINS

PAGES = Schema(
    "pages",
    "one page that was met, read or rejected",
    ("page_id",),
    (
        PAGE_ID,
        SITE,
        text("url", "canonical URL, or the path of a local file"),
        text("status", "'ok', or why the page was rejected"),
        optional("title", "text", "title of the page"),
        optional("language", "text", "language code, such as en"),
        optional(
            "text",
            "text",
            "main content as Markdown: headings with #, lists and tables as text",
        ),
        optional("html_path", "text", "path of the stored source, where there is one"),
        optional("fetched_at", "time", "when the page was fetched"),
        optional("published_at", "time", "when the page says it was published"),
        optional("modified_at", "time", "when the page says it was last modified"),
    ),
)

UNREAD = Schema(
    "unread",
    "what a site's source holds besides its pages: things of one kind, not read for one reason",
    ("site", "source", "kind", "reason"),
    (
        SITE,
        text("source", "folder or address that was read, as the settings name it"),
        text("kind", "file, folder, address, sitemap, host, item of an export, or part of a page"),
        text("reason", "why these were not read, such as 'the ending .rst'"),
        Column("n_items", "integer", "how many there are"),
        Column(
            "may_be_pages",
            "flag",
            "whether they may hold text for readers: the run warns of them; files, addresses and "
            "items are counted beside the pages that were read, parts of pages are not",
        ),
        text("examples", "paths or addresses of the first five, between semicolons"),
        optional("cure", "text", "what to do to have them read"),
    ),
)

PASSAGES = Schema(
    "passages",
    "one passage, in reading order",
    ("passage_id",),
    (
        PASSAGE_ID,
        PAGE_ID,
        SITE,
        Column("position", "integer", "place of the passage on its page, from 0"),
        text(
            "heading_path",
            "title and headings above the passage, joined by ' > '",
        ),
        text(
            "text",
            "the passage's words, without its headings; blocks of code are between fences",
        ),
        Column("n_words", "integer", "number of words in the text, code included"),
        optional(
            "anchor",
            "text",
            "id of its heading on the page, or of the nearest heading above it that has one",
        ),
    ),
)

QUESTION_CHECKS = Schema(
    "question_checks",
    "one question that somebody checked, or is to check: does your site answer it?",
    ("query_id", "checked_by"),
    (
        QUERY_ID,
        text("text", "the question, as it was drawn"),
        optional("choice", "text", "answered, partly, not answered, not our subject; or missing"),
        text("checked_by", "'person', or the name of the model that checked"),
        text("stratum", "band of predicted coverage in which the question was drawn"),
        Column("probability", "number", "chance with which the question was drawn, over 0 to 1"),
        Column("draw", "integer", "number of the draw, from 1"),
    ),
)

QUERIES = Schema(
    "queries",
    "one distinct question",
    ("query_id",),
    (
        QUERY_ID,
        text("text", "the question in its most frequent spelling"),
        Column(
            "demand",
            "number",
            "how often it is asked: the log's own figure, else the number of times logged",
        ),
        optional(
            "demand_kind",
            "text",
            "measured (counted, or a figure that somebody measured) or estimated",
        ),
        optional(
            "origin",
            "text",
            f"who asked: {', '.join(ORIGINS)}; of several the first in this order",
        ),
        optional(
            "times_cited",
            "number",
            "how often an engine reports to have cited your site for it, such as Bing's AI "
            "Performance; missing where no report has it, which proves nothing",
        ),
        optional(
            "implied_demand",
            "number",
            "how often it is asked by that report: times_cited / the citation share",
        ),
        optional("first_asked_at", "time", "when it was first asked"),
        optional("last_asked_at", "time", "when it was last asked"),
    ),
)

ANSWERS = Schema(
    "answers",
    "one engine's answer to one query in one run",
    ("answer_id",),
    (
        ANSWER_ID,
        QUERY_ID,
        text("engine", "answer engine, such as perplexity"),
        optional("model", "text", "model that answered"),
        optional("surface", "text", "api, scrape or app"),
        optional("run_id", "text", "id of the run that asked"),
        optional("asked_at", "time", "when it was asked"),
        optional(
            "market",
            "text",
            "country, region or locale it was asked from, as logged",
        ),
        text(
            "text",
            "the answer; empty where the log holds what was cited but not what was said",
        ),
        Column("has_searched", "flag", "whether the engine searched the web"),
        optional(
            "extra",
            "text",
            "fields of its records that no column holds, as JSON",
        ),
    ),
)

FAILURES = Schema(
    "failures",
    "one answer that failed, listed separately so that it never enters a denominator",
    ("answer_id",),
    (
        ANSWER_ID,
        QUERY_ID,
        text("engine", "answer engine, such as perplexity"),
        optional("asked_at", "time", "when it was asked"),
        text("error", "why it failed"),
    ),
)

CITATIONS = Schema(
    "citations",
    "one page named by one answer",
    ("answer_id", "position"),
    (
        ANSWER_ID,
        Column(
            "position",
            "integer",
            "place among the answer's cited, then its retrieved pages, from 0",
        ),
        text("url", "canonical URL"),
        SITE,
        text("kind", "cited, or retrieved (found but not cited)"),
        optional(
            "start",
            "integer",
            "first character of the first cited span in the answer",
        ),
        optional("end", "integer", "one past the last character of that span"),
        optional("title", "text", "title of the page, as logged"),
    ),
)

SPANS = Schema(
    "spans",
    "one stretch of an answer for which it cites one page",
    ("answer_id", "position", "start", "end"),
    (
        ANSWER_ID,
        Column(
            "position",
            "integer",
            "position of the page among the answer's citations",
        ),
        Column("start", "integer", "first character of the stretch in the answer"),
        Column("end", "integer", "one past its last character"),
    ),
)

MENTIONS = Schema(
    "mentions",
    "one brand named by one answer",
    ("answer_id", "brand"),
    (
        ANSWER_ID,
        text("brand", "the brand's first listed name"),
        Column(
            "position",
            "integer",
            "order of first naming among the brands in the answer, from 0",
        ),
        optional(
            "n_words",
            "integer",
            "words in the sentences that name the brand; missing where only the log says that it "
            "is named",
        ),
    ),
)

SEARCHES = Schema(
    "searches",
    "one search that the engine ran for one answer (fan-out)",
    ("answer_id", "position"),
    (
        ANSWER_ID,
        Column("position", "integer", "order of the search, from 0"),
        text("text", "the search's words"),
    ),
)

REJECTS = Schema(
    "rejects",
    "one record of a log that could not be read",
    ("file", "line"),
    (
        text("file", "the log's file"),
        Column("line", "integer", "line or row of the record, from 1"),
        text("reason", "why it could not be read"),
    ),
)

SOURCES = Schema(
    "sources",
    "one format met in one file of a log",
    ("file", "format"),
    (
        text(
            "file",
            "the log's file, with its sheet in brackets where it has several",
        ),
        text(
            "format",
            "the format its records were read as; 'mapped columns' where columns were chosen by "
            "name or content",
        ),
        Column("n_records", "integer", "records read: a dialogue may hold several"),
        optional(
            "n_merged",
            "integer",
            "records that are counted with another as one answer, such as requests with a response "
            "elsewhere, chunks of a stream, continuations of a turn and further citations",
        ),
        optional(
            "n_aside",
            "integer",
            "records, or parts of them, that are no questions by themselves, such as steps of "
            "traces and regenerated answers",
        ),
        optional(
            "n_rejected",
            "integer",
            "records of the file that could not be read, in the first row of the file",
        ),
        optional("left_out", "text", "what the merged records and those set aside are"),
        text("fields", "which column or field holds what"),
        optional("note", "text", "what this format does not show"),
        optional(
            "doubts",
            "text",
            "what may have been read wrongly, with the cure, in a line each: columns that were "
            "guessed, fields that were not used, answers and pages that are missing",
        ),
    ),
)

CLAIMS = Schema(
    "claims",
    "one sentence of a logged answer",
    ("claim_id",),
    (
        text("claim_id", "id of the claim: its answer's id, '#', its position"),
        ANSWER_ID,
        QUERY_ID,
        text("text", "the sentence without citation markers"),
    ),
)

# Types for signatures, from which `@checked` reads the schema; so in every module of tables.
Pages = Annotated[pd.DataFrame, PAGES]
Unread = Annotated[pd.DataFrame, UNREAD]
Passages = Annotated[pd.DataFrame, PASSAGES]
Queries = Annotated[pd.DataFrame, QUERIES]
QuestionChecks = Annotated[pd.DataFrame, QUESTION_CHECKS]
Answers = Annotated[pd.DataFrame, ANSWERS]
Failures = Annotated[pd.DataFrame, FAILURES]
Citations = Annotated[pd.DataFrame, CITATIONS]
Spans = Annotated[pd.DataFrame, SPANS]
Mentions = Annotated[pd.DataFrame, MENTIONS]
Searches = Annotated[pd.DataFrame, SEARCHES]
Rejects = Annotated[pd.DataFrame, REJECTS]
Sources = Annotated[pd.DataFrame, SOURCES]
Claims = Annotated[pd.DataFrame, CLAIMS]


@dataclass(frozen=True)
class LogTables:
    """What a log of answers holds, as tables, and the column mapping with which it was read.

    Of a very long log `answers`, and what belongs to them, are a sample: a share of
    `share_of_answers_kept` of all `n_answers_read` (None: not known). `queries` are whole.
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
