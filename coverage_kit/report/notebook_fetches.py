"""What assistants fetched, in a notebook: nothing where no access log was read."""

from coverage_kit.analysis import Analysis
from coverage_kit.report.fetch_joined import describe_start, summarize_fetches
from coverage_kit.report.notebook import show_lines


def show_fetches(analysis: Analysis) -> None:
    """Show in sentences what the access logs hold, and from when answers count as after a change.

    It shows nothing where the run read no access log.
    """
    summary = summarize_fetches(analysis)
    if summary:
        show_lines(summary, *describe_start(analysis))
