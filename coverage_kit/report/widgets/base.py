"""What the widgets share: HTML from templates, in which every text is escaped, and layouts."""

from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as ipw
from jinja2 import Environment

from coverage_kit.report.notebook import is_attended
from coverage_kit.report.templating import open_templates

FULL = {"width": "100%"}
ROW = {"flex_flow": "row wrap", "width": "100%", "align_items": "flex-start"}


@cache
def _templates() -> Environment:
    return open_templates(Path(__file__).parent / "templates")


def render(template: str, **values: Any) -> str:
    """Return a template of the notebooks filled in; texts are escaped."""
    return _templates().get_template(template).render(**values)


def search_box(placeholder: str) -> Any:
    """Return a line to type in, which tells each letter."""
    return ipw.Text(placeholder=placeholder, continuous_update=True, layout=FULL)


def matches(text: str, wanted: str) -> bool:
    """Return whether all words of what is wanted stand in the text, whatever their case.

    >>> matches("Reword a heading /brakes", "BRAKE head"), matches("brakes", "tyre")
    (True, False)
    """
    folded = text.casefold()
    return all(word in folded for word in wanted.casefold().split())


class Workbench(ipw.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """Widgets in a column that are plain HTML where nobody sits at the notebook: an exported file could not keep them alive."""

    def plain(self) -> str:
        """Return what is shown instead, as HTML."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return super()._repr_mimebundle_(**kwargs) if is_attended() else {"text/html": self.plain()}
