"""What a log holds of its answers; what it does not hold is missing, never 0."""

import pandas as pd

from coverage_kit.tables.collected import Answers, Citations


def logs_citations(answers: Answers, citations: Citations) -> "pd.Series[bool]":
    """Return for each answer whether the log holds citations of its engine and surface.

    An answer that cites nobody counts, if other answers of its engine cite or found a page. Of an
    engine without any, nothing is known.
    """
    has_pages = answers["answer_id"].isin(citations["answer_id"])
    keys = [answers["engine"], answers["surface"].fillna("")]
    return has_pages.groupby(keys).transform("max").astype(bool)
