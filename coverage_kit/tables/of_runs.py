"""Tables of the run itself: its map, stages, history, costs and panel."""

from typing import Annotated

import pandas as pd

from coverage_kit.tables.columns import HIGH, LOW, QUERY_ID, optional, text
from coverage_kit.tables.schema import Column, Schema

PANELS = Schema(
    "panels",
    "one query of a fixed panel that engines are asked",
    ("panel", "query_id"),
    (
        text("panel", "name and version of the panel: a digest of its queries"),
        QUERY_ID,
        Column("position", "integer", "order of asking, from 0"),
        text("text", "the question, as it is asked"),
        optional("cluster_id", "text", "cluster it was drawn from"),
        Column(
            "is_holdout",
            "flag",
            "whether it is kept out of drafting edits, so that it can judge them",
        ),
    ),
)

COSTS = Schema(
    "costs",
    "what one task of one run cost",
    ("at", "run", "task", "model"),
    (
        Column("at", "time", "when it ended"),
        text("run", "folder or file of the run"),
        text("task", "ask, judge, draft, embed or tune"),
        text("model", "model or encoder"),
        Column("n_calls", "integer", "requests answered, or texts embedded"),
        Column(
            "n_reused",
            "integer",
            "requests or texts that an earlier run had answered already",
        ),
        Column("n_input_tokens", "integer", "tokens read"),
        Column("n_output_tokens", "integer", "tokens written"),
        Column("n_searches", "integer", "web searches run by engines"),
        Column("seconds", "number", "seconds it took"),
        optional(
            "money",
            "number",
            "its price by the price table; missing where that has no price of the model",
        ),
        text("currency", "currency of the price table"),
    ),
)

POINTS = Schema(
    "points",
    "one query or passage on the map",
    ("point_id",),
    (
        text("point_id", "query_id or passage_id"),
        text("kind", "`query`, `own passage` or `other passage`"),
        Column(
            "x",
            "number",
            "first UMAP coordinate: a picture, never a distance to decide by",
        ),
        Column("y", "number", "second UMAP coordinate"),
    ),
)

STAGES = Schema(
    "stages",
    "one stage of a run: what it cost",
    ("stage",),
    (
        text("stage", "collect, embed, match, rank, measure or map"),
        Column("seconds", "number", "seconds it took"),
        Column(
            "peak_megabytes",
            "number",
            "largest memory of the process up to its end",
        ),
        Column("n_embedded", "integer", "distinct texts embedded in it"),
        Column(
            "n_reused",
            "integer",
            "distinct texts whose vectors were reused in it",
        ),
        Column(
            "reused",
            "text",
            "what an earlier run found of the same input and this run reused: 'matches, map'",
            optional=True,
        ),
    ),
)

HISTORY = Schema(
    "history",
    "one figure of one run of the same site with the same encoder, up to this run",
    ("run", "measure", "part"),
    (
        Column(
            "run",
            "integer",
            "the run's number, from 1; a run that found the same as the one before it has the "
            "same number",
        ),
        Column("at", "time", "when the run ended"),
        text(
            "measure",
            "coverage, severe_gaps, planned_minutes, planned_gain, or a measure of your "
            "site's visibility: citation_rate, "
            "mention_rate, share_of_voice",
        ),
        text("part", "engine and surface; 'all' for what has none"),
        optional("value", "number", "the figure"),
        optional(
            "low",
            "number",
            "lower end of its interval: 95% for visibility, 90% for the rest",
        ),
        optional("high", "number", "upper end of its interval"),
        Column("n", "integer", "prompts, or queries, behind the figure"),
    ),
)

PREVIOUS = Schema(
    "previous",
    "one query of the run before this one",
    ("query_id",),
    (
        QUERY_ID,
        text("text", "the question as it was asked"),
        Column("coverage", "number", "its coverage then"),
        LOW,
        HIGH,
        optional("label", "text", "name of its gap then"),
        optional("gap_id", "text", "id of its gap then"),
        optional("status", "text", "status of its gap then"),
    ),
)

Panels = Annotated[pd.DataFrame, PANELS]
Costs = Annotated[pd.DataFrame, COSTS]
Points = Annotated[pd.DataFrame, POINTS]
Stages = Annotated[pd.DataFrame, STAGES]
History = Annotated[pd.DataFrame, HISTORY]
Previous = Annotated[pd.DataFrame, PREVIOUS]
