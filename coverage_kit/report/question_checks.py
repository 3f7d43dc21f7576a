"""Checked questions for readers: the passages beside each question, and what was chosen."""

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import describe_passages
from coverage_kit.report.texts import clean_text, shorten
from coverage_kit.tables import QuestionChecks
from coverage_kit.vocabulary import CHOICES, PERSON

# Nearest own passages beside each question: more are rarely read (assumed).
N_PASSAGES = 3


def list_nearest(
    analysis: Analysis, query_ids: "pd.Series[str]", n: int = N_PASSAGES
) -> pd.DataFrame:
    """Return the nearest own passages of these queries: query_id, rank (1 to n), text, url.

    The text starts with the titles above the passage. Links are of the passage's page.
    """
    own = analysis.matches[analysis.matches["site"] == analysis.about.own_site]
    own = own[(own["rank"] <= n) & own["query_id"].isin(query_ids)][
        ["query_id", "passage_id", "rank"]
    ]
    frame = own.join(describe_passages(analysis)[["url", "heading", "text"]], on="passage_id")
    headings = frame["heading"].map(clean_text)
    texts = frame["text"].map(clean_text)
    frame["text"] = headings.where(headings == "", headings + ": ") + texts
    return frame[["query_id", "rank", "text", "url"]].reset_index(drop=True)


def spread_nearest(nearest: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Return one row a query, by query_id, with columns such as 'passage 1' and 'link 1'.

    Texts over the limit of characters are cut at a word's end; what is missing is empty text.
    """
    wide = pd.DataFrame(index=nearest["query_id"].drop_duplicates())
    for rank, rows in nearest.groupby("rank"):
        rows = rows.drop_duplicates("query_id").set_index("query_id")  # noqa: PLW2901
        wide[f"passage {rank}"] = rows["text"].map(lambda text: shorten(text, limit))
        wide[f"link {rank}"] = rows["url"].map(clean_text)
    return wide.fillna("")


def describe_checks(checks: QuestionChecks) -> list[str]:
    """Return a line for each checker: how many questions were checked, with which choices.

    Only people's choices set the level of coverage; a model's line says so.

    >>> from coverage_kit.tables import QUESTION_CHECKS
    >>> row = {"query_id": "q1", "text": "?", "checked_by": "person", "choice": "partly"}
    >>> row |= {"stratum": "", "probability": 1.0, "draw": 1}
    >>> describe_checks(QUESTION_CHECKS.table([row]))
    ['1 question checked: 0 answered, 1 partly, 0 not answered, 0 not our subject (draw 1).']
    """
    lines = []
    # People first, then models by name.
    for checker in sorted(checks["checked_by"].unique(), key=lambda name: (name != PERSON, name)):
        rows = checks[checks["checked_by"] == checker]
        n_checked = int(rows["choice"].notna().sum())
        counts = rows["choice"].value_counts()
        chosen = ", ".join(f"{int(counts.get(choice, 0)):,} {choice}" for choice in CHOICES)
        n_text = f"{len(rows):,}" if n_checked == len(rows) else f"{n_checked:,} of {len(rows):,}"
        noun = "question" if len(rows) == 1 else "questions"
        by = "" if checker == PERSON else f" by {clean_text(checker)}"
        draws = sorted(rows["draw"].unique())
        drawn = f"draw{'' if len(draws) == 1 else 's'} {', '.join(map(str, draws))}"
        what = f": {chosen}" if n_checked else ""
        use = "" if checker == PERSON else "; not used for the level"
        lines.append(f"{n_text} {noun} checked{by}{what} ({drawn}){use}.")
    return lines
