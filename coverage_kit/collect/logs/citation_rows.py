"""Tables with a row for each page that an answer cites, in place of a row for each answer.

They are known by their content: the same question comes in rows that follow each other, with
another page in each. Each row gets the answer that it belongs to, so that answers count once.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise
from operator import itemgetter
from typing import Any, Protocol

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.columns import RUN_COLUMN, choose_columns, find_column, plain_name
from coverage_kit.collect.logs.formats import find_table_format
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.values import citations_of, flag_of, label_of, number_of
from coverage_kit.collect.urls import page_id, site_name
from coverage_kit.text.questions import QUESTION_MARKS

# So many rows show whether a row is a citation. All numbers of this module are assumed.
N_ROWS = 1000
# In such a table this share of the rows have the same answer as the row before or after them.
_MIN_SHARE_IN_GROUPS = 0.3
# A row of such a table has a single page, and of a column of pages most cells have one.
_MIN_SHARE_OF_PAGES = 0.6
# What the rows of an answer share.
_ANSWER_FIELDS = ("query", "engine", "model", "asked_at", "market", "answer", "run_id")
# The fields that a row may leave blank where they are those of the row before.
_CARRIED_FIELDS = (*_ANSWER_FIELDS, "has_searched", "surface", "mentions", "searches")
# The columns that number the pages of an answer.
_RANKS = (
    "rank", "citation rank", "citation position", "citation number", "citation index",
    "citation order", "source rank", "source position", "source number", "source index",
    "url rank", "position", "rang", "posición", "posizione", "pozycja", "positie", "order", "index",
    "#", "no.", "nr.", "順位", "排名",
)  # fmt: skip
# The words in a column's name that may number answers.
_RUN_WORDS = re.compile(
    r"(^|[\W_])(ids?|uuid|guid|run|nr|no|number|num|key|ref|file|filename|datei|fichier|archivo"
    r"|chat|session|conversation|answer|response|result|request|task|batch|execution|job|antwort"
    r"|durchlauf|lauf|réponse|respuesta|risposta|antwoord|odpowiedź|resposta|svar)([\W_]|$)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])")


class RowSource(Protocol):
    """The rows of a table."""

    location: str

    def header(self) -> list[str] | None:
        """Return the names of the columns, or None where each record names its own columns."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows."""


@dataclass(frozen=True)
class CitationTable:
    """How the rows of a table make up answers.

    `columns` are the columns by field. `run` is the column that names the answer of a row, and
    `rank` the one that numbers its pages, both '' where there is none. `is_sparse` says that a row
    leaves blank what it shares with the row before it, and `is_scattered` that the rows of an
    answer are not next to each other.
    """

    columns: Mapping[str, str]
    run: str = ""
    rank: str = ""
    is_sparse: bool = False
    is_scattered: bool = False

    @property
    def shared(self) -> list[str]:
        """Return the columns whose cells the rows of an answer share."""
        return [self.columns[name] for name in _ANSWER_FIELDS if name in self.columns]

    def describe(self) -> str:
        """Return in a sentence that a row is a citation, and which rows are one answer."""
        if self.run:
            which = f"rows with the same “{self.run}” are one answer"
        elif self.rank:
            which = f"an answer begins where “{self.rank}” starts again"
        elif self.is_sparse:
            which = "a row without a question is of the answer in the row above"
        elif self.is_scattered:
            which = "rows of the same question are one answer"
        else:
            which = "rows of one question that follow each other are one answer, if no page repeats"
        return f"Each row is read as a citation, not as an answer: {which}."


def find_citation_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> CitationTable | None:
    """Return how the first rows of a table make up answers, or None where a row is an answer."""
    columns = [name for name in columns if name != RUN_COLUMN]
    chosen = choose_columns(columns, {})
    if query := chosen.get("query") or _asking_column(rows, columns):
        chosen["query"] = query
    if not query or not (pages := _page_column(rows, columns, chosen)):
        return None
    chosen["citations"] = pages
    table = CitationTable(chosen)
    if _is_sparse(rows, table):
        return replace(table, is_sparse=True)
    if run := _run_column(rows, columns, table):
        return replace(table, run=run)
    rank = find_column([name for name in columns if name not in chosen.values()], _RANKS)
    if rank and _is_numbered(rows, table, rank):
        return replace(table, rank=rank)
    # Texts of answers show by themselves which rows belong together.
    return None if "answer" in chosen else _by_questions(rows, table)


def _by_questions(rows: Sequence[Mapping[str, Any]], table: CitationTable) -> CitationTable | None:
    """Return a table in which the question alone shows the answer of a row, else None."""
    keys = [_key(row, table.shared) for row in rows]
    cited = [_page(row, table.columns["citations"]) for row in rows]
    by_key: dict[Any, list[str]] = {}
    answers: list[list[str]] = []
    for key, block in groupby(zip(keys, cited, strict=True), key=itemgetter(0)):
        pages = [page for _, page in block]
        answers += _parted(pages)
        by_key.setdefault(key, []).extend(pages)
    if _are_answers(answers):
        return table
    is_scattered = "engine" not in table.columns and _are_answers(list(by_key.values()))
    return replace(table, is_scattered=True) if is_scattered else None


def _are_answers(groups: Sequence[Sequence[str]]) -> bool:
    """Return whether many rows are in groups of several, in each of which no page repeats."""
    n_rows = sum(map(len, groups))
    n_shared = sum(len(pages) for pages in groups if len(pages) > 1 and _are_pages(pages))
    return n_shared >= max(2, _MIN_SHARE_IN_GROUPS * n_rows)


def _are_pages(pages: Sequence[str]) -> bool:
    return all(pages) and len(set(pages)) == len(pages)


# What a row is that is not the first one of its answer.
_FURTHER = "a further citation of an answer"


class CitationRows:
    """A table with a row for each citation, with a column that says which answer a row is of."""

    def __init__(self, source: RowSource, table: CitationTable) -> None:
        self.location = source.location
        self._source = source
        self._table = table

    def header(self) -> list[str] | None:
        """Return the names of the columns, or None where each record names its own columns."""
        header = self._source.header()
        return None if header is None else [*header, RUN_COLUMN]

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the rows, with at least the values of these columns."""
        table = self._table
        needed = [*table.shared, table.columns["citations"], table.run, table.rank]
        names = [
            name for name in dict.fromkeys([*columns, *needed]) if name not in ("", RUN_COLUMN)
        ]
        numbers = _AnswerNumbers(table, self.location.replace("\\", "/").rpartition("/")[2])
        above: Mapping[str, Any] = {}
        # The answers so far, as numbers of 8 bytes, which take little memory.
        answers = set[int]()
        for row in self._source.rows(names):
            if row.problem or row.aside:
                yield row
                continue
            begins = label_of(row.values.get(table.columns["query"])) is not None
            values = row.values if begins or not table.is_sparse else _filled(row, above, table)
            above = values
            number = numbers.of(values, begins)
            answer = hash((number, _key(values, table.shared)))
            part = _FURTHER if number is not None and answer in answers else ""
            answers.add(answer)
            yield row._replace(values={**values, RUN_COLUMN: number}, part=part)


class _AnswerNumbers:
    """The answers of the rows of a table, one after another."""

    def __init__(self, table: CitationTable, file: str) -> None:
        self._table = table
        self._file = file
        self._n = 0
        self._key: Any = None
        self._rank = 0.0
        self._seen = set[str]()

    def of(self, values: Mapping[str, Any], begins: bool) -> str | None:
        """Return which answer a row is of; `begins` says that it has a question of its own."""
        table = self._table
        if table.run:
            return label_of(values.get(table.run))
        key = _key(values, table.shared)
        if table.is_scattered:
            return f"{self._file} {hashlib.blake2b(repr(key).encode(), digest_size=6).hexdigest()}"
        page = _page(values, table.columns["citations"])
        rank = _rank(values, table.rank)
        if table.is_sparse:
            is_new = begins
        elif rank is not None:
            is_new = key != self._key or rank <= self._rank
        else:
            is_new = key != self._key or page in self._seen
        if is_new:
            self._n += 1
            self._seen.clear()
        self._key = key
        self._rank = rank or 0.0
        # A row without a page is an answer that cites none.
        self._seen.add(page)
        return f"{self._file} {self._n}"


def _filled(row: Row, above: Mapping[str, Any], table: CitationTable) -> dict[str, Any]:
    """Return the values of a row, with what it leaves blank as in the row above."""
    carried = [table.columns[name] for name in _CARRIED_FIELDS if name in table.columns]
    blank = [name for name in carried if label_of(row.values.get(name)) is None]
    return {**row.values, **{name: above.get(name) for name in blank}}


def with_answers(source: RowSource) -> RowSource:
    """Return a table with the answer of each row where its rows are citations, else as it is.

    Records of JSON are a table where no cell holds a list or an object.
    """
    header = source.header()
    names = [name for name in dict.fromkeys(header or ()) if name]
    rows = list[Mapping[str, Any]]()
    for row in islice(source.rows(names), N_ROWS):
        if header is None and any(isinstance(cell, (dict, list)) for cell in row.values.values()):
            return source
        if not row.problem and not row.aside:
            rows.append(row.values)
    columns = names or sorted({name for values in rows for name in values})
    table = None if find_table_format(tuple(columns)) else find_citation_table(rows, columns)
    return CitationRows(source, table) if table else source


def _asking_column(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return the first column whose cells end with question marks, '' where there is none."""
    for name in columns:
        cells = [text for row in rows if (text := label_of(row.get(name)))]
        n_asking = sum(text[-1] in QUESTION_MARKS for text in cells)
        if n_asking >= max(2, _MIN_SHARE_OF_PAGES * len(cells)):
            return name
    return ""


def _page_column(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], chosen: Mapping[str, str]
) -> str:
    """Return the column with a page in each cell, '' where no column is of that kind.

    A column that is known by its name comes first, then one with whole addresses.
    """
    taken = [column for name, column in chosen.items() if name != "citations"]
    best = ""
    best_rank = (False, 0, 0)
    for name in columns:
        if name in taken:
            continue
        cells = [cell for row in rows if label_of(cell := row.get(name)) is not None]
        listed = [citations_of(cell) for cell in cells]
        n_single = sum(len(pages) == 1 for pages in listed)
        n_sites = len({site_name(page.url) for pages in listed for page in pages})
        if n_single < 2 or n_single < _MIN_SHARE_OF_PAGES * len(cells) or n_sites < 2:
            continue
        ids = {page_id(page.url) for pages in listed for page in pages}
        rank = (
            chosen.get("citations") == name,
            sum(not page.endswith("/") for page in ids),
            len(ids),
        )
        if rank > best_rank:
            best, best_rank = name, rank
    return best


def _is_sparse(rows: Sequence[Mapping[str, Any]], table: CitationTable) -> bool:
    """Return whether rows with a page leave their question blank, below one that has it."""
    blank = [
        label_of(row.get(table.columns["query"])) is None
        and bool(_page(row, table.columns["citations"]))
        for row in rows
    ]
    return bool(rows) and not blank[0] and sum(blank) >= _MIN_SHARE_IN_GROUPS * len(blank)


def _run_column(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], table: CitationTable
) -> str:
    """Return the column that names the answer of each row, '' where there is none.

    Each of its values has one question, and some are in several rows, each with another page. Of
    several such columns the finest counts.
    """
    named = table.columns.get("run_id", "")
    ranks = set(map(plain_name, _RANKS))
    candidates = (
        [named]
        if named
        else [
            name
            for name in columns
            if name not in table.columns.values()
            and plain_name(name) not in ranks
            and _RUN_WORDS.search(_CAMEL.sub(" ", name))
        ]
    )
    best = ""
    n_best = 0
    for name in candidates:
        runs = [label_of(row.get(name)) for row in rows]
        if None in runs or all(flag_of(run) is not None for run in runs):
            continue
        questions: dict[Any, set[Any]] = {}
        answers: dict[Any, list[str]] = {}
        for run, row in zip(runs, rows, strict=True):
            questions.setdefault(run, set()).add(label_of(row.get(table.columns["query"])))
            page = _page(row, table.columns["citations"])
            answers.setdefault((run, _key(row, table.shared)), []).append(page)
        # A run may ask several questions: what is called so needs not be one answer.
        is_one = bool(named) or all(len(texts) == 1 for texts in questions.values())
        are_pages = all(len(pages) == 1 or _are_pages(pages) for pages in answers.values())
        if (
            is_one
            and are_pages
            and _are_answers(list(answers.values()))
            and len(questions) > n_best
        ):
            best = name
            n_best = len(questions)
    return best


def _is_numbered(rows: Sequence[Mapping[str, Any]], table: CitationTable, rank: str) -> bool:
    """Return whether a column numbers the pages of answers: from 0 or 1 on, in each again."""
    numbered = [(number, row) for row in rows if (number := _rank(row, rank)) is not None]
    if len(numbered) < 2 or numbered[0][0] not in (0, 1):
        return False
    n_next = 0
    for (number, row), (following, next_row) in pairwise(numbered):
        is_next = following == number + 1
        if is_next and _key(row, table.shared) != _key(next_row, table.shared):
            return False
        if not is_next and following not in (0, 1):
            return False
        n_next += is_next
    return n_next >= max(1, _MIN_SHARE_IN_GROUPS / 2 * len(numbered))


def _rank(row: Mapping[str, Any], column: str) -> float | None:
    return number_of(text_of(row.get(column)).lstrip("#")) if column else None


def _parted(pages: Sequence[str]) -> list[list[str]]:
    """Return pages in groups: a page that comes again begins another answer."""
    groups: list[list[str]] = []
    for page in pages:
        if not groups or page in groups[-1]:
            groups.append([])
        groups[-1].append(page)
    return groups


def _page(row: Mapping[str, Any], column: str) -> str:
    pages = citations_of(row.get(column))
    return page_id(pages[0].url) if pages else ""


def _key(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(label_of(row.get(name)) for name in columns)
