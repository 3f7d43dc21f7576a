"""What is read of pages: our reader, trafilatura alone, and readability-lxml.

Two sets: 181 articles whose text people marked (article_extraction), and pages written by hand,
with their text and headings (extraction_pages.py). A figure is the mean over the pages of
precision, recall and F1: of single words, of runs of four words, and of headings.

The first half of the articles, in the order of their names, was looked at while the reader was
written; the second half was only measured.
"""

import gzip
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import trafilatura

from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.extract import extract_page
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.structured import parse_html
from coverage_kit.text.page_elements import heading_level, own_text
from studies.extraction_pages import PAGES

_WORD = re.compile(r"\w+")
# Marks of Markdown at the start of a line, and the anchor at the end of a heading.
_MARKS = re.compile(r"^\s*(?:#{1,6}\s|[-*+]\s|\d{1,9}[.)]\s|`{3,}.*$|\\)|\s\{#[^\s{}]+\}$")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)(?:\s\{#[^\s{}]+\})?$")
_GRAM = 4
# A date or a section's name may come before the headline (assumed).
_MAX_WORDS_BEFORE_HEADLINE = 20


class Reading(NamedTuple):
    """What a reader reads of a page: its words and its headings."""

    text: str
    headings: tuple[str, ...]


class Truth(NamedTuple):
    """What is right for a page; headings are None where nobody marked them."""

    html: bytes
    text: str
    headings: tuple[str, ...] | None


Reader = Callable[[bytes], Reading]


def run_extraction(folder: Path, json_path: Path | None) -> int:
    """Measure all readers on both sets, print the tables and write the figures as JSON."""
    # Both libraries log what is wrong with a page as an error.
    logging.disable(logging.ERROR)
    sets = read_truths(folder)
    figures = {
        name: {reader: measure(read, truths) for reader, read in READERS.items()}
        for name, truths in sets.items()
    }
    for name, readers in figures.items():
        print_readers(f"{name}, {len(sets[name])} pages", readers)
    if json_path:
        json_path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def read_truths(folder: Path) -> dict[str, list[Truth]]:
    """Return the sets by name: both halves of the articles, and the pages written by hand."""
    bodies = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    articles = [
        Truth(
            gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes()),
            bodies[name]["articleBody"],
            None,
        )
        for name in sorted(bodies)
    ]
    half = len(articles) // 2
    written = [Truth(page.html.encode(), page.text, page.headings) for page in PAGES]
    return {
        "articles, looked at": articles[:half],
        "articles, only measured": articles[half:],
        "written by hand": written,
    }


def measure(read: Reader, truths: Sequence[Truth]) -> dict[str, float]:
    """Return the mean precision, recall and F1 of words, of runs of four words, and of headings."""
    scores: dict[str, list[float]] = {}
    for truth in truths:
        reading = read(truth.html)
        # Those who marked the articles left out the headline.
        is_article = truth.headings is None
        text = _without_headline(reading) if is_article else reading.text
        counts = {
            "words": (_grams(text, 1), _grams(truth.text, 1)),
            "runs": (_grams(text, _GRAM), _grams(truth.text, _GRAM)),
        }
        if truth.headings is not None:
            counts["headings"] = (_lines(reading.headings), _lines(truth.headings))
        for unit, (read_units, true_units) in counts.items():
            for figure, value in _score(read_units, true_units).items():
                scores.setdefault(f"{unit}_{figure}", []).append(value)
    return {name: sum(values) / len(values) for name, values in scores.items()}


def read_ours(html: bytes) -> Reading:
    """Return what our reader reads."""
    page = try_page("a page", lambda: extract_page(html).text, lambda _: "")
    return _of_markdown(page)


def read_trafilatura(html: bytes, *, favor_recall: bool = False) -> Reading:
    """Return what trafilatura reads, as Markdown."""
    text = trafilatura.extract(
        decode_page(html),
        output_format="markdown",
        favor_recall=favor_recall,
        include_comments=False,
        include_tables=True,
    )
    return _of_markdown(text or "")


def read_readability(html: bytes) -> Reading:
    """Return what readability-lxml reads; it comes with the extra studies."""
    from readability import Document  # noqa: PLC0415 (only the study needs it)

    tree = parse_html(Document(decode_page(html)).summary())
    if tree is None:
        return Reading("", ())
    headings = [own_text(element) for element in tree.iter() if heading_level(element)]
    return Reading(own_text(tree), tuple(headings))


READERS: dict[str, Reader] = {
    "coverage_kit": read_ours,
    "trafilatura": read_trafilatura,
    "trafilatura, recall": lambda html: read_trafilatura(html, favor_recall=True),
    "readability-lxml": read_readability,
}


def print_readers(title: str, readers: dict[str, dict[str, float]]) -> None:
    """Print one line for each reader."""
    units = [
        unit for unit in ("words", "runs", "headings") if f"{unit}_f1" in readers["coverage_kit"]
    ]
    print(f"\n{title}: precision, recall and F1 of {', '.join(units)}")
    for reader, figures in readers.items():
        cells = [
            " ".join(
                f"{figures[f'{unit}_{figure}']:.3f}" for figure in ("precision", "recall", "f1")
            )
            for unit in units
        ]
        print(f"{reader:<20} {'   '.join(cells)}")


def _of_markdown(text: str) -> Reading:
    lines = text.split("\n")
    headings = (_HEADING.match(line) for line in lines)
    return Reading(
        "\n".join(_MARKS.sub("", line) for line in lines),
        tuple(heading[2] for heading in headings if heading is not None),
    )


def _without_headline(reading: Reading) -> str:
    headline = next(filter(str.strip, reading.headings), "")
    if not headline:
        return reading.text
    start, found, end = reading.text.partition(headline)
    is_first = bool(found) and len(start.split()) <= _MAX_WORDS_BEFORE_HEADLINE
    return f"{start}\n{end}" if is_first else reading.text


def _grams(text: str, length: int) -> Counter[Any]:
    words = _WORD.findall(text.lower())
    if length == 1:
        return Counter(words)
    return Counter(
        tuple(words[start : start + length]) for start in range(max(1, len(words) - length + 1))
    )


def _lines(headings: Sequence[str]) -> Counter[Any]:
    return Counter(" ".join(_WORD.findall(heading.lower())) for heading in headings)


def _score(read: Counter[Any], true: Counter[Any]) -> dict[str, float]:
    n_shared = (read & true).total()
    # A page without headings is right where none is read.
    precision = n_shared / read.total() if read else float(not true)
    recall = n_shared / true.total() if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}
