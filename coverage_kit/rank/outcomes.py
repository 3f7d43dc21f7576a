"""What became of each query in the log's answers: searched, retrieved, cited, mentioned.

Also who else was cited.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage_kit.tables import Answers, Citations, Mentions


@dataclass(frozen=True)
class LogParties:
    """Who is who in the log: your site and brand, and the competitors' sites.

    `own_site` and `own_brand` are empty where they are not known. `is_search_known` says whether
    the log records which answers searched the web.
    """

    own_site: str
    own_brand: str
    competitor_sites: frozenset[str]
    is_search_known: bool = True


def count_outcomes(
    answers: Answers,
    citations: Citations,
    mentions: Mentions,
    parties: LogParties,
) -> pd.DataFrame:
    """Return one row for each answer with its outcomes.

    Columns searched, retrieved, cited and mentioned are 0 or 1. `third_party` is the share of the
    answer's citations that go neither to the site nor to a competitor's; it is missing where
    nothing is cited or no competitor is known. `has_retrieved` is 1 where the log has retrieved
    pages of the answer.
    """
    outcomes = answers[["answer_id", "query_id", "engine", "has_searched"]].set_index("answer_id")
    cited = citations[citations["kind"] == "cited"]
    own_cited = cited[cited["site"] == parties.own_site]
    is_first_party = cited["site"].isin({parties.own_site, *parties.competitor_sites})
    retrieved = citations[citations["kind"] == "retrieved"]
    # A page that is cited was retrieved as well, so both kinds count.
    own_retrieved = citations[citations["site"] == parties.own_site]
    own_mentions = mentions[mentions["brand"] == parties.own_brand]
    third_party = (
        (~is_first_party)
        .groupby(cited["answer_id"])
        .mean()
        .reindex(outcomes.index)
        .to_numpy(np.float64)
    )
    has_mention = outcomes.index.isin(own_mentions["answer_id"]).astype(float)
    return outcomes.assign(
        searched=outcomes["has_searched"].astype(float) if parties.is_search_known else np.nan,
        retrieved=outcomes.index.isin(own_retrieved["answer_id"]).astype(float),
        has_retrieved=outcomes.index.isin(retrieved["answer_id"]).astype(float),
        cited=outcomes.index.isin(own_cited["answer_id"]).astype(float),
        mentioned=has_mention if parties.own_brand else np.nan,
        third_party=third_party if parties.competitor_sites else np.nan,
    ).reset_index()


def outcome_rates(outcomes: pd.DataFrame, by: "pd.Series[str] | None" = None) -> pd.DataFrame:
    """Return the mean of each outcome by query, with n_answers.

    With `by` (index query_id), the means are by the groups that it names.
    """
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
