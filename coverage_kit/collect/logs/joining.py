"""What several records tell of one answer, told once."""

from collections.abc import Callable, Mapping

import pandas as pd

from coverage_kit.collect.logs.sample import Ask
from coverage_kit.collect.urls import page_id
from coverage_kit.tables import SPANS


def join_records(
    found: dict[str, pd.DataFrame],
    asks: Mapping[str, Ask],
    normal: Callable[[str], str],
) -> dict[str, pd.DataFrame]:
    """Return a log's tables, of which several rows may tell the same of one answer, with each told once.

    Args:
        found: answers, citations, spans, mentions and searches as the records told them, by name;
            others are left alone.
        asks: the answers, in the order in which they were met.
        normal: gives the form that spellings of one search share.
    """
    answers = found["answers"]
    order = {name: place for place, name in enumerate(asks)}
    again = {name: ask.has_searched for name, ask in asks.items() if ask.has_searched is not None}
    citations, spans = _join_citations(found["citations"], found["spans"], order)
    mentions = _renumbered(found["mentions"].drop_duplicates(["answer_id", "brand"]), order)
    forms = found["searches"]["text"].map(normal)
    searches = found["searches"][
        ~pd.concat([found["searches"]["answer_id"], forms], axis=1).duplicated()
    ]
    return {
        **found,
        "answers": answers.assign(
            has_searched=answers["has_searched"] | answers["answer_id"].map(again).eq(other=True)
        ),
        **{
            "citations": citations,
            "spans": spans,
            "mentions": mentions,
            "searches": _renumbered(searches, order),
        },
    }


def _join_citations(
    citations: pd.DataFrame, spans: pd.DataFrame, order: Mapping[str, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the citations, each page of an answer once, cited ones first, and the spans at their new positions."""
    every = citations.assign(
        page=citations["url"].map(page_id),
        place=citations["answer_id"].map(order),
    )
    every = every.sort_values(["place", "kind", "position"], kind="stable")
    once = every.drop_duplicates(["answer_id", "page"])
    once = once.assign(new=once.groupby("answer_id", sort=False).cumcount())
    moved = every[["answer_id", "position", "page"]].merge(
        once[["answer_id", "page", "new"]], on=["answer_id", "page"]
    )
    spans = spans.merge(moved[["answer_id", "position", "new"]], on=["answer_id", "position"])
    spans = spans.assign(position=spans["new"])[SPANS.names]
    return once.assign(position=once["new"])[citations.columns].reset_index(drop=True), spans


def _renumbered(table: pd.DataFrame, order: Mapping[str, int]) -> pd.DataFrame:
    """Return an answer's rows together, in the answers' order, with positions from 0."""
    table = (
        table.assign(place=table["answer_id"].map(order))
        .sort_values("place", kind="stable")
        .drop(columns="place")
    )
    return table.assign(position=table.groupby("answer_id", sort=False).cumcount()).reset_index(
        drop=True
    )
