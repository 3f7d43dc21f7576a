"""The figures of an analysis, for notebooks and for the page. The only package that knows plotly.

Importing it in a notebook makes plotly safe: its "Share chart" button would upload a figure's data: customers' queries.
"""

from coverage_kit.report.figures.audit import checks_figure, claims_figure
from coverage_kit.report.figures.base import (
    CONFIG,
    TEMPLATE,
    Figure,
    embed_figure,
    plotly_script,
    save_figure,
    set_up_safely,
)
from coverage_kit.report.figures.demand import associations_figure, referrals_figure
from coverage_kit.report.figures.gaps import frontier_figure, gaps_figure, map_figure, sites_figure
from coverage_kit.report.figures.visibility import (
    change_figure,
    holders_figure,
    share_of_voice_figure,
    visibility_over_time_figure,
)

__all__ = [
    "CONFIG",
    "TEMPLATE",
    "Figure",
    "associations_figure",
    "change_figure",
    "checks_figure",
    "claims_figure",
    "embed_figure",
    "frontier_figure",
    "gaps_figure",
    "holders_figure",
    "map_figure",
    "plotly_script",
    "referrals_figure",
    "save_figure",
    "set_up_safely",
    "share_of_voice_figure",
    "sites_figure",
    "visibility_over_time_figure",
]
