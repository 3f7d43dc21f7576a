"""Tallies of what the records of a file hold, and of what in them was not used.

From them `doubts.py` says what may have been read wrongly.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.collect.logs.columns import SYNONYMS, plain_name
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.times import parse_time
from coverage_kit.collect.logs.values import (
    citations_of,
    flag_of,
    label_of,
    number_of,
    parsed,
    shown_value,
)
from coverage_kit.collect.urls import url_names

# So many rows of each format of a file show what its unused fields hold. All numbers of this module
# are assumed.
_N_ROWS = 500
# No more parts of a row are looked at, and none that is deeper or longer.
_MAX_PARTS = 300
_MAX_DEPTH = 5
_MAX_CHARACTERS = 100_000
# Unused fields of a format of a file that are kept: a log may name any number.
_MAX_FIELDS = 200
# Between the names in the path of a nested field.
BETWEEN = " > "
# An answer has so many words, or characters in scripts without spaces.
_MIN_ANSWER_WORDS = 12
_MIN_ANSWER_CHARACTERS = 40
_BEYOND_LATIN = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
# Words beside each address of a cell, such as a page's title, at most.
_MAX_WORDS_AROUND = 6
_MAX_TIME_CHARACTERS = 40
_ADDRESS = re.compile(r"https?://[^\s<>\"|]+", re.IGNORECASE)
# A bare domain under an ending of most websites; "langchain.runnable" is none.
_DOMAIN = re.compile(
    r"(?:[\w-]+\.)+(?:com|org|net|info|io|ai|app|dev|co|gov|edu|eu|uk|de|at|ch|fr|es|it|nl|be|pl|"
    r"se|no|dk|fi|cz|pt|jp|cn|kr|in|br|mx|au|ca|us|example)",
    re.IGNORECASE,
)
# Addresses that nobody cites: of pictures, and of the engines and tools themselves.
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|svg|ico|webp|mp4)(?:[?#]|$)", re.IGNORECASE)
_PICTURE_FIELD = re.compile(r"favicon|image|img|thumbnail|icon|logo|avatar|screenshot", re.I)
_TOOLS = re.compile(
    r"(?:^|\.)(?:chatgpt\.com|openai\.com|perplexity\.ai|claude\.ai|anthropic\.com|google\.com|"
    r"googleapis\.com|gstatic\.com|copilot\.microsoft\.com|bing\.com|langchain\.com|langfuse\.com|"
    r"w3\.org|schema\.org|localhost)$"
)
# A number is a time only in a field whose name says so.
_TIME_FIELD = re.compile(r"time|date|created|asked|_at$|At$|\bts\b", re.IGNORECASE)
# The words in the name of a figure of how often something is asked.
_DEMAND_FIELD = re.compile(
    r"impress|volume|searches|times asked|demand|vertoning|wyświetle|impresi|affichage", re.I
)
# The names under which a second column may hold the questions or the answers.
_RIVALS = {
    "query": frozenset(
        map(plain_name, ("query", "prompt", "question", "user query", "user prompt"))
    )
    | frozenset(map(plain_name, ("user question", "user message", "user input"))),
    "answer": frozenset(map(plain_name, SYNONYMS["answer"])),
}
# Who speaks, in a table with a row for each message: its texts are questions and answers.
_SPEAKERS = frozenset(
    ("user", "assistant", "human", "ai", "bot", "customer", "agent", "system", "model", "tool")
)
_MIN_RIVAL_WORDS = {"query": 2, "answer": 5}


@dataclass
class Cells:
    """A number of cells of some kind, and the first of them."""

    n_cells: int = 0
    example: str = ""

    def note(self, value: Any) -> None:
        """Count a cell."""
        self.example = self.example or shown_value(value)
        self.n_cells += 1

    def join(self, other: "Cells") -> None:
        """Add the cells of another part."""
        self.n_cells += other.n_cells
        self.example = self.example or other.example


@dataclass
class UnusedField:
    """What the rows hold in a field that is not used: URLs, domains, times, long texts, figures.

    `sites` are the first two sites of the URLs and domains, and `other_texts` those long texts that
    differ from the first.
    """

    urls: Cells = field(default_factory=Cells)
    domains: Cells = field(default_factory=Cells)
    sites: list[str] = field(default_factory=list)
    times: Cells = field(default_factory=Cells)
    texts: Cells = field(default_factory=Cells)
    other_texts: Cells = field(default_factory=Cells)
    figures: Cells = field(default_factory=Cells)


@dataclass
class CitedCells:
    """The filled cells of a column of pages, and those in which no page could be read."""

    n_filled: int = 0
    unread: Cells = field(default_factory=Cells)


@dataclass
class Tally:
    """What the records of one format of a file hold.

    `n_records` are the records, of which `n_answers` have an answer's words, `n_failed` failed,
    `n_dated` have a time, `n_cited` name a page and `n_counted` say how often they were asked.
    `times` and `figures` are the cells that could not be read as such.

    `n_rows` are the first rows. Of these `fields` has the columns by field, `unused` the fields
    that are not used, `cited` the columns of pages, and `rivals` for each field the columns that
    could be its column too, by name and content. `speakers` are the columns that name who speaks,
    with the words that they use.
    """

    n_records: int = 0
    n_answers: int = 0
    n_failed: int = 0
    n_dated: int = 0
    n_cited: int = 0
    n_counted: int = 0
    times: Cells = field(default_factory=Cells)
    figures: Cells = field(default_factory=Cells)
    n_rows: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    unused: dict[str, UnusedField] = field(default_factory=dict)
    cited: dict[str, CitedCells] = field(default_factory=dict)
    rivals: dict[str, dict[str, Cells]] = field(default_factory=dict)
    speakers: dict[str, list[str]] = field(default_factory=dict)

    def count(self, record: LogRecord) -> None:
        """Count a record."""
        self.n_records += 1
        self.n_answers += bool(record.answer) and record.error is None
        self.n_failed += record.error is not None
        self.n_dated += record.asked_at is not None
        self.n_counted += record.demand is not None
        self.n_cited += bool(record.citations or record.retrieved)

    def look(
        self,
        records: Sequence[LogRecord],
        values: Mapping[str, Any],
        unread_fields: Mapping[str, Any],
        mapping: Mapping[str, str],
        is_mapped: bool,
    ) -> None:
        """Note what a row holds that its records do not use; of the first rows only.

        Args:
            records: the records of the row.
            values: the row.
            unread_fields: the fields of the row that no record uses.
            mapping: the columns of the fields, empty where the format is no table.
            is_mapped: whether the columns were chosen by their names.
        """
        if self.n_rows >= _N_ROWS or not records:
            return
        self.n_rows += 1
        self.fields.update(mapping)
        if unread_fields:
            self._look_at_unused(records, unread_fields)
        for name in mapping and ("citations", "retrieved"):
            column = mapping.get(name, "")
            if len(records) == 1 and label_of(cell := values.get(column)) is not None:
                self._look_at_cited(records[0], name, column, cell)
        for name, names in _RIVALS.items() if is_mapped else ():
            if name in mapping:
                self._look_at_rivals(records[0], name, names, unread_fields)
        for column, cell in unread_fields.items() if is_mapped else ():
            if isinstance(cell, str) and cell.strip().casefold() in _SPEAKERS:
                speakers = self.speakers.setdefault(column, [])
                speakers += {cell.strip().casefold()} - set(speakers)

    def _look_at_unused(
        self, records: Sequence[LogRecord], unread_fields: Mapping[str, Any]
    ) -> None:
        known = {
            url_names(page.url)[1]
            for record in records
            for page in (*record.citations, *record.retrieved)
        }
        found: dict[str, set[str]] = {}
        for n, (path, value) in enumerate(_parts_of(unread_fields)):
            if n >= _MAX_PARTS:
                break
            unused = self.unused.get(path)
            if unused is None:
                if len(self.unused) >= _MAX_FIELDS:
                    continue
                unused = self.unused[path] = UnusedField()
            kinds = found.setdefault(path, set())
            for kind in _kinds_of(path, value, known, unused.sites) - kinds:
                kinds.add(kind)
                getattr(unused, kind).note(value)
                # The first text is the measure of whether the texts differ.
                if kind == "texts" and shown_value(value) != unused.texts.example:
                    unused.other_texts.note(value)

    def _look_at_cited(self, record: LogRecord, name: str, column: str, cell: Any) -> None:
        cells = self.cited.setdefault(column, CitedCells())
        cells.n_filled += 1
        # A word for no says that there is no page.
        if not getattr(record, name) and flag_of(cell) is not False:
            cells.unread.note(cell)

    def _look_at_rivals(
        self,
        record: LogRecord,
        name: str,
        names: frozenset[str],
        unread_fields: Mapping[str, Any],
    ) -> None:
        used = getattr(record, name)
        for column, cell in unread_fields.items():
            if plain_name(column) not in names or not isinstance(cell, str):
                continue
            if len(cell.split()) >= _MIN_RIVAL_WORDS[name] and cell.strip() != used:
                self.rivals.setdefault(name, {}).setdefault(column, Cells()).note(cell)

    def join(self, other: "Tally") -> None:
        """Add the tally of another part of the file; its fields count where this has none."""
        for name in (
            "n_records",
            "n_answers",
            "n_failed",
            "n_dated",
            "n_cited",
            "n_counted",
            "n_rows",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.times.join(other.times)
        self.figures.join(other.figures)
        self.fields = {**other.fields, **self.fields}
        self.unused = {**other.unused, **self.unused}
        self.cited = {**other.cited, **self.cited}
        self.rivals = {**other.rivals, **self.rivals}
        self.speakers = {**other.speakers, **self.speakers}

    @staticmethod
    def of_json(stored: dict[str, Any]) -> "Tally":
        """Return the tally of which `dataclasses.asdict` made these values."""
        times, figures = Cells(**stored.pop("times")), Cells(**stored.pop("figures"))
        unused = {
            path: UnusedField(
                sites=values.pop("sites"),
                **{kind: Cells(**cell) for kind, cell in values.items()},
            )
            for path, values in stored.pop("unused").items()
        }
        cited = {
            column: CitedCells(values["n_filled"], Cells(**values["unread"]))
            for column, values in stored.pop("cited").items()
        }
        rivals = {
            name: {column: Cells(**cell) for column, cell in columns.items()}
            for name, columns in stored.pop("rivals").items()
        }
        return Tally(
            **stored, times=times, figures=figures, unused=unused, cited=cited, rivals=rivals
        )


def _parts_of(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the path and value of each part of a value that is no object and no list."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str) and len(value) <= _MAX_CHARACTERS:
        value = parsed(value)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _parts_of(inner, f"{path}{BETWEEN}{key}" if path else str(key), depth + 1)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _parts_of(inner, path, depth + 1)
    elif value is not None and path:
        yield path, value


def _kinds_of(path: str, value: Any, known: set[str], sites: list[str]) -> set[str]:
    """Return which kinds of an `UnusedField` a value is of, and add its sites to the first two.

    URLs of a site that the records name already are nothing new.
    """
    kinds = set[str]()
    if _DEMAND_FIELD.search(path.rpartition(BETWEEN)[2]) and number_of(value):
        return {"figures"}
    if _is_time(path, value):
        return {"times"}
    if not isinstance(value, str) or len(value) > _MAX_CHARACTERS:
        return kinds
    if linked := {site for site in _sites_in(path, value) if site not in known}:
        sites += sorted(linked - set(sites))[: 2 - len(sites)]
        return {"urls" if "://" in value else "domains"}
    n_words = len(value.split())
    is_long = len(value) >= _MIN_ANSWER_CHARACTERS and _BEYOND_LATIN.search(value)
    return {"texts"} if n_words >= _MIN_ANSWER_WORDS or is_long else kinds


def _sites_in(path: str, text: str) -> set[str]:
    """Return the sites that a text names where it holds addresses and little else."""
    name = path.rpartition(BETWEEN)[2]
    if "." not in text or _PICTURE_FIELD.search(name):
        return set()
    addresses = _ADDRESS.findall(text)
    if addresses:
        around = _ADDRESS.sub(" ", text).split()
        if len(around) > _MAX_WORDS_AROUND * len(addresses):
            return set()
        urls = [page.url for page in citations_of(text) if not _PICTURE.search(page.url)]
        sites = {url_names(url)[1] for url in urls}
    else:
        hosts = [host for host in re.split(r"[\s,;|]+", text) if host]
        sites = {host.lower().removeprefix("www.") for host in hosts}
        if not all(map(_DOMAIN.fullmatch, hosts)):
            return set()
    return {site for site in sites if site and not _TOOLS.search(site)}


def _is_time(path: str, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, (int, float)):
        return (
            bool(_TIME_FIELD.search(path.rpartition(BETWEEN)[2])) and parse_time(value) is not None
        )
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _MAX_TIME_CHARACTERS or not any(map(str.isdigit, text)):
            return False
        if text.replace(".", "").isdigit():
            return (
                bool(_TIME_FIELD.search(path.rpartition(BETWEEN)[2]))
                and parse_time(text) is not None
            )
        return parse_time(text) is not None
    return hasattr(value, "year")
