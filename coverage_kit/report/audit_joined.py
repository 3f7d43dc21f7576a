"""The tables of the audit and of claims about the brand joined for a reader.

They hold titles and links instead of ids.
"""

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.engine_names import with_engine_names
from coverage_kit.report.joined import describe_passages
from coverage_kit.vocabulary import WRONG_VERDICTS

# The order in which the pillars and the weights of checks are listed.
PILLARS = ("relevance", "authority", "clarity", "freshness")
WEIGHTS = ("strong", "moderate", "weak")


def describe_checks(analysis: Analysis) -> pd.DataFrame:
    """Return one row a check, by pillar, the strongest cause by research first."""
    frame = analysis.checks.assign(
        pillar_rank=analysis.checks["pillar"].map(_ranks(PILLARS)),
        weight_rank=analysis.checks["weight"].map(_ranks(WEIGHTS)),
    )
    return frame.sort_values(["pillar_rank", "weight_rank", "check"], kind="stable").reset_index(
        drop=True
    )


def describe_findings(analysis: Analysis) -> pd.DataFrame:
    """Return one row a finding: the strongest checks first, then the pages with most demand.

    With the page's URL and title, the demand nearest to the page, and the check's title, weight and
    what it shows on this log.
    """
    names = {"title": "check_title", "reading": "check_reading"}
    checks = analysis.checks[["check", "title", "weight", "reading"]].rename(columns=names)
    pages = analysis.pages[["page_id", "url", "title"]].drop_duplicates("page_id")
    frame = analysis.findings.merge(checks, on="check", how="left").merge(
        pages, on="page_id", how="left"
    )
    # A page that is nearest to no query has no demand.
    frame = frame.assign(
        page_demand=frame["page_id"].map(_demand_of_pages(analysis)).fillna(0.0),
        weight_rank=frame["weight"].map(_ranks(WEIGHTS)),
    )
    order = ["weight_rank", "page_demand", "page_id", "finding_id"]
    return frame.sort_values(order, ascending=[True, False, True, True], kind="stable").reset_index(
        drop=True
    )


def _demand_of_pages(analysis: Analysis) -> "pd.Series[float]":
    """Return for each page the demand of the queries whose nearest passage of the site is on it."""
    page_of = analysis.passages.set_index("passage_id")["page_id"]
    queries = analysis.queries.merge(analysis.coverage, on="query_id")
    return queries["demand"].groupby(queries["own_passage_id"].map(page_of)).sum()


def describe_wrong_claims(analysis: Analysis) -> pd.DataFrame:
    """Return the wrong claims about the brand, one row a sentence.

    Contradicted claims come first; of each verdict, those in answers to the most asked questions,
    then those that most engines make, then most answers. With `asked`, how often these questions
    are asked, the engines that make the claim, when they made it first and last, one answer that
    makes it (`answer_id`), and the site's page and words that it was compared with.
    """
    claims = analysis.brand_claims
    wrong = with_engine_names(claims[claims["verdict"].isin(WRONG_VERDICTS)], analysis.answers)
    # Claims with the same words are one row, whichever answers make them.
    grouped = wrong.groupby(["verdict", "text"], sort=False)
    columns = ["answer_id", "query_id", "passage_id", "own_words", "reason", "judge"]
    first = grouped[columns].first()
    counts = grouped.agg(
        n_answers=("answer_id", "nunique"),
        engines=("series", lambda names: ", ".join(sorted(set(names)))),
        first_at=("asked_at", "min"),
        last_at=("asked_at", "max"),
    )
    questions = wrong.drop_duplicates(["verdict", "text", "query_id"])
    demand = questions["query_id"].map(analysis.queries.set_index("query_id")["demand"])
    asked = demand.groupby([questions["verdict"], questions["text"]]).sum()
    frame = counts.join(first).join(asked.rename("asked")).reset_index()
    names = {"text": "passage_text", "heading": "heading_path"}
    passages = describe_passages(analysis)[["page_id", "url", "heading", "text"]]
    frame = frame.join(passages.rename(columns=names), on="passage_id")
    # "contradicted" comes before "unsupported" because it is first in the alphabet.
    return (
        frame.assign(n_engines=frame["engines"].str.count(",") + 1)
        .sort_values(
            ["verdict", "asked", "n_engines", "n_answers", "text"],
            ascending=[True, False, False, False, True],
            kind="stable",
        )
        .drop(columns="n_engines")
        .reset_index(drop=True)
    )


def describe_claim_rates(analysis: Analysis) -> pd.DataFrame:
    """Return the rates of wrong claims by engine and segment, contradicted first, with `series`."""
    frame = with_engine_names(analysis.claim_rates, analysis.answers)
    return frame.sort_values(
        ["verdict", "series", "split_by", "segment"], kind="stable"
    ).reset_index(drop=True)


def _ranks(names: tuple[str, ...]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names)}
