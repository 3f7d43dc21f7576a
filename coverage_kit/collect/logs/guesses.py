"""Which column of a table holds which field, guessed by its content where no name shows it.

Guessed are the questions, the answers, their engines, citations and times: only where one column
fits and no other does, and never without a sentence that says so.
"""

import re
import statistics
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from coverage_kit.collect.logs.citation_rows import find_citation_table
from coverage_kit.collect.logs.columns import RUN_COLUMN
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.quoting import quoted, setting_of
from coverage_kit.collect.logs.times import is_ambiguous, is_day_first, mixed_orders, parse_time
from coverage_kit.collect.logs.values import citations_of, label_of, parsed
from coverage_kit.collect.urls import url_names
from coverage_kit.text.english_words import words_of
from coverage_kit.text.questions import QUESTION_MARKS

ReadRows = Callable[[Sequence[str]], Iterable[Row]]

# What a message calls the fields that can be guessed.
_TITLES = {
    "query": "questions",
    "answer": "answers",
    "engine": "engines",
    "citations": "citations",
    "asked_at": "dates",
}
# So many rows show what a column holds. All numbers of this module are assumed.
_N_ROWS = 1000
# A column holds questions or addresses where this share of its filled cells does, and times where
# nearly all do; one cell of a longer table shows nothing.
_MIN_SHARE = 0.6
_MIN_SHARE_OF_TIMES = 0.9
_MIN_CELLS = 2
_MAX_TIME_CHARACTERS = 40
# The median number of words of questions, and of answers, which differ from row to row.
_MIN_QUESTION_WORDS = 2
_MAX_QUESTION_WORDS = 40
_MIN_ANSWER_WORDS = 12
_MIN_DISTINCT = 0.5
# Without a mark at its end a text needs so many words to be a question: "May" is a month.
_MIN_WORDS_UNMARKED = 3
# The first words of questions in the languages of most websites.
_QUESTION_WORDS = words_of(
    "who what when where why how which whose can could do does did is are should will would "
    "wer was wann wo warum wieso weshalb wie welche welcher welches welchen kann darf soll muss "
    "gibt lohnt qui que quoi quand où pourquoi comment quel quelle quels quelles combien est-ce "
    "peut-on faut-il qué quién cuándo dónde cómo cuál cuáles cuánto puedo chi cosa quando dove "
    "perché come quale quali quanto posso quem onde qual quais wat wanneer waar waarom hoe welke "
    "kto co kiedy gdzie dlaczego jak jaki jaka jakie czy ile vem vad när var varför hur hvad hvem "
    "hvor hvorfor hvordan kdo proč kolik jaký kde kdy кто что когда где почему как какой какая "
    "какие сколько"
)
# The last signs of questions in Chinese and Japanese, which are often written without a mark.
_QUESTION_ENDS = (*QUESTION_MARKS, "か", "吗", "呢", "么")
# A word, or two characters of a script without spaces.
_WORD = re.compile("[\u3040-\u30ff\u4e00-\u9fff]{1,2}|[^\\W\\d_\u3040-\u30ff\u4e00-\u9fff]+")
# A number alone may be an id, but 20260413 is a date.
_NUMBER = re.compile(r"(?!20\d{6}$)\d*[.,]?\d*")
# What surrounds the addresses of a cell: the title of a Markdown link, and numbers as "[1]".
_AROUND = re.compile(r"\[[^\[\]]*\](?=\()|\[\d+\]")
_ADDRESS = re.compile(r"\S*(?:://|\w\.\w{2})\S*")
# Words beside each address of a cell, such as a page's title, at most.
_MAX_WORDS_AROUND = 6
# Who speaks, in a table with a row for each message: its texts are questions and answers.
_SPEAKERS = words_of("user assistant system human ai bot tool customer agent model")
# The names of answer engines, in short cells.
_ENGINE = re.compile(
    r"chat ?gpt|gpt-\d|gemini|perplexity|claude|copilot|grok|deepseek|mistral|meta ai|"
    r"ai[ _-]?(overviews?|mode)",
    re.IGNORECASE,
)
_MAX_ENGINE_CHARACTERS = 30
# Where chats are shown: their addresses are no pages that an answer cites.
_ENGINE_SITES = words_of(
    "chatgpt.com chat.openai.com perplexity.ai gemini.google.com claude.ai copilot.microsoft.com "
    "copilot.com grok.com chat.deepseek.com chat.mistral.ai meta.ai google.com bing.com"
)
_MAX_CANDIDATES = 4


@dataclass
class Guesses:
    """What the content of a table's columns shows.

    `columns` are the guessed columns by field. `notes` say each guess, and why a column that looks
    like a field was not chosen, in a sentence. `candidates` are the columns that may hold the
    questions, each with an example, where it is open which one does.
    """

    columns: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    candidates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Column:
    """The filled cells of a column in the first rows."""

    name: str
    cells: list[Any]
    n_rows: int

    @property
    def texts(self) -> list[str]:
        """Return the cells that are texts."""
        return [cell.strip() for cell in self.cells if isinstance(cell, str)]

    @property
    def n_words(self) -> float:
        """Return the median number of words of the texts, 0 without a text."""
        return statistics.median(len(_WORD.findall(text)) for text in self.texts or [""])

    @property
    def is_varied(self) -> bool:
        """Return whether most texts come once."""
        return len(set(self.texts)) >= _MIN_DISTINCT * len(self.texts)

    def is_of(self, n_cells: int, share: float = _MIN_SHARE) -> bool:
        """Return whether n cells of a kind make a column of that kind."""
        return n_cells >= max(share * len(self.cells), min(_MIN_CELLS, self.n_rows))

    @property
    def asks(self) -> bool:
        """Return whether the column holds questions."""
        n_asking = sum(map(_is_question, self.texts))
        return self.is_of(n_asking) and self.is_short

    @property
    def is_short(self) -> bool:
        """Return whether the texts are as long as questions are."""
        return _MIN_QUESTION_WORDS <= self.n_words <= _MAX_QUESTION_WORDS

    @property
    def n_linking(self) -> int:
        """Return the number of cells that hold addresses, and little else."""
        return sum(map(_is_linking, self.cells))

    @property
    def sites(self) -> set[str]:
        """Return the sites of the addresses."""
        return {url_names(page.url)[1] for cell in self.cells for page in citations_of(cell)}

    @property
    def is_dated(self) -> bool:
        """Return whether the column holds times."""
        day_first = is_day_first(self.cells)
        return self.is_of(
            sum(_is_time(cell, day_first) for cell in self.cells), _MIN_SHARE_OF_TIMES
        )

    @property
    def rows(self) -> str:
        """Return the rows that were looked at, for "in 22 of 25 rows"."""
        return f"{'the first ' if self.n_rows == _N_ROWS else ''}{self.n_rows:,} rows"


def guess_columns(
    read_rows: ReadRows, columns: Sequence[str], chosen: Mapping[str, str], by_hand: Collection[str]
) -> Guesses:
    """Return what the first rows show of the fields that no name shows.

    Args:
        read_rows: returns the table's rows with these columns.
        columns: the columns of the table.
        chosen: the columns that are chosen already, by field.
        by_hand: the fields of which the settings say which column holds them, or that none does.
    """
    guesses = Guesses()
    named = dict(chosen)
    if RUN_COLUMN in columns:
        _note_citation_rows(read_rows, columns, named, by_hand, guesses)
    elif "citations" in named and "citations" not in by_hand:
        _check_citations(read_rows, columns, named, guesses)
    missing = [name for name in _TITLES if name not in named and name not in by_hand]
    free = [name for name in columns if name not in named.values()]
    table = list(_first_cells(read_rows, free)) if missing else []
    linking = [column for column in table if column.is_of(column.n_linking)]
    dated = [column for column in table if column not in linking and column.is_dated]
    texts = [column for column in table if column not in linking and column not in dated]
    if "query" in missing:
        _guess_query(texts, guesses)
        texts = [column for column in texts if column.name not in guesses.columns.values()]
    if "query" in named or "query" in guesses.columns:
        if "answer" in missing:
            _guess_answer(texts, guesses)
        if "engine" in missing:
            _guess_engine(texts, guesses)
        if "citations" in missing:
            _guess_citations(linking, guesses, {*named, *guesses.columns})
        if "asked_at" in missing:
            _guess_time(dated, read_rows, guesses)
    if column := named.get("asked_at"):
        _check_times(column, read_rows, guesses)
    return guesses


def _note_citation_rows(
    read_rows: ReadRows,
    columns: Sequence[str],
    named: dict[str, str],
    by_hand: Collection[str],
    guesses: Guesses,
) -> None:
    """Say of a table with a row for each citation which rows are an answer, and add its pages."""
    if table := find_citation_table(_first_rows(read_rows, columns), columns):
        guesses.notes.append(table.describe())
        if "citations" not in by_hand:
            named["citations"] = table.columns["citations"]
            guesses.columns["citations"] = table.columns["citations"]


def _check_citations(
    read_rows: ReadRows, columns: Sequence[str], named: dict[str, str], guesses: Guesses
) -> None:
    """Look for other citations where those of a known name are no pages, or are the chats' own."""
    column = named["citations"]
    rows = _first_rows(read_rows, columns)
    cited = next(_columns_of(rows, [column]), None)
    if cited is None or (cited.n_linking and not cited.sites <= _ENGINE_SITES):
        return
    free = [name for name in columns if name not in named.values()]
    citing = [other for other in _columns_of(rows, free) if other.is_of(other.n_linking)]
    what = "addresses of the chats themselves" if cited.n_linking else "no addresses"
    what = f"{what}, such as {quoted(str(cited.cells[0]))}"
    if citing or cited.n_linking:
        del named["citations"]
        guesses.columns["citations"] = ""
        guesses.notes.append(f"Not read as citations: column {quoted(column)} ({what}).")


def _check_times(column: str, read_rows: ReadRows, guesses: Guesses) -> None:
    """Say of times with a known name that they can be read in two ways, or leave them unread."""
    if examples := mixed_orders(_cells(read_rows, column)):
        guesses.columns["asked_at"] = ""
        guesses.notes.append(_say_mixed(column, examples))
    elif is_ambiguous(_cells(read_rows, column)):
        guesses.notes.append(
            f"Dates of column {quoted(column)} can be read in two ways. They are read with the "
            "month first. Write them as 2026-03-04 where that is wrong."
        )


def _say_mixed(column: str, examples: tuple[str, str]) -> str:
    return (
        f"Not read as dates: column {quoted(column)}, in which {quoted(examples[0])} has the day "
        f"first and {quoted(examples[1])} the month. Write all dates as 2026-03-04."
    )


def _guess_query(texts: Sequence[_Column], guesses: Guesses) -> None:
    """Guess the column of questions, or note the columns that may be it."""
    if _is_nested(texts) or any(map(_names_speakers, texts)):
        return
    asking = [column for column in texts if column.asks]
    if len(asking) == 1:
        example = next(filter(_is_question, asking[0].texts))
        guesses.columns["query"] = asking[0].name
        guesses.notes.append(_say("query", asking[0], f"such as {quoted(example)}"))
        return
    likely = asking or [column for column in texts if column.is_short]
    guesses.candidates |= {column.name: column.texts[0] for column in likely[:_MAX_CANDIDATES]}


def _guess_answer(texts: Sequence[_Column], guesses: Guesses) -> None:
    long = [
        column
        for column in texts
        if column.n_words >= _MIN_ANSWER_WORDS and column.is_varied and not column.asks
    ]
    if len(long) == 1:
        detail = f"about {long[0].n_words:.0f} words in {len(long[0].texts):,} of {long[0].rows}"
        guesses.columns["answer"] = long[0].name
        guesses.notes.append(_say("answer", long[0], detail))
    elif long:
        guesses.notes.append(_say_open("answer", long, "long texts"))


def _guess_engine(texts: Sequence[_Column], guesses: Guesses) -> None:
    named = [column for column in texts if column.is_of(sum(map(_names_engine, column.texts)))]
    if len(named) == 1:
        guesses.columns["engine"] = named[0].name
        guesses.notes.append(_say("engine", named[0], f"such as {quoted(named[0].texts[0])}"))
    elif named:
        guesses.notes.append(_say_open("engine", named, "names of engines"))


def _guess_citations(linking: Sequence[_Column], guesses: Guesses, known: Collection[str]) -> None:
    if linking and not {"answer", "engine"} & set(known):
        # Nothing says which rows are answers, so the addresses would be cited by nothing.
        guesses.notes.append(
            f"Not read as citations: column {quoted(linking[0].name)} (URLs), because no column "
            f"holds answers or engines. Name one: {setting_of('engine', '…')}"
        )
        return
    # Addresses of one site are those of screenshots, shared chats or your own pages.
    citing = [column for column in linking if len(column.sites) > 1]
    if len(citing) == 1:
        detail = f"URLs in {citing[0].n_linking:,} of {citing[0].rows}"
        guesses.columns["citations"] = citing[0].name
        guesses.notes.append(_say("citations", citing[0], detail))
    elif linking:
        sites = {site for column in linking for site in column.sites}
        what = "URLs" if citing else f"URLs of {' and '.join(sorted(sites)[:2])} alone"
        guesses.notes.append(_say_open("citations", citing or linking, what))


def _guess_time(dated: Sequence[_Column], read_rows: ReadRows, guesses: Guesses) -> None:
    if len(dated) != 1:
        guesses.notes += [_say_open("asked_at", dated, "dates")] if dated else []
        return
    column = dated[0]
    example = quoted(str(column.cells[0]))
    if examples := mixed_orders(_cells(read_rows, column.name)):
        guesses.notes.append(_say_mixed(column.name, examples))
        return
    if is_ambiguous(_cells(read_rows, column.name)):
        guesses.notes.append(
            f"Not read as dates: column {quoted(column.name)}, such as {example}, which may be "
            "month first or day first. To read it month first: "
            f"{setting_of('asked_at', column.name)}. Or write the dates as 2026-03-04."
        )
        return
    guesses.columns["asked_at"] = column.name
    guesses.notes.append(_say("asked_at", column, f"such as {example}"))


def describe_candidates(candidates: Mapping[str, str]) -> str:
    """Return the columns that may hold the questions, each with an example.

    >>> describe_candidates({"Frage": "Wie weit kommt man?"})
    '“Frage” (such as “Wie weit kommt man?”)'
    """
    return ", ".join(
        f"{quoted(name)} (such as {quoted(example)})" for name, example in candidates.items()
    )


def _say(name: str, column: _Column, detail: str) -> str:
    """Return the sentence of a guess, with the way to set another column."""
    others = "" if name == "query" else " (empty: none)"
    return (
        f"Read as {_TITLES[name]}: column {quoted(column.name)} ({detail}). Not right? "
        f"{setting_of(name, '…')}{others}"
    )


def _say_open(name: str, columns: Sequence[_Column], what: str) -> str:
    """Return that columns were not chosen for a field that they may hold."""
    names = [quoted(column.name) for column in columns[:_MAX_CANDIDATES]]
    listed = f"column {names[0]}" if len(names) == 1 else f"columns {', '.join(names)}"
    cure = setting_of(name, columns[0].name)
    return f"Not read as {_TITLES[name]}: {listed} ({what}). To read it: {cure}"


def _first_cells(read_rows: ReadRows, names: Sequence[str]) -> Iterator[_Column]:
    """Yield the columns that are not empty in the first rows."""
    yield from _columns_of(_first_rows(read_rows, names), names)


def _first_rows(read_rows: ReadRows, names: Sequence[str]) -> list[Mapping[str, Any]]:
    rows = islice(read_rows(names), _N_ROWS)
    return [row.values for row in rows if not row.problem and not row.aside]


def _columns_of(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> Iterator[_Column]:
    """Yield the columns of these rows that are not empty."""
    for name in names:
        cells = [row.get(name) for row in rows]
        if filled := [cell for cell in cells if label_of(cell) is not None or _is_list(cell)]:
            yield _Column(name, filled, len(rows))


def _cells(read_rows: ReadRows, column: str) -> Iterator[Any]:
    return (row.values.get(column) for row in read_rows([column]))


def _is_question(text: str) -> bool:
    words = text.casefold().split()
    return text.rstrip("\"'”») ").endswith(_QUESTION_ENDS) or (
        len(words) >= _MIN_WORDS_UNMARKED and words[0].lstrip("¿\"'“«") in _QUESTION_WORDS
    )


def _is_linking(cell: Any) -> bool:
    """Return whether a cell holds addresses, with at most a title for each."""
    if not (pages := citations_of(cell)):
        return False
    if not isinstance(cell, str):
        return _is_list(cell)
    if _is_list(parsed(cell)):
        return True
    words = _WORD.findall(_ADDRESS.sub("", _AROUND.sub("", cell)))
    return len(words) <= _MAX_WORDS_AROUND * len(pages)


def _is_list(cell: Any) -> bool:
    return isinstance(cell, (list, tuple)) or hasattr(cell, "tolist")


def _is_time(cell: Any, day_first: bool) -> bool:
    if isinstance(cell, str) and (
        len(cell) > _MAX_TIME_CHARACTERS or _NUMBER.fullmatch(cell.strip())
    ):
        return False
    return not isinstance(cell, (int, float)) and parse_time(cell, day_first) is not None


def _is_nested(columns: Sequence[_Column]) -> bool:
    """Return whether cells hold objects, as those of an export that is no table do."""
    return any(
        isinstance(cell, dict) or (_is_list(cell) and any(isinstance(part, dict) for part in cell))
        for column in columns
        for cell in column.cells
    )


def _names_engine(text: str) -> bool:
    return len(text) <= _MAX_ENGINE_CHARACTERS and _ENGINE.search(text) is not None


def _names_speakers(column: _Column) -> bool:
    return len({text.casefold() for text in column.texts} & _SPEAKERS) > 1
