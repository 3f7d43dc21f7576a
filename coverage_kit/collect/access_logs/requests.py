"""One request of a log, in whatever form the server writes it."""

import re
from calendar import month_abbr
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson

from coverage_kit.collect.access_logs.ranges import parse_address

Form = Literal["combined", "common", "JSON", "CSV"]
COMBINED: Form = "combined"
COMMON: Form = "common"
JSON: Form = "JSON"
CSV: Form = "CSV"


class UnreadableError(ValueError):
    """A line that names a robot and cannot be read; its text is the reason."""


class Request(NamedTuple):
    """One request; a tuple, since a log holds millions.

    `address` is that of the visitor as the log writes it, empty without one; `day` is in UTC;
    `status` is 0 where the log has none; `host` is empty where the log has none; `n` is how many
    requests the row counts.
    """

    address: str
    day: date | None
    host: str
    target: str
    status: int
    agent: bytes
    n: int = 1


# nginx and Apache: `[vhost ]address[, address] identity user [time] "request" status bytes
# ["referrer" "agent"] …`; a quote within quotes is escaped by a backslash.
_LINE = re.compile(
    rb'([^\[]*?)\s*\[([^\]]{10,40})\] "((?:[^"\\]|\\.)*)" (\d{3}|-) (\d+|-)'
    rb'(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?(.*)',
    re.DOTALL,
)
# What every such line has once: the end of its time, and the start of its request.
SHAPE = b'] "'
# An Apache time, `10/Oct/2026:13:55:36 +0200`.
_MONTHS = {name.lower(): number for number, name in enumerate(month_abbr)}
# A time as a number is in seconds, milliseconds, microseconds or nanoseconds: the first of these
# bounds above it says which (from 1973 to 5138 in seconds).
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))

# Names of fields and columns without regard to case and signs, in order of preference: those of
# nginx, Caddy, Cloudflare, and of tables that plugins and people write.
_ALIASES = {
    "address": "requestclientip clientip requestremoteip realip cfconnectingip remoteip remoteaddr "
    "remoteaddress remotehost ipaddress ip visitorip clientaddress clienthost sourceip "
    "sourceaddress cip httpxforwardedfor xforwardedfor requestheadersxforwardedfor",
    "forwarded": "httpxforwardedfor xforwardedfor requestheadersxforwardedfor",
    "time": "edgestarttimestamp timeiso8601 timelocal ts timestamp datetime date day datehour "
    "startutc visitedat createdat requestedat time msec",
    "host": "requesthost clientrequesthost httphost urldomain host servername vhost domain",
    "target": "requesturi clientrequesturi uri urloriginal clientrequestpath path urlpath "
    "requestpath csuristem url requesturl page pageurl pagepath request",
    "status": "status edgeresponsestatus responsestatus statuscode httpstatus httpstatuscode "
    "httpresponsestatuscode responsecode scstatus downstreamstatus code originresponsestatus",
    "agent": "requestheadersuseragent httpuseragent clientrequestuseragent useragentoriginal "
    "useragent csuseragent requestuseragent agent ua crawler crawlername bot botname",
    "n": "count hits requests visits numberofrequests fetches",
}
_FIELDS = {field: tuple(names.split()) for field, names in _ALIASES.items()}
_NO_SIGNS = re.compile(r"[\W_]+")


def parse_line(line: bytes) -> Request:
    """Return the request of a line of nginx or Apache. Raises UnreadableError."""
    # Most lines are split at their quotes, which is faster than the expression.
    parts = line.split(b'"')
    counts = parts[2].split() if len(parts) >= 6 else ()
    head, _, time = parts[0].partition(b"[")
    if len(counts) == 2 and b"\\" not in line and time.endswith(b"] "):
        address, host = _head(head.rstrip())
        time, request, status, agent = time[:-2], parts[1], counts[0], parts[5]
    else:
        found = _LINE.match(line)
        if found is None:
            raise UnreadableError("a line that is no request, or is cut off")
        head, time, request, status, _, _, agent, _ = found.groups()
        address, host = _head(head)
    if status != b"-" and not (len(status) == 3 and status.isdigit()):
        raise UnreadableError("a line that is no request, or is cut off")
    return Request(
        address=address,
        day=_apache_day(time),
        host=host,
        target=_target(request),
        status=0 if status == b"-" else int(status),
        agent=agent or b"",
    )


def has_agent(line: bytes) -> bool:
    """Return whether a line of nginx or Apache holds a user agent."""
    found = _LINE.match(line)
    return found is not None and found[7] is not None


def parse_json(line: bytes) -> Request | None:
    """Return the request of a line of JSON, None for a message of the server that is none.

    Raises UnreadableError for a line that is no object, or a request without its path.
    """
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise UnreadableError("a line that is no JSON, or is cut off") from None
    if not isinstance(values, dict):
        raise UnreadableError("a line of JSON that is no object")
    cells = dict(_flatten(values))
    names = _columns(tuple(cells))
    if "agent" not in names and "target" not in names:
        return None
    return _request(cells, names)


def csv_columns(header: Iterable[str]) -> dict[str, str]:
    """Return the columns of a table by field; without `target` and `agent` it is no access log."""
    return _columns(tuple(header))


def parse_cells(cells: Mapping[str, Any], names: Mapping[str, str]) -> Request:
    """Return the request of a row of a table. Raises UnreadableError for one without its path."""
    return _request(cells, names)


def parse_day(value: Any) -> date | None:
    """Return the day in UTC of a time as text or number, or None.

    >>> parse_day("2026-10-02T23:30:00-02:00"), parse_day(1790985600000000000)
    (datetime.date(2026, 10, 3), datetime.date(2026, 10, 3))
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _number_day(float(value))
    text = str(value).strip().strip("[]")
    try:
        return _number_day(float(text)) if not re.fullmatch(r"\d{8}", text) else _iso_day(text)
    except ValueError:
        pass
    return _apache_day(text.encode()) or _iso_day(text)


@lru_cache(maxsize=65_536)
def _head(head: bytes) -> tuple[str, str]:
    """Return address and host of what comes before the time: `[host] addresses identity user`."""
    parts = head.split(b" ")
    for index, part in enumerate(parts[:2]):
        # The dash of a missing address has those of identity and user after it.
        if (part == b"-" and len(parts) >= index + 3) or _is_address(part):
            host = parts[0].decode("utf-8", "replace") if index else ""
            address = "" if part == b"-" else part.decode("ascii", "replace").rstrip(",")
            return address, host.rsplit(":", 1)[0]
    # A name instead of the address (HostnameLookups): it may be forged, so it is no address.
    return "", ""


def _is_address(part: bytes) -> bool:
    return parse_address(part.decode("ascii", "replace")) is not None


@lru_cache(maxsize=65_536)
def _target(request: bytes) -> str:
    """Return the path of a request line, `GET /a HTTP/1.1`, or of a path alone."""
    parts = request.decode("utf-8", "replace").strip().split(" ")
    if len(parts) == 1:
        target = parts[0]
    else:
        has_version = parts[-1].startswith("HTTP/")
        target = " ".join(parts[1:-1] if has_version and len(parts) > 2 else parts[1:])
    if not target.startswith("/") and "://" not in target:
        raise UnreadableError("a request without a path")
    return target


def _request(cells: Mapping[str, Any], names: Mapping[str, str]) -> Request:
    def text(field: str) -> str:
        value = cells.get(names.get(field, ""), "")
        if isinstance(value, list):
            value = value[0] if value else ""
        return "" if value is None else str(value).strip()

    if not text("target"):
        raise UnreadableError("a request without a path")
    target = text("target")
    status = text("status").removesuffix(".0")
    address = text("address")
    if _is_internal(address) and text("forwarded"):
        address = text("forwarded")
    return Request(
        address="" if address in ("-", "unknown") else address,
        day=parse_day(cells.get(names.get("time", ""))),
        host=text("host").rsplit(":", 1)[0],
        target=_target(target.encode()) if " " in target else _with_slash(target),
        status=int(status) if status.isdecimal() and len(status) == 3 else 0,
        agent=text("agent").encode(),
        n=_count(text("n")),
    )


def _with_slash(target: str) -> str:
    return target if target.startswith("/") or "://" in target else f"/{target}"


def _is_internal(address: str) -> bool:
    return address.startswith(("10.", "192.168.", "127.", "::1", "fc", "fd")) or bool(
        re.match(r"172\.(1[6-9]|2\d|3[01])\.", address)
    )


def _count(text: str) -> int:
    if not text:
        return 1
    number = text.replace(",", "").removesuffix(".0")
    if not number.isdecimal():
        raise UnreadableError(f"a number of requests was expected, found {text[:40]!r}")
    return int(number)


def _flatten(
    values: Mapping[str, Any], prefix: str = "", depth: int = 0
) -> Iterable[tuple[str, Any]]:
    """Yield the values of an object under the names that lead to them, four levels deep."""
    for name, value in values.items():
        path = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, dict) and depth < 4:
            yield from _flatten(value, path, depth + 1)
        else:
            yield path, value


@lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> dict[str, str]:
    """Return the name of each field that these names have, by field."""
    plain = {_NO_SIGNS.sub("", name).lower(): name for name in reversed(names)}
    found = {}
    for field, aliases in _FIELDS.items():
        name = next((plain[alias] for alias in aliases if alias in plain), None)
        if name is not None:
            found[field] = name
    return found


@lru_cache(maxsize=65_536)
def _apache_day_of_minute(text: bytes) -> date | None:
    """Return the day in UTC of a time without seconds: day, month, year, hour, minute and zone."""
    try:
        day, month, year = text[:2], text[3:6].decode().lower(), text[7:11]
        hour, minute, zone = int(text[12:14]), int(text[15:17]), text[17:].strip().decode()
        at = datetime(int(year), _MONTHS[month], int(day), hour, minute, tzinfo=UTC)
        ahead = timedelta(hours=int(zone[1:3] or 0), minutes=int(zone[3:5] or 0))
        return (at + ahead if zone.startswith("-") else at - ahead).date()
    except (ValueError, KeyError, OverflowError):
        return None


def _apache_day(time: bytes) -> date | None:
    if time[2:3] != b"/":
        return _iso_day(time.decode("ascii", "replace"))
    return _apache_day_of_minute(time[:17] + time[20:].strip())


def _iso_day(text: str) -> date | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            at = datetime.fromisoformat(text[:19])
        except ValueError:
            return None
    return (at if at.tzinfo is None else at.astimezone(UTC)).date()


def _number_day(number: float) -> date | None:
    if not 1e8 <= number < 1e20:
        return None
    divisor = next(unit for bound, unit in _UNITS if number < bound)
    return datetime.fromtimestamp(number / divisor, UTC).date()
