"""A site and its pages as checks see them: sections, paragraphs, outlines, and the log."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple, TypeVar

import pandas as pd

from coverage_kit.tables import (
    ANSWERS,
    CITATIONS,
    CLUSTERS,
    COVERAGE,
    DISAGREEMENTS,
    GAPS,
    MENTIONS,
    QUERIES,
    STATEMENTS,
    Answers,
    Citations,
    Clusters,
    Coverage,
    Disagreements,
    Gaps,
    Mentions,
    Outlines,
    Pages,
    Passages,
    Queries,
    Statements,
)
from coverage_kit.text.language import ENGLISH_SHARE, english_share, split_words
from coverage_kit.text.page_markup import MARKDOWN
from coverage_kit.text.sections import Section, read_sections
from coverage_kit.text.sentences import split_sentences

# The start of a list item: "- Lid", "3. Rinse".
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
# With fewer words a page's declared language counts, not its words (assumed).
_MIN_WORDS = 25
# Characters of Japanese, Chinese and Thai, which are written without spaces between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]")

T = TypeVar("T")
Kind = Literal["text", "lead", "list", "table", "code"]


class Paragraph(NamedTuple):
    """A paragraph of a section: its kind and its words."""

    kind: Kind
    text: str


class PageSection(NamedTuple):
    """A section: its headings, its level and its paragraphs in order.

    The words before the first heading have level 0.
    """

    path: str
    heading: str
    level: int
    paragraphs: tuple[Paragraph, ...]

    @property
    def n_words(self) -> int:
        """The number of words of its paragraphs, code left out."""
        return sum(
            len(paragraph.text.split()) for paragraph in self.paragraphs if paragraph.kind != "code"
        )

    @property
    def sentences(self) -> list[str]:
        """The sentences of its running text."""
        return [
            sentence
            for paragraph in self.paragraphs
            if paragraph.kind == "text"
            for sentence in split_sentences(paragraph.text)
        ]


@dataclass(frozen=True)
class SiteTables:
    """What an audit reads: the tables of the site, and those of a log if there is one.

    Args:
        own_site: the site's name.
        pages: pages of the site, and of other sites, which are ignored.
        passages: their passages.
        outlines: what their markup holds (`outline_pages`).
        names: the brand's names.
        this_year: the year of the log's last question; 0 where it is not known, so that no year is
            stale.
        statements, disagreements: statements about the brand, and those that disagree.
        gaps, queries, coverage, clusters: the queries of the log, and how well the site covers
            them.
        answers, citations, mentions: the logged answers.
        holdout: query_ids of the queries that no remedy may use or quote, so that tests on them
            stay honest.
    """

    own_site: str
    pages: Pages
    passages: Passages
    outlines: Outlines
    names: tuple[str, ...] = ()
    this_year: int = 0
    statements: Statements = field(default_factory=STATEMENTS.empty)
    disagreements: Disagreements = field(default_factory=DISAGREEMENTS.empty)
    gaps: Gaps = field(default_factory=GAPS.empty)
    queries: Queries = field(default_factory=QUERIES.empty)
    coverage: Coverage = field(default_factory=COVERAGE.empty)
    clusters: Clusters = field(default_factory=CLUSTERS.empty)
    answers: Answers = field(default_factory=ANSWERS.empty)
    citations: Citations = field(default_factory=CITATIONS.empty)
    mentions: Mentions = field(default_factory=MENTIONS.empty)
    holdout: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PageView:
    """A page as checks see it."""

    page_id: str
    url: str
    status: str
    title: str
    language: str
    text: str
    has_source: bool
    is_markdown: bool
    outline: pd.DataFrame
    passages: pd.DataFrame

    @cached_property
    def sections(self) -> tuple[PageSection, ...]:
        """The page's sections in order, those without words included."""
        return tuple(_read_section(section) for section in read_sections(self.text, self.title))

    @cached_property
    def n_words(self) -> int:
        """The number of words of the main content, headings and code left out."""
        return sum(section.n_words for section in self.sections)

    @cached_property
    def is_spaced(self) -> bool:
        """Whether its script puts spaces between words, so that words can be counted."""
        # A tenth (assumed): pages may quote names in such scripts.
        return len(_UNSPACED.findall(self.text)) < 0.1 * max(1, len(self.text))

    @cached_property
    def read_as(self) -> str:
        """The page's language.

        It is 'en' where the words are English and the page declares English or nothing; else the
        declared language. Under 25 words the declaration decides.
        """
        declared = self.language[:2].lower()
        words = split_words(self.text)
        is_english = english_share(words) >= ENGLISH_SHARE or (
            declared == "en" and len(words) < _MIN_WORDS
        )
        if is_english and declared in ("", "en"):
            return "en"
        return "" if declared == "en" else declared

    @cached_property
    def by_kind(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of the outline by their kind."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in self.outline.to_dict("records"):
            rows.setdefault(str(row["kind"]), []).append(
                {str(key): value for key, value in row.items()}
            )
        return rows

    def rows_of(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the outline's rows of these kinds, in reading order."""
        rows = [row for kind in dict.fromkeys(kinds) for row in self.by_kind.get(kind, [])]
        return sorted(rows, key=lambda row: int(row["position"])) if len(kinds) > 1 else rows

    def values(self, *kinds: str) -> list[str]:
        """Return the values of the outline's rows of these kinds."""
        return [str(row["value"]) for row in self.rows_of(*kinds)]

    def texts(self) -> Iterator[tuple[PageSection, Paragraph]]:
        """Yield each paragraph of running text with its section."""
        for section in self.sections:
            yield from (
                (section, paragraph) for paragraph in section.paragraphs if paragraph.kind == "text"
            )

    def passage_of(self, words: str, path: str = "") -> str | None:
        """Return the id of the passage that holds these words, None if there is none.

        A passage under this heading path goes before others.
        """
        names = [name for name, (_, text) in self.by_passage.items() if words in text]
        return next(
            (name for name in names if self.by_passage[name][0] == path),
            next(iter(names), None),
        )

    def first_passage(self, path: str) -> str | None:
        """Return the id of the first passage under a heading path, None if there is none."""
        return next(
            (name for name, (under, _) in self.by_passage.items() if under == path),
            None,
        )

    @cached_property
    def by_passage(self) -> dict[str, tuple[str, str]]:
        """The heading path and the words of each passage by its id, in reading order."""
        rows = zip(
            self.passages["passage_id"],
            self.passages["heading_path"],
            self.passages["text"],
            strict=True,
        )
        return {str(name): (str(path), str(text)) for name, path, text in rows}

    def words_of(self, passage_id: str | None) -> str:
        """Return the words of a passage, empty if there is no such passage."""
        return self.by_passage[passage_id][1] if passage_id in self.by_passage else ""

    def heading_of(self, path: str) -> str | None:
        """Return the heading of the section at a heading path, None if it has no heading."""
        return next(
            (
                section.heading
                for section in self.sections
                if section.path == path and section.heading
            ),
            None,
        )


@dataclass(frozen=True, eq=False)
class SiteView:
    """The site as checks see it: its tables and its pages.

    Site views are compared by identity, so that results computed on a view can be cached in it.
    """

    tables: SiteTables
    pages: tuple[PageView, ...]

    @cached_property
    def home(self) -> str:
        """The id of the page nearest to the root, where findings of the whole site are listed."""
        return min(
            (page.page_id for page in self.pages),
            key=lambda name: (name.count("/"), len(name), name),
            default="",
        )

    @cached_property
    def has_log(self) -> bool:
        """Whether coverage is known."""
        return len(self.tables.coverage) > 0

    @cached_property
    def cache(self) -> dict[Callable[..., Any], Any]:
        """Results of `cached` by function. They are dropped with the view."""
        return {}

    def cached(self, compute: "Callable[[SiteView], T]") -> T:
        """Return what a function computes from the site; it is called only once."""
        if compute not in self.cache:
            self.cache[compute] = compute(self)
        result: T = self.cache[compute]
        return result


def view_site(site: SiteTables) -> SiteView:
    """Return the site as checks see it.

    Its pages are those with text, and those without text whose source is stored.
    """
    own = site.pages[
        (site.pages["site"] == site.own_site) & site.pages["status"].isin(["ok", "no text"])
    ]
    outlines = {str(name): rows for name, rows in site.outlines.groupby("page_id")}
    passages = {str(name): rows for name, rows in site.passages.groupby("page_id")}
    empty = site.outlines.iloc[:0], site.passages.iloc[:0]
    views = [_view_page(page, outlines, passages, empty) for page in own.to_dict("records")]
    return SiteView(site, tuple(views))


def _view_page(
    page: Mapping[Any, Any],
    outlines: Mapping[str, pd.DataFrame],
    passages: Mapping[str, pd.DataFrame],
    empty: tuple[pd.DataFrame, pd.DataFrame],
) -> PageView:
    name = str(page["page_id"])
    texts = {
        key: page[key] if isinstance(page[key], str) else ""
        for key in ("title", "language", "text", "html_path")
    }
    return PageView(
        page_id=name,
        url=str(page["url"]),
        status=str(page["status"]),
        title=texts["title"],
        language=texts["language"],
        text=texts["text"],
        has_source=bool(texts["html_path"]),
        is_markdown=any(
            PurePosixPath(path).suffix.lower() in MARKDOWN
            for path in (texts["html_path"], str(page["url"]))
        ),
        outline=outlines.get(name, empty[0]),
        passages=passages.get(name, empty[1]),
    )


def _read_section(section: Section) -> PageSection:
    paragraphs = [
        paragraph
        for text, is_code in section.paragraphs
        if text.strip()
        for paragraph in _paragraphs(text, is_code)
    ]
    return PageSection(section.path, section.heading, section.level, tuple(paragraphs))


def _paragraphs(text: str, is_code: bool) -> Iterator[Paragraph]:
    """Yield the paragraphs of a run of lines.

    They are code, a list, a table, or text with the lines that lead to it (terms, captions).
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if is_code:
        yield Paragraph("code", text)
    elif all(map(_ITEM.match, lines)):
        yield Paragraph("list", text)
    elif all(" | " in line for line in lines) and (len(lines) > 1 or text.count(" | ") > 1):
        yield Paragraph("table", text)
    else:
        yield from (Paragraph("lead", line) for line in lines[:-1])
        last = lines[-1]
        if _ITEM.match(last):
            yield Paragraph("list", last)
        elif " | " in last and len(lines) > 1:
            yield Paragraph("table", last)
        else:
            yield Paragraph("text", last)
