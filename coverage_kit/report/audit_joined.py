"""The audit, the claims about the brand and the judges joined for a reader: titles and links instead of ids."""

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.wording import describe_series

PILLARS = ("relevance", "authority", "clarity", "freshness")
WEIGHTS = ("strong", "moderate", "weak")


def describe_checks(analysis: Analysis) -> pd.DataFrame:
    """Return one row a check, by pillar, what research holds for strong first."""
    frame = analysis.checks.assign(
        pillar_rank=analysis.checks["pillar"].map(
            dict(zip(PILLARS, range(len(PILLARS)), strict=True))
        ),
        weight_rank=analysis.checks["weight"].map(
            dict(zip(WEIGHTS, range(len(WEIGHTS)), strict=True))
        ),
    )
    return frame.sort_values(["pillar_rank", "weight_rank", "check"], kind="stable").reset_index(
        drop=True
    )


def describe_findings(analysis: Analysis) -> pd.DataFrame:
    """Return one row a finding: the strongest checks first, then the pages nearest to most demand, each page together.

    With the page's URL and title, the demand nearest to the page, the check's title, weight and
    what it shows on this log.
    """
    named = {"title": "check_title", "reading": "check_reading"}
    checks = analysis.checks[["check", "title", "weight", "reading"]].rename(columns=named)
    pages = analysis.pages[["page_id", "url", "title"]].drop_duplicates("page_id")
    frame = analysis.findings.merge(checks, on="check", how="left").merge(
        pages, on="page_id", how="left"
    )
    frame = frame.assign(
        page_demand=frame["page_id"].map(_demand_of_pages(analysis)).fillna(0.0),
        weight_rank=frame["weight"].map(dict(zip(WEIGHTS, range(len(WEIGHTS)), strict=True))),
    )
    order = ["weight_rank", "page_demand", "page_id", "finding_id"]
    return frame.sort_values(order, ascending=[True, False, True, True], kind="stable").reset_index(
        drop=True
    )


def _demand_of_pages(analysis: Analysis) -> "pd.Series[float]":
    page_of = analysis.passages.set_index("passage_id")["page_id"]
    asked = analysis.queries.merge(analysis.coverage, on="query_id")
    return asked["demand"].groupby(asked["own_passage_id"].map(page_of)).sum()


def describe_wrong_claims(analysis: Analysis) -> pd.DataFrame:
    """Return the wrong claims about the brand, one row a sentence: contradicted first, then by how many answers make it.

    With the engines that make it, when first and last, and the own page and words that it was held
    against.
    """
    wrong = analysis.brand_claims[
        analysis.brand_claims["verdict"].isin(["contradicted", "unsupported"])
    ]
    series = [
        describe_series(one, two)
        for one, two in zip(wrong["engine"], wrong["surface"], strict=True)
    ]
    wrong = wrong.assign(series=pd.Series(series, index=wrong.index, dtype="str"))
    grouped = wrong.groupby(["verdict", "text"], sort=False)
    first = grouped[["passage_id", "own_words", "reason", "judge"]].first()
    counted = grouped.agg(
        n_answers=("answer_id", "nunique"),
        engines=("series", lambda names: ", ".join(sorted(set(names)))),
        first_at=("asked_at", "min"),
        last_at=("asked_at", "max"),
    )
    frame = counted.join(first).reset_index()
    places = analysis.passages.merge(
        analysis.pages[["page_id", "url"]], on="page_id", how="left"
    ).set_index("passage_id")
    frame = frame.join(places[["page_id", "url", "heading_path"]], on="passage_id")
    return frame.sort_values(
        ["verdict", "n_answers", "text"],
        ascending=[True, False, True],
        kind="stable",
    ).reset_index(drop=True)


def describe_claim_rates(analysis: Analysis) -> pd.DataFrame:
    """Return the rates of wrong claims by engine and part, contradicted first, with `series`."""
    frame = analysis.claim_rates
    series = [
        describe_series(one, two)
        for one, two in zip(frame["engine"], frame["surface"], strict=True)
    ]
    frame = frame.assign(series=pd.Series(series, index=frame.index, dtype="str"))
    return frame.sort_values(
        ["verdict", "series", "split_by", "segment"], kind="stable"
    ).reset_index(drop=True)
