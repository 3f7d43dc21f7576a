"""What assistants fetched, in a notebook: nothing where no access log was read."""

from coverage_kit.analysis import Analysis
from coverage_kit.report.fetch_joined import describe_start, summarize_fetches
from coverage_kit.report.notebook import show_lines, show_table


def show_fetches(analysis: Analysis) -> None:
    """Show what the access logs hold: who fetched, what the changed pages gained, what is absent.

    It shows nothing where the run read no access log.
    """
    summary = summarize_fetches(analysis)
    if not summary:
        return
    show_lines(summary, *describe_start(analysis))
    effects = analysis.page_effects
    if len(effects):
        show_table(effects, ["measure", "assistant", "before", "after", "verdict", "reading"])
    absent = analysis.absent_pages
    if len(absent):
        show_lines("Asked for by somebody who waited, and not there:")
        show_table(absent, ["page_id", "n_fetches", "assistants", "what_to_do"])
