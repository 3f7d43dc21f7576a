"""Searches for which an engine reports to have cited your site, beside what your site says of them.

Such a report is Bing's AI Performance. It holds no gaps, and a search that is missing proves
nothing.
"""

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import describe_queries

# From this share of a search's citations on, your site is cited often (assumed).
_OFTEN = 0.2
# From this coverage on, your site is taken to answer a search (assumed: more likely than not).
_ANSWERED = 0.5

OFTEN = "cited often"
OTHERS_PREFERRED = "your site answers it, other sites are cited more"
HARDLY_ANSWERED = "cited, though hardly any page answers it: a better answer would win more"
UNKNOWN_SHARE = "the report has no share"
# What a reader must know of the report.
NOTE = (
    "A search is what the engine made of a person's question. The report is a sample of the "
    "searches for which your site was cited: a search that is missing proves nothing, and gaps are "
    "not among them. Times asked by the report are its citations of your site divided by your "
    "citation share. They count all users of the engine, so they are not added to your log's."
)


def describe_reported(analysis: Analysis) -> pd.DataFrame:
    """Return one row a reported search, the most asked first.

    With `times_cited`, `citation_share` (0 to 1), `implied_demand`, `logged_demand` (times asked in
    the log; missing where the log does not ask it), coverage, the passage of your site that is
    nearest (`own_…`), gap (`label`, `cluster_id`), and `reading`: what share and coverage together
    say.
    """
    columns = analysis.queries[["query_id", "times_cited", "implied_demand"]]
    frame = describe_queries(analysis).merge(columns, on="query_id")
    frame = frame[frame["times_cited"].fillna(0) > 0]
    share = frame["times_cited"] / frame["implied_demand"]
    frame = frame.assign(
        citation_share=share,
        logged_demand=frame["demand"].where(frame["demand"] > 0),
    )
    reading = pd.Series(HARDLY_ANSWERED, index=frame.index, dtype="str")
    reading = reading.mask(frame["coverage"] >= _ANSWERED, OTHERS_PREFERRED)
    reading = reading.mask(share >= _OFTEN, OFTEN).mask(share.isna(), UNKNOWN_SHARE)
    frame = frame.assign(reading=reading)
    order = ["implied_demand", "times_cited", "query_id"]
    return frame.sort_values(
        order, ascending=[False, False, True], kind="stable", ignore_index=True
    )
