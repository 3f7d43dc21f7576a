"""A site and its pages as checks see them: sections, paragraphs, what the markup tells, and what the log asks."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
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
from coverage_kit.text.sections import Section, read_sections
from coverage_kit.text.sentences import split_sentences

_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_FEWEST_WORDS = 25
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]")

T = TypeVar("T")
Kind = Literal["text", "lead", "list", "table", "code"]


class Paragraph(NamedTuple):
    """One paragraph of a section: its kind and words."""

    kind: Kind
    text: str


class PageSection(NamedTuple):
    """One section: its headings, level and paragraphs in order; level 0 for words before the first heading."""

    path: str
    heading: str
    level: int
    paragraphs: tuple[Paragraph, ...]

    @property
    def n_words(self) -> int:
        """Words of all its paragraphs but code."""
        return sum(len(one.text.split()) for one in self.paragraphs if one.kind != "code")

    @property
    def sentences(self) -> list[str]:
        """The sentences of its running text."""
        return [
            one
            for paragraph in self.paragraphs
            if paragraph.kind == "text"
            for one in split_sentences(paragraph.text)
        ]


@dataclass(frozen=True)
class SiteTables:
    """What an audit reads: the own site's tables, and those of a log where there is one.

    Args:
        own_site: the own site's name.
        pages: pages of the own site, and of others, which are passed over.
        passages: their passages.
        outlines: what their markup tells (`outline_pages`).
        names: the brand's names.
        this_year: year of the log's last question; 0 where it is not known, so that no year is
            stale.
        statements, disagreements: what is told of the brand, and in more than one way.
        gaps, queries, coverage, clusters: what is asked, and how far it is covered.
        answers, citations, mentions: the logged answers.
        holdout: query_ids of questions that no remedy may be written from, nor be quoted: what is
            tested on them stays honest.
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
    """One page as checks see it."""

    page_id: str
    url: str
    status: str
    title: str
    language: str
    text: str
    has_source: bool
    outline: pd.DataFrame
    passages: pd.DataFrame

    @cached_property
    def parts(self) -> tuple[PageSection, ...]:
        """The page's sections in order, those without words too."""
        return tuple(_part(section) for section in read_sections(self.text, self.title))

    @cached_property
    def n_words(self) -> int:
        """Words of the main content, headings and code left out."""
        return sum(part.n_words for part in self.parts)

    @cached_property
    def is_spaced(self) -> bool:
        """Whether its script puts spaces between words, so that they can be counted."""
        return len(_UNSPACED.findall(self.text)) < 0.1 * max(1, len(self.text))

    @cached_property
    def read_as(self) -> str:
        """Its language: 'en' where it says so, or says nothing, and its words are English; else what it says."""
        said = self.language[:2].lower()
        words = split_words(self.text)
        is_english = english_share(words) >= ENGLISH_SHARE or (
            said == "en" and len(words) < _FEWEST_WORDS
        )
        return "en" if is_english and said in ("", "en") else said if said != "en" else ""

    @cached_property
    def by_kind(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of the outline by their kind."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.outline.to_dict("records"):
            found.setdefault(str(row["kind"]), []).append(
                {str(key): value for key, value in row.items()}
            )
        return found

    def told(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the rows of the outline of these kinds, in reading order."""
        rows = [row for kind in dict.fromkeys(kinds) for row in self.by_kind.get(kind, [])]
        return sorted(rows, key=lambda row: int(row["position"])) if len(kinds) > 1 else rows

    def values(self, *kinds: str) -> list[str]:
        """Return what the outline tells of these kinds."""
        return [str(row["value"]) for row in self.told(*kinds)]

    def texts(self) -> Iterator[tuple[PageSection, Paragraph]]:
        """Yield each paragraph of running text with its section."""
        for part in self.parts:
            yield from ((part, one) for one in part.paragraphs if one.kind == "text")

    def passage_of(self, words: str, path: str = "") -> str | None:
        """Return the passage that holds these words, one under this heading path before others; None where none does."""
        found = [name for name, (_, text) in self.by_passage.items() if words in text]
        return next(
            (name for name in found if self.by_passage[name][0] == path),
            next(iter(found), None),
        )

    def first_passage(self, path: str) -> str | None:
        """Return the first passage under a heading path, None where there is none."""
        return next(
            (name for name, (under, _) in self.by_passage.items() if under == path),
            None,
        )

    @cached_property
    def by_passage(self) -> dict[str, tuple[str, str]]:
        """Heading path and words of each passage by its id, in reading order."""
        rows = zip(
            self.passages["passage_id"],
            self.passages["heading_path"],
            self.passages["text"],
            strict=True,
        )
        return {str(name): (str(path), str(text)) for name, path, text in rows}

    def words_of(self, passage_id: str | None) -> str:
        """Return the words of a passage, empty where there is none."""
        return self.by_passage[passage_id][1] if passage_id in self.by_passage else ""

    def heading_of(self, path: str) -> str | None:
        """Return the heading of the section at a heading path, None where no heading stands above its words."""
        return next(
            (part.heading for part in self.parts if part.path == path and part.heading),
            None,
        )


@dataclass(frozen=True, eq=False)
class SiteView:
    """The site as checks see it: its tables and pages. One is equal to itself alone, so that findings on it can be kept."""

    tables: SiteTables
    pages: tuple[PageView, ...]

    @cached_property
    def home(self) -> str:
        """Id of the page at which findings of the whole site stand: the one nearest to its root."""
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
    def found(self) -> dict[Callable[..., Any], Any]:
        """What `once` has found on this site: it goes when the site goes."""
        return {}

    def once(self, find: "Callable[[SiteView], T]") -> T:
        """Return what a function finds on the site, which it is asked for the first time alone."""
        if find not in self.found:
            self.found[find] = find(self)
        kept: T = self.found[find]
        return kept


def view_site(site: SiteTables) -> SiteView:
    """Return the own site as checks see it: its readable pages, and those without text whose source is stored."""
    own = site.pages[
        (site.pages["site"] == site.own_site) & site.pages["status"].isin(["ok", "no text"])
    ]
    outlines = {str(name): rows for name, rows in site.outlines.groupby("page_id")}
    passages = {str(name): rows for name, rows in site.passages.groupby("page_id")}
    nothing = site.outlines.iloc[:0], site.passages.iloc[:0]
    views = [_view(page, outlines, passages, nothing) for page in own.to_dict("records")]
    return SiteView(site, tuple(views))


def _view(
    page: Mapping[Any, Any],
    outlines: Mapping[str, pd.DataFrame],
    passages: Mapping[str, pd.DataFrame],
    nothing: tuple[pd.DataFrame, pd.DataFrame],
) -> PageView:
    name = str(page["page_id"])
    texts = {
        key: page[key] if isinstance(page[key], str) else ""
        for key in ("title", "language", "text", "html_path")
    }
    return PageView(
        *(
            name,
            str(page["url"]),
            str(page["status"]),
            texts["title"],
            texts["language"],
            texts["text"],
        ),
        has_source=bool(texts["html_path"]),
        outline=outlines.get(name, nothing[0]),
        passages=passages.get(name, nothing[1]),
    )


def _part(section: Section) -> PageSection:
    found = [
        one
        for text, is_code in section.paragraphs
        if text.strip()
        for one in _paragraphs(text, is_code)
    ]
    return PageSection(section.path, section.heading, section.level, tuple(found))


def _paragraphs(text: str, is_code: bool) -> Iterator[Paragraph]:
    """Yield what one run of lines is: code, a list, a table, or text with the terms or captions that lead to it."""
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
        yield Paragraph(
            "list"
            if _ITEM.match(last)
            else "table"
            if " | " in last and len(lines) > 1
            else "text",
            last,
        )
