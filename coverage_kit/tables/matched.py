"""Tables that match writes: what is near what, and what is covered."""

from typing import Annotated

import pandas as pd

from coverage_kit.tables.columns import (
    CLUSTER_ID,
    HIGH,
    LOW,
    PASSAGE_ID,
    QUERY_ID,
    SITE,
    THEME_ID,
    optional,
    text,
)
from coverage_kit.tables.schema import Column, Schema

MATCHES = Schema(
    "matches",
    "one query and one near passage of one site",
    ("query_id", "site", "rank"),
    (
        QUERY_ID,
        PASSAGE_ID,
        SITE,
        Column("rank", "integer", "order by similarity within the site, from 1"),
        Column("similarity", "number", "cosine of query and passage, -1 to 1"),
    ),
)

EVIDENCE = Schema(
    "evidence",
    "one query's evidence of being answered by your site",
    ("query_id",),
    (
        QUERY_ID,
        optional("own_passage_id", "text", "nearest passage of your site, by meaning and by words"),
        optional("best_other_passage_id", "text", "nearest passage of any other site"),
        Column(
            "on_subject",
            "number",
            "cosine of the nearest passage of any site, in the encoder's own space",
        ),
        Column("own_best", "number", "similarity of your nearest passage"),
        Column(
            "precedence",
            "number",
            "similarity to one of your passages, minus the mean of the ten queries nearest to it",
        ),
        Column(
            "focus",
            "number",
            "share of the nearest passage's page among the twenty nearest, the nearest weighing "
            "most",
        ),
        Column(
            "coherence",
            "number",
            "mean cosine between the five nearest passages of your site",
        ),
        Column(
            "contrast",
            "number",
            "standard deviation of the similarities of all your passages",
        ),
        Column(
            "lexical",
            "number",
            "share of the query's idf weight found in one near passage of yours, 0-1",
        ),
        Column(
            "query_margin",
            "number",
            "own_best minus the mean similarity of the five nearest other queries",
        ),
        Column("heading", "number", "similarity of the nearest own heading"),
        Column("heading_precedence", "number", "as precedence, of headings"),
        Column(
            "words",
            "number",
            "BM25 of the passage of the whole site with most of the query's words, as a share of "
            "what the query could reach, 0-1",
        ),
        Column("word_precedence", "number", "as precedence, of words"),
        Column(
            "word_margin", "number", "words, minus the same for the best passage of another page"
        ),
        Column(
            "agreement",
            "number",
            "similarity of the passage that is best by words, minus own_best",
        ),
        optional(
            "names",
            "number",
            "share of the query's identifiers that your site writes, 0-1; missing without any",
        ),
        optional(
            "proper_names",
            "number",
            "share of the query's proper names that your site writes, 0-1; missing without any",
        ),
        optional(
            "versions",
            "number",
            "1 if a near passage of yours is about the query's version or year, -1 if it is about "
            "another; missing where there is nothing to compare",
        ),
        optional(
            "asks_for",
            "text",
            "what a passage has to state to answer: a kind of answer (price, duration, quantity, "
            "date, place, contact, person, eligibility, permission, steps), or name or version "
            "where the query only names a product, a version or a year; missing otherwise",
        ),
        optional(
            "stated",
            "number",
            "1 if a near passage on the query's subject states that, of its name and version, "
            "0 if none does; missing where the query asks for no such thing, or no near passage "
            "knows its subject",
        ),
        optional(
            "cross_encoder",
            "number",
            "best score of a near passage of yours by the cross-encoder; missing without one",
        ),
        optional(
            "margin",
            "number",
            "own_best minus the nearest other site's similarity; missing without competitors",
        ),
        optional(
            "answer_support",
            "number",
            "mean similarity of the logged answers' claims to your nearest passage",
        ),
        optional(
            "answer_margin",
            "number",
            "answer_support minus the same for the nearest passage of any other site",
        ),
        optional(
            "answer_lead",
            "number",
            "how much nearer the answers of the query's topic are to one passage of yours than the "
            "nearest answers of other topics, in standard deviations; missing without answers",
        ),
        optional(
            "answer_passage_id",
            "text",
            "that passage, where answer_lead is 0 or more: it says what the answers say",
        ),
    ),
)

COVERAGE = Schema(
    "coverage",
    "one query",
    ("query_id",),
    (
        QUERY_ID,
        Column(
            "coverage",
            "number",
            "calibrated probability that your site answers the query",
        ),
        LOW,
        HIGH,
        optional(
            "even_coverage",
            "number",
            "coverage if half of the log's questions were unanswered: what the evidence says, "
            "whatever share is assumed",
        ),
        optional("own_passage_id", "text", "nearest passage of your site, by meaning and by words"),
        optional("best_other_passage_id", "text", "nearest passage of any other site"),
        text("cause", "why there is a gap, or 'covered' (docs/method.md, causes)"),
    ),
)

MISSING_ITEMS = Schema(
    "missing_items",
    "one thing that a complete answer to a query needs and that no passage of your site states",
    ("query_id", "checked_by", "item"),
    (
        QUERY_ID,
        text("item", "what is missing, in the language of the query"),
        text("checked_by", "name of the model that looked for it"),
    ),
)

CLUSTERS = Schema(
    "clusters",
    "one query's cluster",
    ("query_id",),
    (
        QUERY_ID,
        CLUSTER_ID,
        THEME_ID,
        Column(
            "membership",
            "number",
            "similarity of the query to its cluster's centre, 0-1",
        ),
    ),
)

GROUPS = Schema(
    "groups",
    "one query's group of near-duplicates, of which one is read in place of all",
    ("query_id",),
    (
        QUERY_ID,
        text(
            "group_id",
            "query_id of the group's representative: its most asked query",
        ),
        Column(
            "similarity",
            "number",
            "cosine of the query and its representative, the mean of all queries taken off, -1 "
            "to 1",
        ),
        text("text", "the query, in its most frequent spelling"),
        Column(
            "demand",
            "number",
            "how often it was asked; in queries the representative has the sum of its group",
        ),
    ),
)

LABELS = Schema(
    "labels",
    "one cluster's name",
    ("cluster_id",),
    (
        CLUSTER_ID,
        text("label", "name of its topic: a noun phrase, or a question that people ask"),
        text("medoid_query_id", "the query nearest the cluster's centre"),
    ),
)

THEMES = Schema(
    "themes",
    "one theme: clusters of related topics",
    ("theme_id",),
    (
        text("theme_id", "id of the theme"),
        text("label", "name of the theme"),
        Column("n_clusters", "integer", "number of its clusters"),
        Column("n_gaps", "integer", "number of its clusters that are gaps to close"),
        Column("n_queries", "integer", "number of its queries"),
        Column("demand", "number", "sum of its queries' demand"),
    ),
)

QRELS = Schema(
    "qrels",
    "one judged pair",
    ("query_id", "passage_id"),
    (
        QUERY_ID,
        PASSAGE_ID,
        Column(
            "relevance",
            "integer",
            "0 for not relevant, higher for more relevant",
        ),
    ),
)

Matches = Annotated[pd.DataFrame, MATCHES]
Evidence = Annotated[pd.DataFrame, EVIDENCE]
Coverage = Annotated[pd.DataFrame, COVERAGE]
MissingItems = Annotated[pd.DataFrame, MISSING_ITEMS]
Clusters = Annotated[pd.DataFrame, CLUSTERS]
Groups = Annotated[pd.DataFrame, GROUPS]
Labels = Annotated[pd.DataFrame, LABELS]
Themes = Annotated[pd.DataFrame, THEMES]
Qrels = Annotated[pd.DataFrame, QRELS]
