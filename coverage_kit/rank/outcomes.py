"""What became of each query in the log's answers: searched, retrieved, cited, mentioned.

Also who else was cited and named.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.tables import Answers, Citations, Mentions
from coverage_kit.tables.logged import logs_citations

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# What is counted of each answer, 0 or 1, or missing where the log does not say.
OUTCOMES = (
    "searched",
    "logs_citations",
    "retrieved",
    "has_retrieved",
    "cited",
    "third_party",
    "tracked",
    "mentioned",
    "rival_mentioned",
)


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
    """Return one row for each answer with its outcomes, each 0 or 1.

    - searched: the engine searched the web;
    - logs_citations: the log holds citations of this engine and surface. Where it does not, every
      outcome that rests on citations is missing, never 0;
    - retrieved, cited: the answer found, or cites, your site; has_retrieved: the log has retrieved
      pages of the answer;
    - third_party: the share of the answer's citations that go neither to your site nor to a
      competitor's; missing where nothing is cited or no competitor is known;
    - tracked: the answer found or cites your site or a competitor's;
    - mentioned, rival_mentioned: the answer names your brand, or another tracked one; missing where
      neither its words nor its mentions are logged.
    """
    outcomes = answers[["answer_id", "query_id", "engine", "has_searched"]].set_index("answer_id")
    is_logged = logs_citations(answers, citations).to_numpy()
    cited = citations[citations["kind"] == "cited"]
    first_party = {parties.own_site, *parties.competitor_sites}
    third_party = (
        (~cited["site"].isin(first_party))
        .groupby(cited["answer_id"])
        .mean()
        .reindex(outcomes.index)
        .to_numpy(np.float64)
    )
    retrieved = citations[citations["kind"] == "retrieved"]
    # A page that is cited was retrieved as well, so both kinds count.
    own = citations[citations["site"] == parties.own_site]
    is_own_name = mentions["brand"] == parties.own_brand
    has_words = (answers["text"].str.strip() != "").to_numpy() | outcomes.index.isin(
        mentions["answer_id"]
    )

    def flag(rows: pd.DataFrame, is_known: Flags) -> Floats:
        return np.where(is_known, outcomes.index.isin(rows["answer_id"]), np.nan)

    return outcomes.assign(
        searched=outcomes["has_searched"].astype(float) if parties.is_search_known else np.nan,
        logs_citations=is_logged.astype(float),
        retrieved=flag(own, is_logged),
        has_retrieved=flag(retrieved, is_logged),
        cited=flag(own[own["kind"] == "cited"], is_logged),
        third_party=third_party if parties.competitor_sites else np.nan,
        tracked=flag(citations[citations["site"].isin(first_party)], is_logged),
        mentioned=flag(mentions[is_own_name], has_words & bool(parties.own_brand)),
        rival_mentioned=flag(mentions[~is_own_name], has_words),
    ).reset_index()


def outcome_rates(outcomes: pd.DataFrame, by: "pd.Series[str] | None" = None) -> pd.DataFrame:
    """Return the mean of each outcome by query, with n_answers and n_with_citations.

    `n_with_citations` counts the answers of engines whose citations are logged. With `by` (index
    query_id), the means are by the groups that it names. Missing outcomes are left out of a mean.
    """
    keys = outcomes["query_id"] if by is None else outcomes["query_id"].map(by)
    grouped = outcomes.groupby(keys)
    rates = grouped[list(OUTCOMES)].mean()
    rates["n_answers"] = grouped.size()
    rates["n_with_citations"] = grouped["logs_citations"].sum()
    return rates
