"""The figures of an analysis, for notebooks and for the page. Only this package uses plotly.

Importing it in a notebook makes plotly safe: its "Share chart" button would upload the data of a
figure, which are the queries of customers.
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
from coverage_kit.report.figures.demand import (
    associations_figure,
    referrals_figure,
)
from coverage_kit.report.figures.fetches import fetches_figure
from coverage_kit.report.figures.gaps import (
    frontier_figure,
    gaps_figure,
    map_figure,
    sites_figure,
)
from coverage_kit.report.figures.history import history_figure
from coverage_kit.report.figures.visibility import (
    change_figure,
    holders_figure,
    share_of_voice_figure,
    visibility_over_time_figure,
)

# By these names, `coverage-kit pictures --only` chooses figures.
FIGURES = {
    "gaps": gaps_figure,
    "map": map_figure,
    "sites": sites_figure,
    "frontier": frontier_figure,
    "voice": share_of_voice_figure,
    "weeks": visibility_over_time_figure,
    "holders": holders_figure,
    "change": change_figure,
    "referrals": referrals_figure,
    "fetches": fetches_figure,
    "associations": associations_figure,
    "checks": checks_figure,
    "claims": claims_figure,
    "history": history_figure,
}
"""Every figure by its short name; a figure with nothing to show has a note and no data."""

__all__ = [
    "CONFIG",
    "FIGURES",
    "TEMPLATE",
    "Figure",
    "associations_figure",
    "change_figure",
    "checks_figure",
    "claims_figure",
    "embed_figure",
    "fetches_figure",
    "frontier_figure",
    "gaps_figure",
    "history_figure",
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
