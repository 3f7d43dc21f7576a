"""Pictures of a run's figures for slides and documents: PNG and SVG, drawn by plotly's own script in a browser."""

import html
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from coverage_kit.analysis import Analysis
from coverage_kit.errors import PictureError
from coverage_kit.report import figures
from coverage_kit.storage.files import write_file

FORMATS = ("png", "svg")
# the labels of the map need that width; text is still read on a slide
_WIDTH = 1100
_SCALE = 2
_PAPER = {
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "font": {"color": "#20262e"},
}
# plotly names the parts of an SVG at random
_STEADY = "let seed = 1; Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;"
_NO_PROXY = (
    "127.0.0.1:9"  # nobody listens there: whatever a page might ask of the network, it does not get
)


class Pictures(NamedTuple):
    """The files that were written, and the figures that have nothing to show: name -> why."""

    files: tuple[Path, ...]
    left_out: dict[str, str]


def save_pictures(
    analysis: Analysis,
    folder: str | Path,
    formats: Sequence[str] = FORMATS,
    names: Sequence[str] = (),
) -> Pictures:
    """Write the figures of a run as pictures on white ground, with title and subtitle, and return what was written.

    A PNG is 2,200 pixels wide. The same run and the same browser give the same bytes. Text stays
    text: none of it becomes an element of the SVG, and the browser reaches no network.

    Args:
        analysis: the run.
        folder: where to write NAME.png and NAME.svg; made if it is missing.
        formats: png, svg or both.
        names: the figures to draw, as `report.figures.FIGURES` names them; none: all that have
            something to show.

    Raises PictureError for an unknown name or format, and where the library kaleido (extra
    `pictures`) or a browser is missing or fails; RunError where a file cannot be written. Nothing
    is written unless all pictures were drawn.
    """
    _check("format", formats, FORMATS)
    _check("figure", names, tuple(figures.FIGURES))
    drawn = {name: figures.FIGURES[name](analysis) for name in names or figures.FIGURES}
    left_out = {name: _note_of(one) for name, one in drawn.items() if not one.data}
    files = []
    for name, kind, content in _draw(
        {name: one for name, one in drawn.items() if one.data}, formats
    ):
        files.append(Path(folder) / f"{name}.{kind}")
        write_file(files[-1], content)
    return Pictures(tuple(files), left_out)


def _check(kind: str, given: Sequence[str], known: Sequence[str]) -> None:
    if unknown := [one for one in given if one not in known]:
        raise PictureError(
            "pictures",
            f"a known {kind}",
            unknown[0],
            f"Known are {', '.join(known)}.",
        )


def _note_of(figure: figures.Figure) -> str:
    return html.unescape(figure.layout.annotations[0].text.replace("<br>", " "))


def _draw(
    drawn: dict[str, figures.Figure], formats: Sequence[str]
) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, format and content of each picture, once all of them are drawn."""
    places = [(name, kind) for name in drawn for kind in formats]
    if not places:
        return
    with tempfile.TemporaryDirectory() as folder:
        size = {"width": _WIDTH, "scale": _SCALE}
        papers = {
            name: figures.Figure(figure).update_layout(_PAPER) for name, figure in drawn.items()
        }
        jobs = [
            {
                "fig": papers[name],
                "path": Path(folder) / f"{name}.{kind}",
                "opts": size,
            }
            for name, kind in places
        ]
        (Path(folder) / "steady.js").write_text(_STEADY, encoding="utf-8")
        _run_browser(jobs, Path(folder) / "steady.js")
        yield from [
            (*place, job["path"].read_bytes()) for place, job in zip(places, jobs, strict=True)
        ]


def _run_browser(jobs: list[dict[str, Any]], script: Path) -> None:
    """Draw all jobs in one browser, with the script beside plotly's own, which comes with plotly."""
    install = "Install it: pip install 'coverage_kit[pictures]'"
    try:
        import kaleido
        from choreographer.errors import ChromeNotFoundError
    except ImportError:
        raise PictureError("pictures", "the library kaleido", "none", f"{install}.") from None
    page = kaleido.PageGenerator(mathjax=False, others=[script.as_uri()])
    options = {"page_generator": page, "proxy_server": _NO_PROXY}
    try:
        kaleido.write_fig_from_object_sync(jobs, kopts=options, cancel_on_error=True)
    except ChromeNotFoundError:
        found = os.environ.get("BROWSER_PATH") or "none on the PATH"
        cure = "Install one (Debian: apt install chromium), or name its program in BROWSER_PATH."
        raise PictureError(
            "pictures",
            "Chromium or Chrome, which draws the pictures",
            found,
            cure,
        ) from None
    except Exception as error:  # the browser's own troubles have no common kind
        cure = "See whether the browser starts by itself (chromium --headless --version), or name another in BROWSER_PATH."
        raise PictureError(
            "pictures",
            "a browser that draws",
            f"{type(error).__name__}: {error}"[:300],
            cure,
        ) from None
