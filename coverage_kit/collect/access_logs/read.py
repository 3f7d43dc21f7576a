"""Read access logs as the fetches of AI assistants, and account for every line."""

import csv
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from coverage_kit.collect.access_logs.blocks import Block, LogStream, open_log
from coverage_kit.collect.access_logs.bots import Bot, find_bot, find_naming_lines
from coverage_kit.collect.access_logs.paths import PROBE, name_page
from coverage_kit.collect.access_logs.ranges import (
    MAX_AGE_DAYS,
    UNVERIFIABLE,
    BotRanges,
    parse_address,
    read_ranges,
)
from coverage_kit.collect.access_logs.requests import (
    COMBINED,
    COMMON,
    CSV,
    JSON,
    SHAPE,
    Form,
    Request,
    UnreadableError,
    csv_columns,
    has_agent,
    parse_cells,
    parse_json,
    parse_line,
)
from coverage_kit.collect.logs.csv_rows import find_delimiter
from coverage_kit.collect.logs.steady import reading, shown
from coverage_kit.errors import LogError
from coverage_kit.tables import FETCH_FILES, FETCHES, REJECTS, Fetches, FetchFiles, Rejects

logger = logging.getLogger(__name__)

_K = TypeVar("_K")
_V = TypeVar("_V")

# Lines by which a file's form is recognised (assumed).
_START_LINES = 200
# A file is a log of a form if more than this share of its first lines has that form (assumed).
_LEAST_SHAPED = 0.1
# Most distinct rows: robots may ask for endless addresses. What comes after them is counted without
# its page. A million rows take about 500 MB.
_MAX_ROWS = 400_000
# Most addresses, pages and agents that are kept to be found faster when they come again.
_MAX_KNOWN = 100_000
# Two logs with the same first bytes are one log and its copy: each line has its second (assumed).
_SAME_BYTES = 4096
# Rejected lines that are listed of a file; all are counted.
_MAX_REJECTS = 1000
# From this share of rejected lines on, a file is probably read wrongly.
_MANY_REJECTS = 0.05
# What stands in for the page where it is not kept.
FURTHER = "(further pages)"
PROBES = "(probes)"
NO_AGENT = "(no user agent logged)"
_FORMS = "nginx or Apache, Caddy, Cloudflare Logpush (JSON, one a line), or a table with a header"

# Who asked: token, assistant, purpose, verdict, its reason, and the day.
Sender = tuple[str, str, str, str, str, date | None]
# What makes a row: who asked, for which page of which kind, and the status of the answer.
Key = tuple[Sender, tuple[str, str], int]
_COLUMNS = [
    *("bot", "assistant", "purpose", "verdict", "reason", "day"),
    *("page_id", "kind", "status", "n_fetches"),
]


@dataclass(frozen=True)
class FetchLog:
    """The fetches of assistants in access logs, the account of each file, and rejected lines."""

    fetches: Fetches
    files: FetchFiles
    rejects: Rejects


@dataclass
class _Account:
    """What became of the lines of one file."""

    file: str
    form: str
    n_lines: int = 0
    n_fetches: int = 0
    n_rejects: int = 0
    first: date | None = None
    last: date | None = None
    rejects: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, line: int, reason: str) -> None:
        self.n_rejects += 1
        if len(self.rejects) < _MAX_REJECTS:
            self.rejects.append({"file": self.file, "line": line, "reason": reason})

    def note_day(self, day: date | None) -> None:
        if day is not None and not (self.first and self.last and self.first <= day <= self.last):
            self.first = min(self.first or day, day)
            self.last = max(self.last or day, day)

    def row(self) -> dict[str, Any]:
        """Return the row of `fetch_files`: every line is a fetch, of others, or rejected."""
        return {
            "file": self.file,
            "format": self.form,
            "n_lines": self.n_lines,
            "n_fetches": self.n_fetches,
            "n_other": self.n_lines - self.n_fetches - self.n_rejects,
            "n_rejects": self.n_rejects,
            "first_day": self.first,
            "last_day": self.last,
        }


def read_fetches(
    files: Sequence[str],
    host: str,
    ranges: BotRanges | None = None,
    own_pages: Collection[str] = (),
) -> FetchLog:
    """Return what the robots of AI assistants asked for, and what became of every line.

    Each line of a log is a fetch of an assistant (a user agent that names one), of others, or
    rejected: n_lines = n_fetches + n_other + n_rejects, where a row of a table may count several
    requests. Lines of others are not parsed. Memory is bounded whatever the size of the logs:
    fetches are counted by robot, verdict, page, status and day.

    Args:
        files: logs, packed by gzip or not, or folders of them.
        host: host of the site, for logs that do not name it.
        ranges: the published address ranges (`read_ranges`); those of the package by default.
        own_pages: ids of the site's pages.

    Raises LogError for a file that is missing or is no access log.
    """
    counter = _Counter(host, ranges or read_ranges(max_age_days=MAX_AGE_DAYS), frozenset(own_pages))
    accounts = []
    for path, is_named in _without_copies(list(_find_logs(files))):
        with reading(shown(path)):
            account = _read_file(path, counter, is_named)
        if account is not None:
            accounts.append(account)
            _warn(account)
    rejects = [reject for account in accounts for reject in account.rejects]
    return FetchLog(
        _tabulate(counter.counts),
        FETCH_FILES.table([account.row() for account in accounts]),
        REJECTS.table(rejects),
    )


def _find_logs(names: Sequence[str]) -> Iterator[tuple[Path, bool]]:
    """Yield each log once, and whether it was named, not met in a folder."""
    known = set[Path]()
    for name in names:
        path = Path(name)
        if not path.exists():
            cure = "Correct the path under [fetches] files."
            raise LogError(shown(path), "an access log, or a folder of them", "no such file", cure)
        found = [path]
        if path.is_dir():
            found = sorted(
                file
                for file in path.rglob("*")
                if file.is_file()
                and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
            if not found:
                cure = "Name the folder of the server's logs."
                raise LogError(shown(path), "a folder with access logs", "no file", cure)
        for file in found:
            if file.resolve() not in known:
                known.add(file.resolve())
                yield file, file == path


def _without_copies(logs: list[tuple[Path, bool]]) -> list[tuple[Path, bool]]:
    """Return the logs without those that begin as a longer one does, of which a warning says so.

    A packed copy, or yesterday's copy of a log that grew, would count its requests twice.
    """
    longest: dict[bytes, tuple[int, Path]] = {}
    starts: dict[Path, bytes] = {}
    for path, _ in logs:
        with reading(shown(path)):
            stream = LogStream(path)
            start = stream.start(_SAME_BYTES)
            size = stream.n_bytes if start else 0
        # Short starts, such as a table's header alone, may be those of several logs.
        starts[path] = start if start.count(b"\n") > 1 else bytes(path)
        if size > longest.get(starts[path], (-1, path))[0]:
            longest[starts[path]] = size, path
    kept = []
    for path, is_named in logs:
        other = longest[starts[path]][1]
        if other == path:
            kept.append((path, is_named))
        else:
            logger.warning(
                "%s is left out: it begins as %s does, and would be counted twice",
                shown(path),
                shown(other),
            )
    return kept


def _read_file(path: Path, counter: "_Counter", is_named: bool) -> _Account | None:
    """Return the account of a log; None for a file in a folder that is none, with a warning."""
    try:
        stream = open_log(path)
        start = stream.start()
        form = _recognise(start, path)
    except LogError:
        if is_named:
            raise
        logger.warning("%s is left out: it is no access log that can be read", shown(path))
        return None
    account = _Account(shown(path), form)
    if form == CSV:
        _read_table(stream, start, counter, account)
    else:
        _read_lines(stream, form, counter, account)
    if stream.problem:
        account.n_lines += 1
        account.reject(account.n_lines, stream.problem)
    return account


def _warn(account: _Account) -> None:
    """Say what in an account may make its figures wrong."""
    if account.n_rejects > _MANY_REJECTS * max(account.n_lines, 1):
        logger.warning(
            "%s: %d of %d lines could not be read, such as: %s",
            account.file,
            account.n_rejects,
            account.n_lines,
            account.rejects[0]["reason"],
        )


def _recognise(start: bytes, path: Path) -> Form:
    """Return the form of a log by its first lines. Raises LogError for another one."""
    lines = [line for line in start.split(b"\n")[:_START_LINES] if line.strip()]
    # The last line may be cut off.
    lines = lines[:-1] or lines
    if lines and {"target", "agent"} <= csv_columns(_cells(lines[0])).keys():
        return CSV
    n_json = sum(line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines)
    n_shaped = sum(SHAPE in line for line in lines)
    # A damaged log is one still, and its damage is counted.
    if max(n_json, n_shaped) > _LEAST_SHAPED * len(lines):
        if n_json > n_shaped:
            return JSON
        n_agents = sum(has_agent(line) for line in lines)
        return COMBINED if n_agents > n_shaped / 2 else COMMON
    found = lines[0][:80].decode("utf-8", "replace") if lines else "no lines"
    cure = "Export the server's access log in one of these forms (docs/howto/access_logs.md)."
    raise LogError(shown(path), f"an access log of {_FORMS}", repr(found), cure)


def _cells(line: bytes) -> list[str]:
    text = line.decode("utf-8-sig", "replace").strip("\r\n")
    return next(csv.reader([text], delimiter=find_delimiter(text)), [])


def _read_lines(stream: LogStream, form: Form, counter: "_Counter", account: _Account) -> None:
    for block in stream.blocks():
        account.n_lines += block.n_lines
        for number, reason in block.skipped:
            account.reject(number, reason)
        faults = dict(block.faults)
        faults |= _find_odd(block, form, faults)
        for start, reason in faults.items():
            account.reject(block.line_number(start), reason)
        starts = _all_starts(block.lines) if form == COMMON else find_naming_lines(block.lines)
        for start, end in starts:
            if start in faults:
                continue
            line = block.lines[start:end].rstrip(b"\r\n")
            try:
                is_fetch = counter.count_line(line, form, account)
            except UnreadableError as error:
                is_cut = end == len(block.lines) and not block.lines.endswith(b"\n")
                reason = "the last line is cut off" if is_cut else str(error)
                account.reject(block.line_number(start), reason)
            else:
                account.n_fetches += is_fetch


def _find_odd(block: Block, form: Form, faults: Mapping[int, str]) -> dict[int, str]:
    """Return the lines that have not the shape of the form; the count of all says if any has not.

    Every line of nginx and Apache has the end of a time before its request, every object has
    braces. Blank lines are none.
    """
    text = block.lines
    n_whole = text.count(b"\n") + (not text.endswith(b"\n") and bool(text))
    if form == JSON:
        n_shaped = text.count(b"}\n") + text.count(b"}\r\n") + text.endswith(b"}")
        n_open = text.count(b"\n{") + text.startswith(b"{")
        if n_shaped == n_whole and n_open == n_whole:
            return {}
    elif text.count(SHAPE) == n_whole and not faults and text.endswith(b"\n"):
        return {}
    odd = {}
    for start, end in _all_starts(text):
        line = text[start:end].strip()
        is_last = end == len(text) and not text.endswith(b"\n")
        if start in faults:
            continue
        if not line:
            odd[start] = "a blank line"
        elif form == JSON:
            if not (line.startswith(b"{") and line.endswith(b"}")):
                odd[start] = "the last line is cut off" if is_last else "a line that is no JSON"
        elif SHAPE not in line:
            odd[start] = "the last line is cut off" if is_last else "a line that is no request"
        elif is_last and not (has_agent(line) or form == COMMON):
            odd[start] = "the last line is cut off"
    return odd


def _all_starts(text: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find(b"\n", start) + 1 or len(text)
        yield start, end
        start = end


def _read_table(stream: LogStream, start: bytes, counter: "_Counter", account: _Account) -> None:
    """Count the rows of a table; a cell may hold line ends, so lines are those of the reader."""
    header = next(line for line in start.split(b"\n") if line.strip())
    delimiter = find_delimiter(header.decode("utf-8-sig", "replace"))
    rows = csv.reader(_text_lines(stream, account), delimiter=delimiter, strict=True)
    names: Mapping[str, str] = {}
    columns: list[str] = []
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            account.n_lines += 1
            account.reject(rows.line_num, f"a row that cannot be read ({error})")
            continue
        if cells is None:
            return
        if not columns:
            columns = cells
            names = csv_columns(columns)
            continue
        if not any(cells) or cells == columns:
            continue
        account.n_lines += 1
        try:
            if len(cells) < len(columns):
                raise UnreadableError("a row with too few cells, or cut off")
            request = parse_cells(dict(zip(columns, cells, strict=False)), names)
            account.n_fetches += counter.count(request, account)
        except UnreadableError as error:
            account.reject(rows.line_num, str(error))


def _text_lines(stream: LogStream, account: _Account) -> Iterator[str]:
    for block in stream.blocks():
        account.n_lines += len(block.skipped)
        for number, reason in block.skipped:
            account.reject(number, reason)
        for start, end in _all_starts(block.lines):
            if start in block.faults:
                account.n_lines += 1
                account.reject(block.line_number(start), block.faults[start])
            else:
                encoding = "utf-8-sig" if not start and block.first_line == 1 else "utf-8"
                yield block.lines[start:end].decode(encoding, "replace")


class _Counter:
    """Counts requests of robots by what makes a row.

    What a line says of its sender, and of what it asks for, comes again and again: both are kept by
    the bytes that say it, so that most lines are not parsed.
    """

    def __init__(self, host: str, ranges: BotRanges, own_pages: frozenset[str]) -> None:
        self.counts = Counter[Key]()
        self._host = host
        self._ranges = ranges
        self._own_pages = own_pages
        self._senders: dict[tuple[bytes, str, date | None], Sender | None] = {}
        self._pages: dict[tuple[str, str], tuple[str, str]] = {}
        self._owners: dict[bytes, Bot | None] = {}
        # By the bytes of a line: agent, what comes before the time, and the day; with the host.
        self._raw_senders: dict[tuple[bytes, bytes, bytes], tuple[Sender | None, str]] = {}
        self._raw_pages: dict[tuple[bytes, str], tuple[str, str]] = {}

    def count_line(self, line: bytes, form: Form, account: _Account) -> bool:
        """Count a line, and return whether it is a fetch. Raises UnreadableError."""
        if form == COMMON:
            # Without user agents only addresses say who asks, so most lines need not be parsed.
            first = line.split(b" ", 2)[:2]
            if not any(self._owner(part) for part in first):
                return False
        if form == COMBINED:
            return self._count_combined(line, account)
        request = parse_json(line) if form == JSON else parse_line(line)
        return request is not None and self.count(request, account)

    def _count_combined(self, line: bytes, account: _Account) -> bool:
        """Count a line by its bytes as far as they are known, else parse it."""
        parts = line.split(b'"')
        origin, _, time = parts[0].partition(b"[")
        status = parts[2] if len(parts) > 5 else b""
        if not (status[1:4].isdigit() and status[4:5] == b" ") or b"\\" in line:
            return self.count(parse_line(line), account)
        day = time[:11] if time.endswith(b"+0000] ") else time
        sender = self._raw_senders.get((parts[5], origin, day))
        page = None if sender is None else self._raw_pages.get((parts[1], sender[1]))
        if sender is None or (page is None and sender[0] is not None):
            request = parse_line(line)
            who = self._sender(request)
            _bound(self._raw_senders)[parts[5], origin, day] = who, request.host
            if who is not None:
                _bound(self._raw_pages)[parts[1], request.host] = self._page(request)
            return self.count(request, account)
        if sender[0] is None or page is None:
            return False
        self._add(sender[0], page, int(status[1:4]), 1, account)
        return True

    def count(self, request: Request, account: _Account) -> bool:
        """Count a request, and return whether it is a fetch."""
        sender = self._sender(request)
        if sender is None:
            return False
        self._add(sender, self._page(request), request.status, request.n, account)
        return True

    def _add(
        self, sender: Sender, page: tuple[str, str], status: int, n: int, account: _Account
    ) -> None:
        key = (sender, page, status)
        if key not in self.counts and len(self.counts) >= _MAX_ROWS:
            key = (sender, (FURTHER, page[1]), status)
        self.counts[key] += n
        account.note_day(sender[-1])

    def _sender(self, request: Request) -> Sender | None:
        """Return who asked, with the verdict and the day; None for others than assistants."""

        def find(key: tuple[bytes, str, date | None]) -> Sender | None:
            agent, text, day = key
            bot = find_bot(agent) if agent else None
            if bot is not None:
                verdict, reason = self._ranges.judge(bot, parse_address(text), day)
                return bot.token, bot.assistant, str(bot.purpose), str(verdict), reason, day
            owner = None if agent else self._owner(text.encode())
            if owner is None:
                return None
            reason = "no user agent logged"
            return NO_AGENT, owner.assistant, "unknown", str(UNVERIFIABLE), reason, day

        return _known(self._senders, (request.agent, request.address, request.day), find)

    def _page(self, request: Request) -> tuple[str, str]:
        """Return the id of the page that was asked for, and its kind."""

        def find(key: tuple[str, str]) -> tuple[str, str]:
            page, kind = name_page(*key, self._own_pages)
            return (PROBES if kind == PROBE else page), str(kind)

        return _known(self._pages, (request.target, request.host or self._host), find)

    def _owner(self, part: bytes) -> Bot | None:
        """Return a robot in whose published ranges the address at the start of a line is."""

        def find(text: bytes) -> Bot | None:
            address = parse_address(text.decode("ascii", "replace"))
            return None if address is None else self._ranges.owner(address)

        return _known(self._owners, part, find)


def _known(known: dict[_K, _V], key: _K, find: Callable[[_K], _V]) -> _V:
    """Return the value that was found for a key, or find it; the memory is bounded."""
    if key in known:
        return known[key]
    return _bound(known).setdefault(key, find(key))


def _bound(known: dict[_K, _V]) -> dict[_K, _V]:
    """Return a memory, emptied where it is full."""
    if len(known) >= _MAX_KNOWN:
        known.clear()
    return known


def _tabulate(counts: Mapping[Key, int]) -> Fetches:
    if not counts:
        return FETCHES.empty()
    rows = [(*sender, *page, status, n) for (sender, page, status), n in counts.items()]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    by = ["day", "assistant", "bot", "page_id", "status", "verdict", "reason"]
    return FETCHES.typed(frame.sort_values(by, ignore_index=True, kind="stable"))
