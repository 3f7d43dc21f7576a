"""Widgets of a notebook: gaps linked to the map, edits to tick, questions to check, and buttons.

Where a notebook runs unattended (papermill, nbconvert), the same content is shown as plain HTML.
"""

from coverage_kit.report.widgets.checks import QuestionChecker
from coverage_kit.report.widgets.edits import (
    EditChoice,
    choose_edits,
    show_edit,
)
from coverage_kit.report.widgets.exports import ExportBar, export_buttons
from coverage_kit.report.widgets.gaps import GapExplorer, explore_gaps

__all__ = [
    "EditChoice",
    "ExportBar",
    "GapExplorer",
    "QuestionChecker",
    "choose_edits",
    "explore_gaps",
    "export_buttons",
    "show_edit",
]
