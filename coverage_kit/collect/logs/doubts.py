"""Doubts: what may have been read wrongly, each in a sentence with its cure.

A doubt is said before a run goes on, and stops it where `[log] strict` is set.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from coverage_kit.collect.logs.quoting import quoted, setting_of, short_name
from coverage_kit.collect.logs.tally import BETWEEN, Cells, Tally, UnusedField
from coverage_kit.errors import LogError

# The share of a file's records that may be rejected without a doubt. The bounds of this module are
# assumed.
MAX_REJECTED_SHARE = 0.1
# The same for times and figures that cannot be read, and for cells without a readable page.
_MAX_UNREAD_SHARE = 0.05
_MAX_UNCITED_SHARE = 0.2
# Answers are missing where so few records have one, and responses where so many requests have none.
_MIN_ANSWERED_SHARE = 0.1
_MAX_UNPAIRED_SHARE = 0.5
# A message names so many fields, and an error so many doubts.
_MAX_FIELDS = 3
_MAX_DOUBTS = 10

# What to do where a record was rejected for a reason that begins so.
_CURES = {
    "no prompt": "Name the file of the requests with [log] files, too.",
    "two requests have this id": "Give each request an id of its own.",
}
_CURE_OF_NO_QUERY = 'Say which column holds the questions: [log.columns] query = "…"'
# A table of a log has so many columns.
_MIN_COLUMNS = 2
# A second column is worth a doubt where so many rows hold something else in it.
_MIN_SHARE_OF_RIVALS = 0.5
_TITLES = {"query": "questions", "answer": "answers"}


class _Kind(NamedTuple):
    """What a field that is not used may be, and the share of rows that makes it worth a doubt."""

    name: str
    title: str
    min_share: float


_URLS = _Kind("citations", "URLs", 0.1)
_DOMAINS = _Kind("citations", "domains", 0.5)
_DATES = _Kind("asked_at", "dates", 0.5)
_FIGURES = _Kind("demand", "figures of times asked", 0.5)
_TEXTS = _Kind("answer", "texts as long as answers", 0.5)


def cure_of(reason: str) -> str:
    """Return what to do about records that were rejected for a reason, '' where that is open.

    >>> cure_of("no prompt: a response without its request")
    'Name the file of the requests with [log] files, too.'
    """
    if reason.partition("; ")[0] == "no query":
        return _CURE_OF_NO_QUERY
    return next((cure for start, cure in _CURES.items() if reason.startswith(start)), "")


def doubt_rejects(n_rejected: int, n_records: int, reason: str) -> str:
    """Return a doubt about the number of a file's records that were rejected, '' for few."""
    if n_rejected <= MAX_REJECTED_SHARE * n_records:
        return ""
    cure = cure_of(reason) or "Mend the file, or leave it out."
    return (
        f"{n_rejected:,} of {n_records:,} records are not read, more than "
        f"{MAX_REJECTED_SHARE:.0%}, such as: {short_name(reason)}. {cure}"
    )


def doubt_left_out(problem: str, n_columns: int) -> str:
    """Return a doubt about a table that is left out, '' for a list of notes beside a table."""
    if n_columns < _MIN_COLUMNS:
        return ""
    return (
        f"Left out: {problem}. Does a column hold questions? {setting_of('query', '…')}. "
        "Otherwise leave the table out of the log."
    )


def doubt_mixed(tally: Tally, others: Collection[str]) -> str:
    """Return a doubt about records of no known format beside those of others, '' without others."""
    if not others:
        return ""
    n = f"{tally.n_records:,} record{'s' * (tally.n_records > 1)}"
    fields = ", ".join(f"{name} = {column}" for name, column in tally.fields.items())
    return (
        f"{n} of no known format beside those of {' and '.join(sorted(others))}: read by the names "
        f"of the fields ({short_name(fields)}). Are these questions? If not, leave them out."
    )


def doubt_unanswered(n_unanswered: int, n_requests: int) -> str:
    """Return a doubt about requests that have no response, '' where few have none."""
    if n_unanswered < _MAX_UNPAIRED_SHARE * n_requests:
        return ""
    return (
        f"{n_unanswered:,} of {n_requests:,} requests have no response. Name the file of the "
        "responses with [log] files, too."
    )


def list_doubts(
    tally: Tally,
    fields: Mapping[str, str],
    by_hand: Mapping[str, str],
    is_mapped: bool,
    noted: str = "",
) -> Iterator[str]:
    """Yield the doubts about the records of one format of a file.

    Args:
        tally: what the records hold.
        fields: which column or field holds what.
        by_hand: the columns that the settings name: of their fields there is no doubt.
        is_mapped: whether columns were chosen by their names, so that the settings can name others.
        noted: the doubts that a look at the columns raised before: they are not raised again.
    """
    if not tally.n_records:
        return
    if "answer" in fields and by_hand.get("answer") != "":
        yield from _doubt_blank_answers(tally, fields["answer"], is_mapped)
    yield from _doubt_unread(tally, fields, by_hand)
    unused = {name: use for name, use in tally.unused.items() if quoted(name) not in noted}
    # Of a known format only what it is known to hold can be missing.
    open_names = {"citations", "asked_at", "answer"} - set(by_hand)
    open_names &= open_names if is_mapped else set(fields)
    if "citations" in open_names and (is_mapped or not tally.n_cited):
        # URLs of one site are those of screenshots, shared chats or your own pages.
        linked = {name: use for name, use in unused.items() if len(use.sites) > 1}
        used = fields.get("citations", "")
        urls = {name: use.urls for name, use in linked.items()}
        yield from _doubt_unused(tally, urls, _URLS, is_mapped, used)
        domains = {name: use.domains for name, use in linked.items()}
        yield from _doubt_unused(tally, domains, _DOMAINS, is_mapped, used)
    if "asked_at" in open_names and not tally.n_dated + tally.times.n_cells:
        dated = {name: use.times for name, use in unused.items()}
        yield from _doubt_unused(tally, dated, _DATES, is_mapped)
    if is_mapped and "demand" not in by_hand and not tally.n_counted + tally.figures.n_cells:
        figures = {name: use.figures for name, use in unused.items()}
        yield from _doubt_unused(tally, figures, _FIGURES, is_mapped)
    if "answer" in open_names and not tally.n_answers:
        texts = {name: use.texts for name, use in unused.items() if _is_varied(use)}
        yield from _doubt_unused(tally, texts, _TEXTS, is_mapped)
    if not tally.n_answers:
        yield from (
            f"Rows look like messages: {quoted(column)} says who speaks, such as "
            f"{' and '.join(speakers[:2])}. Answers may be counted as questions. Put each question "
            "and its answer into one row, or leave out the rows of answers."
            for column, speakers in tally.speakers.items()
            if len(speakers) > 1
        )
    for name, columns in tally.rivals.items():
        if name not in by_hand:
            yield from _doubt_rivals(tally, name, columns, fields[name])


def _doubt_blank_answers(tally: Tally, column: str, is_mapped: bool) -> Iterator[str]:
    # A call that failed has no words, and says why.
    if tally.n_answers > _MIN_ANSWERED_SHARE * (tally.n_records - tally.n_failed):
        return
    if tally.n_failed == tally.n_records:
        return
    failed = f"; {tally.n_failed:,} failed" if tally.n_failed else ""
    cure = f"Another column has them? {setting_of('answer', '…')}." if is_mapped else "Export them."
    yield (
        f"The words of an answer are in {tally.n_answers:,} of {tally.n_records:,} records"
        f"{failed}: they are read from {quoted(column)}. {cure} "
        f"None has them? {setting_of('answer', '')}"
    )


def _doubt_unread(
    tally: Tally, fields: Mapping[str, str], by_hand: Mapping[str, str]
) -> Iterator[str]:
    for cells, name, what in (
        (tally.times, "asked_at", "times"),
        (tally.figures, "demand", "figures of times asked"),
    ):
        if cells.n_cells > _MAX_UNREAD_SHARE * tally.n_records and by_hand.get(name) != "":
            cure = "Write them as 2026-03-04." if name == "asked_at" else "Write them as 1234.5."
            yield (
                f"{cells.n_cells:,} {what} of {tally.n_records:,} records cannot be read, such as "
                f"{short_name(cells.example)}. {cure} Or another column holds them: "
                f"{setting_of(name, '…')}"
            )
    columns = {column: name for name, column in fields.items()}
    for column, cited in tally.cited.items():
        n, name = cited.unread.n_cells, columns.get(column, "citations")
        if n > _MAX_UNCITED_SHARE * cited.n_filled and by_hand.get(name) != "":
            yield (
                f"{n:,} of {cited.n_filled:,} cells of {quoted(column)} name no page that can be "
                f"read, such as {short_name(cited.unread.example)}. Another column names the "
                f"pages? {setting_of(name, '…')}. None does? {setting_of(name, '')}"
            )


def _doubt_unused(
    tally: Tally, cells: Mapping[str, Cells], kind: _Kind, is_mapped: bool, used: str = ""
) -> Iterator[str]:
    """Yield the doubts about fields that are not used and hold what a field of the log holds."""
    # One row of a longer log shows nothing.
    least = max(kind.min_share * tally.n_rows, min(2, tally.n_rows))
    paths = sorted(
        (path for path, some in cells.items() if some.n_cells >= least),
        key=lambda path: (-cells[path].n_cells, path),
    )
    for path in paths[:_MAX_FIELDS]:
        if not is_mapped:
            cure = "docs/howto/formats.md says what is read of this format."
        elif BETWEEN in path:
            cure = f"To read it, copy it to a column of its own, such as {kind.name}."
        else:
            cure = f"To read it: {setting_of(kind.name, path)}."
        yield (
            f"Not used: {quoted(path)}, which holds {kind.title} in {cells[path].n_cells:,} of "
            f"{tally.n_rows:,} records, such as {short_name(cells[path].example)}. {cure} "
            f"Not to be read? {setting_of(kind.name, used if is_mapped else '')}"
        )


def _doubt_rivals(
    tally: Tally, name: str, columns: Mapping[str, Cells], used: str
) -> Iterator[str]:
    for column, cells in columns.items():
        if cells.n_cells >= max(_MIN_SHARE_OF_RIVALS * tally.n_rows, 1):
            yield (
                f"Can be read in two ways: {quoted(used)} is read as the {_TITLES[name]}, and "
                f"{quoted(column)} holds others, such as {short_name(cells.example)}. "
                f"Which is right? {setting_of(name, column)} or {setting_of(name, used)}"
            )


def _is_varied(unused: UnusedField) -> bool:
    """Return whether long texts differ; a prompt of the system is the same in all rows."""
    return unused.texts.n_cells < 2 or 2 * unused.other_texts.n_cells >= unused.texts.n_cells


def collect_doubts(sources: Iterable[Mapping[Any, Any]]) -> list[str]:
    """Return each doubt in the rows of the table of sources once, with its file.

    >>> collect_doubts([{"file": name, "doubts": "No dates."} for name in ("a.csv", "b.csv")])
    ['a.csv and 1 further: No dates.']
    """
    files: dict[str, list[str]] = {}
    for row in sources:
        doubts = row["doubts"]
        for doubt in doubts.split("\n") if isinstance(doubts, str) and doubts else ():
            files.setdefault(doubt, []).append(row["file"])
    return [
        f"{names[0]}{f' and {len(names) - 1:,} further' if len(names) > 1 else ''}: {doubt}"
        for doubt, names in files.items()
    ]


def check_doubts(location: str, doubts: Collection[str]) -> None:
    """Raise LogError, which lists them with their cures, where there are doubts."""
    if not doubts:
        return
    listed = [f"({n}) {doubt}" for n, doubt in enumerate(doubts, 1)][:_MAX_DOUBTS]
    n_further = len(doubts) - len(listed)
    further = [f"and {n_further:,} further"] if n_further else []
    n = f"{len(doubts):,} doubt{'' if len(doubts) == 1 else 's'}"
    raise LogError(
        location,
        "a log that can be read without a doubt",
        f"{n}: {' '.join([*listed, *further])}".removesuffix("."),
        "Follow the cures, or go on without [log] strict.",
    )
