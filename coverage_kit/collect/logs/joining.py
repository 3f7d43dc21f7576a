"""Records that describe the same answer, joined so that each fact of the answer counts once."""

from collections.abc import Callable, Mapping

import pandas as pd

from coverage_kit.collect.logs.sample import Ask
from coverage_kit.collect.urls import page_id
from coverage_kit.tables import SPANS


def join_records(
    tables: dict[str, pd.DataFrame],
    asks: Mapping[str, Ask],
    normal: Callable[[str], str],
) -> dict[str, pd.DataFrame]:
    """Return a log's tables without what several rows say of the same answer.

    Args:
        tables: answers, citations, spans, mentions and searches by name, as the records say;
            other tables are not changed.
        asks: the answers by their ids.
        normal: returns the form that all spellings of a search share.
    """
    answers = tables["answers"]
    searched_later = {
        answer_id: ask.has_searched
        for answer_id, ask in asks.items()
        if ask.has_searched is not None
    }
    has_searched = answers["has_searched"] | answers["answer_id"].map(searched_later).eq(other=True)
    citations, spans = _join_citations(tables["citations"], tables["spans"])
    mentions = _renumbered(tables["mentions"].drop_duplicates(["answer_id", "brand"]))
    searches = tables["searches"]
    forms = pd.concat([searches["answer_id"], searches["text"].map(normal)], axis=1)
    return {
        **tables,
        "answers": answers.assign(has_searched=has_searched),
        "citations": citations,
        "spans": spans,
        "mentions": mentions,
        "searches": _renumbered(searches[~forms.duplicated()]),
    }


def _join_citations(
    citations: pd.DataFrame, spans: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the citations with each page of an answer once, and the spans at their new positions.

    Cited pages come before retrieved pages.
    """
    # "cited" sorts before "retrieved".
    ordered = citations.assign(page=citations["url"].map(page_id)).sort_values(
        ["answer_id", "kind", "position"], kind="stable"
    )
    unique = ordered.drop_duplicates(["answer_id", "page"])
    unique = unique.assign(new=unique.groupby("answer_id", sort=False).cumcount())
    moved = ordered[["answer_id", "position", "page"]].merge(
        unique[["answer_id", "page", "new"]], on=["answer_id", "page"]
    )
    spans = spans.merge(moved[["answer_id", "position", "new"]], on=["answer_id", "position"])
    spans = spans.assign(position=spans["new"])[SPANS.names]
    unique = unique.assign(position=unique["new"])[citations.columns]
    return unique.reset_index(drop=True), spans


def _renumbered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the rows of each answer numbered from 0, in their order."""
    return table.assign(position=table.groupby("answer_id", sort=False).cumcount())
