"""Why a gap is a gap, in sentences: what is nearest on your site, and who answers instead."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.report.wording import count
from coverage_kit.tables.logged import logs_citations
from coverage_kit.vocabulary import LISTING_OF_CAUSE, TO_CLOSE

# Sites that are named as those that answer instead. Assumed: more do not fit in a sentence.
_MAX_SITES = 3
_MAX_NAME = 80


def describe_nearest(row: dict[Any, Any]) -> str:
    """Return what your site has that is nearest to a gap's questions, in a sentence or two.

    Args:
        row: a row of `describe_gaps`, with cause, listing and the columns of your nearest passage.
    """
    if is_missing(row["own_heading"]):
        return "No passage of your site is near."
    heading = shorten(str(row["own_heading"]).split(" > ")[-1], _MAX_NAME)
    page = shorten(row["own_title"], _MAX_NAME) or shorten(row["own_page_id"], _MAX_NAME)
    where = f"“{heading}” on “{page}”" if heading != page else f"the page “{page}”"
    if row["cause"] == "mis-worded":
        return f"Your site says it, but not in the words of those who ask: see {where}."
    if row["cause"] == "out of scope" or LISTING_OF_CAUSE.get(str(row["cause"])) == TO_CLOSE:
        is_likely = row["likelihood"] == "likely"
        verdict = "No passage of your site answers." if is_likely else "Your site may not answer."
        return f"{verdict} The nearest passage is {where}."
    return f"Your site answers, nearest in {where}."


def with_rivals(frame: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """Return the gaps with `instead`, a sentence on who answers instead, and `rival`, a short form.

    `rival` is empty where no other site is cited.

    Args:
        frame: a row a gap, with cluster_id and the columns of the best passage of another site.
        analysis: the run, of which answers and citations are counted.
    """
    answers = analysis.answers[["answer_id", "query_id"]].assign(
        is_logged=logs_citations(analysis.answers, analysis.citations)
    )
    answers = answers.merge(analysis.clusters[["query_id", "cluster_id"]], on="query_id")
    cited = analysis.citations[analysis.citations["kind"] == "cited"]
    cited = cited[["answer_id", "site"]].drop_duplicates().merge(answers, on="answer_id")
    n_answers = answers["cluster_id"].value_counts()
    n_logged = answers.loc[answers["is_logged"], "cluster_id"].value_counts()
    sites = {str(name): rows["site"].value_counts() for name, rows in cited.groupby("cluster_id")}
    nobody = pd.Series(dtype="int64")
    own = analysis.about.own_site
    texts = [
        _describe_rivals(
            row,
            int(n_answers.get(row["cluster_id"], 0)),
            int(n_logged.get(row["cluster_id"], 0)),
            sites.get(str(row["cluster_id"]), nobody),
            own,
        )
        for row in frame.to_dict("records")
    ]
    return frame.assign(
        instead=pd.Series([text for text, _ in texts], index=frame.index, dtype="str"),
        rival=pd.Series([rival for _, rival in texts], index=frame.index, dtype="str"),
    )


def _describe_rivals(
    row: dict[Any, Any], n_answers: int, n_logged: int, sites: "pd.Series[int]", own: str
) -> tuple[str, str]:
    """Return who answers instead in a sentence, and the first of them in a few words."""
    if not n_logged:
        reason = (
            "The log does not say which sites these answers cite."
            if n_answers
            else "The log holds no answers to these questions."
        )
        return f"{reason} {_describe_elsewhere(row)}".strip(), ""
    others = sites[sites.index != own]
    if others.empty:
        return f"No other site is cited in the {count(n_logged, 'answer')} to these questions.", ""
    # Sites of one count are in the order of names, so that the sentence is always the same.
    ranked = sorted(others.items(), key=lambda pair: (-pair[1], str(pair[0])))[:_MAX_SITES]
    of = f"of {count(n_logged, 'answer')}"
    first, n_first = shorten(ranked[0][0], _MAX_NAME), int(ranked[0][1])
    further = [f"{shorten(site, _MAX_NAME)} in {n:,}" for site, n in ranked[1:]]
    listed = f"{first} is cited in {n_first:,} {of}{''.join(f', {part}' for part in further)}"
    n_own = int(sites.get(own, 0))
    yours = f"Your site is cited in {n_own:,}." if n_own else "Your site is not cited."
    return f"{listed}. {yours}", f"{first} is cited in {n_first:,} {of}"


def _describe_elsewhere(row: dict[Any, Any]) -> str:
    if is_missing(row["other_heading"]):
        return ""
    heading = shorten(str(row["other_heading"]).split(" > ")[-1], _MAX_NAME)
    return f"Of the other sites, {shorten(row['other_site'], _MAX_NAME)} is nearest: “{heading}”."
