"""What became of each query in the log's answers: searched, retrieved, cited, mentioned, and who else was cited."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage_kit.tables import Answers, Citations, Mentions


@dataclass(frozen=True)
class LogParties:
    """Who is who in the log: the own site and brand (empty: not known), and the competitors' sites.

    `is_search_known` tells whether the log says which answers searched the web.
    """

    own_site: str
    own_brand: str
    competitor_sites: frozenset[str]
    is_search_known: bool = True


def count_outcomes(
    answers: Answers,
    citations: Citations,
    mentions: Mentions,
    field: LogParties,
) -> pd.DataFrame:
    """Return one row an answer with 0/1 columns searched, retrieved, cited, mentioned, and third_party.

    `third_party` is the share of the answer's citations that go neither to the own site nor to a
    competitor's; missing where nothing is cited or no competitor is known. `has_retrieved`: whether
    the log holds retrieved pages of the answer.
    """
    rows = answers[["answer_id", "query_id", "engine", "has_searched"]].set_index("answer_id")
    cited = citations[citations["kind"] == "cited"]
    is_known = cited["site"].isin({field.own_site, *field.competitor_sites})
    retrieved = citations[citations["kind"] == "retrieved"]
    own = citations[citations["site"] == field.own_site]
    named = mentions[mentions["brand"] == field.own_brand]
    third_party = (
        (~is_known).groupby(cited["answer_id"]).mean().reindex(rows.index).to_numpy(np.float64)
    )
    return rows.assign(
        searched=rows["has_searched"].astype(float) if field.is_search_known else np.nan,
        retrieved=rows.index.isin(own["answer_id"]).astype(float),
        has_retrieved=rows.index.isin(retrieved["answer_id"]).astype(float),
        cited=rows.index.isin(cited.loc[cited["site"] == field.own_site, "answer_id"]).astype(
            float
        ),
        mentioned=rows.index.isin(named["answer_id"]).astype(float) if field.own_brand else np.nan,
        third_party=third_party if field.competitor_sites else np.nan,
    ).reset_index()


def outcome_rates(outcomes: pd.DataFrame, by: "pd.Series[str] | None" = None) -> pd.DataFrame:
    """Return the mean of each outcome by query, or by the groups that `by` (index query_id) names, with n_answers."""
    columns = [
        "searched",
        "retrieved",
        "has_retrieved",
        "cited",
        "mentioned",
        "third_party",
    ]
    keys = outcomes["query_id"] if by is None else outcomes["query_id"].map(by)
    rates = outcomes.groupby(keys)[columns].mean()
    rates["n_answers"] = outcomes.groupby(keys).size()
    return rates
