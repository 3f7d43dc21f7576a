"""What the widgets share: layouts, and HTML from templates, in which every text is escaped."""

from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as ipw
from jinja2 import Environment

from coverage_kit.report.notebook import is_attended
from coverage_kit.report.templating import open_templates
from coverage_kit.report.texts import clean_text

# Layouts: a widget as wide as its box, and a row of widgets that wraps on a narrow screen. With a
# width of 100% a widget's margin would come on top, and its right edge would be cut off.
FULL = {"width": "auto"}
ROW = {"flex_flow": "row wrap", "width": "auto", "align_items": "flex-start"}


@cache
def _templates() -> Environment:
    return open_templates(Path(__file__).parent / "templates")


def render(template: str, **values: Any) -> str:
    """Return a template of the widgets filled with values, whose texts are escaped."""
    return _templates().get_template(template).render(**values)


def search_box(placeholder: str) -> Any:
    """Return a text field that reports each letter that is typed."""
    return ipw.Text(placeholder=placeholder, continuous_update=True, layout=FULL)


def matches(text: str, query: str) -> bool:
    """Return whether all words of the query are in the text; their case does not matter.

    >>> matches("Reword a heading /brakes", "BRAKE head"), matches("brakes", "tyre")
    (True, False)
    """
    folded = text.casefold()
    return all(word in folded for word in query.casefold().split())


def name_path(page_id: object) -> str:
    """Return the path of a page within its site; the home page has the site's name.

    >>> name_path("shop.example/a/b.html"), name_path("shop.example")
    ('a/b.html', 'shop.example')
    """
    site, _, path = clean_text(page_id).partition("/")
    return path or site


class Workbench(ipw.VBox):  # type: ignore[misc]  # ipywidgets is not typed
    """Widgets in a column, which are plain HTML where the notebook runs unattended.

    In an exported file, widgets would not work.
    """

    def plain(self) -> str:
        """Return the HTML that an unattended notebook shows."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return super()._repr_mimebundle_(**kwargs) if is_attended() else {"text/html": self.plain()}
