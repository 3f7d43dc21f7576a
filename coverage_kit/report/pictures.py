"""Pictures of a run's figures for slides and documents, as PNG and SVG.

Plotly's own script draws them in a browser.
"""

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

# The formats that a picture can have. Without a choice, both are written.
FORMATS = ("png", "svg")
# Pixels: the labels of the map need this width, and text stays readable on a slide. Assumed.
_WIDTH = 1100
# A PNG has this many pixels for each pixel of the figure, so that it is sharp on a slide. Assumed.
_SCALE = 2
# Figures are transparent with grey text; on a slide they need a white ground and dark text.
_PAPER = {
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "font": {"color": "#20262e"},
}
# Plotly names elements of an SVG at random; a fixed sequence makes the same figure the same bytes.
_FIXED_RANDOM = (
    "let seed = 1; Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;"
)
# Nobody listens at this address, so the browser gets nothing from a network.
_NO_PROXY = "127.0.0.1:9"


class Pictures(NamedTuple):
    """The files that were written, and the figures that have nothing to show: name -> reason."""

    files: tuple[Path, ...]
    left_out: dict[str, str]


def save_pictures(
    analysis: Analysis,
    folder: str | Path,
    formats: Sequence[str] = FORMATS,
    names: Sequence[str] = (),
) -> Pictures:
    """Write the figures of a run as pictures with title and subtitle on a white ground.

    Return the files that were written. A PNG is 2,200 pixels wide. The same run and the same
    browser give the same bytes. Text stays text: none of it becomes an element of the SVG, and the
    browser reaches no network.

    Args:
        analysis: the run.
        folder: the folder of NAME.png and NAME.svg; it is made if it is missing.
        formats: png, svg or both.
        names: the figures to draw, as `report.figures.FIGURES` names them; without names, all that
            have something to show.

    Raises PictureError for an unknown name or format, and where the library kaleido (extra
    `pictures`) or a browser is missing or fails; RunError where a file cannot be written. Nothing
    is written unless all pictures were drawn.
    """
    _check("format", formats, FORMATS)
    _check("figure", names, tuple(figures.FIGURES))
    drawn = {name: figures.FIGURES[name](analysis) for name in names or figures.FIGURES}
    left_out = {name: _note_of(figure) for name, figure in drawn.items() if not figure.data}
    full = {name: figure for name, figure in drawn.items() if figure.data}
    files = []
    for name, picture_format, content in _draw(full, formats):
        path = Path(folder) / f"{name}.{picture_format}"
        write_file(path, content)
        files.append(path)
    return Pictures(tuple(files), left_out)


def _check(noun: str, names: Sequence[str], allowed: Sequence[str]) -> None:
    """Raise PictureError for the first name that is not allowed."""
    if unknown := [name for name in names if name not in allowed]:
        raise PictureError(
            "pictures",
            f"a known {noun}",
            unknown[0],
            f"Use one of {', '.join(allowed)}.",
        )


def _note_of(figure: figures.Figure) -> str:
    return html.unescape(figure.layout.annotations[0].text.replace("<br>", " "))


def _draw(
    drawn: dict[str, figures.Figure], formats: Sequence[str]
) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, format and content of each picture, once all of them are drawn."""
    pictures = [(name, picture_format) for name in drawn for picture_format in formats]
    if not pictures:
        return
    with tempfile.TemporaryDirectory() as folder:
        size = {"width": _WIDTH, "scale": _SCALE}
        papers = {
            name: figures.Figure(figure).update_layout(_PAPER) for name, figure in drawn.items()
        }
        jobs = [
            {
                "fig": papers[name],
                "path": Path(folder) / f"{name}.{picture_format}",
                "opts": size,
            }
            for name, picture_format in pictures
        ]
        script = Path(folder) / "fixed_random.js"
        script.write_text(_FIXED_RANDOM, encoding="utf-8")
        _run_browser(jobs, script)
        yield from [
            (name, picture_format, job["path"].read_bytes())
            for (name, picture_format), job in zip(pictures, jobs, strict=True)
        ]


def _run_browser(jobs: list[dict[str, Any]], script: Path) -> None:
    """Draw all jobs in one browser, which runs this script and that of plotly."""
    install = "Install it: pip install 'coverage_kit[pictures]'"
    try:
        import kaleido  # noqa: PLC0415 (an extra)
        from choreographer.errors import ChromeNotFoundError  # noqa: PLC0415
    except ImportError:
        raise PictureError("pictures", "the library kaleido", "none", f"{install}.") from None
    page = kaleido.PageGenerator(mathjax=False, others=[script.as_uri()])
    options = {"page_generator": page, "proxy_server": _NO_PROXY}
    try:
        kaleido.write_fig_from_object_sync(jobs, kopts=options, cancel_on_error=True)
    except ChromeNotFoundError:
        browser = os.environ.get("BROWSER_PATH") or "none on the PATH"
        cure = "Install one (Debian: apt install chromium), or name its program in BROWSER_PATH."
        raise PictureError(
            "pictures",
            "Chromium or Chrome, which draws the pictures",
            browser,
            cure,
        ) from None
    # The errors of a browser have no common class.
    except Exception as error:
        cure = (
            "Check that the browser starts (chromium --headless --version), or name another one in "
            "BROWSER_PATH."
        )
        raise PictureError(
            "pictures",
            "a browser that draws",
            f"{type(error).__name__}: {error}"[:300],
            cure,
        ) from None
