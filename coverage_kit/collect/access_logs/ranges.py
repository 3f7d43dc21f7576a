"""Is it really who it says: the address ranges that vendors publish, and how long they hold."""

import json
import os
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import Any, Literal

from coverage_kit.collect.access_logs.bots import Bot, known_bots
from coverage_kit.collect.logs.steady import reading, shown
from coverage_kit.errors import LogError

Address = IPv4Address | IPv6Address
Verdict = Literal["verified", "spoofed", "unverifiable"]
VERIFIED: Verdict = "verified"
SPOOFED: Verdict = "spoofed"
UNVERIFIABLE: Verdict = "unverifiable"

# The snapshot of published lists: where each was published, when it was made (`created`) and read,
# and from which public repository it was copied, since these addresses cannot be asked from here.
_SNAPSHOT = Path(__file__).with_name("bot_ranges.json")
# Days that a list still holds before it was made and after it was read. Lists change by the week
# (OpenAI's) to once in years (Bing's); a quarter is assumed.
MAX_AGE_DAYS = 90
# Addresses within a network of one's own: of a proxy or balancer, never of a visitor.
_INTERNAL_RANGES = (
    "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 ::1 fc00::/7 "
    "fe80::/10"
)
_INTERNAL = tuple(map(ip_network, _INTERNAL_RANGES.split()))
# A list of a vendor has some hundred ranges; a file of more bytes is something else (assumed).
_MAX_BYTES = 32 << 20
_SHAPE = 'JSON of the shape {"creationTime": ..., "prefixes": [{"ipv4Prefix": "192.0.2.0/24"}]}'


@dataclass(frozen=True)
class RangeList:
    """The address ranges of one published list, and the days in which it held.

    Attributes:
        name: name of the vendor's file, such as gptbot.
        first_day: the day on which it was made.
        last_day: the last day on which it was read, and was the published one.
        starts: first address of each range as a number, by version of IP, in order.
        ends: last address of each range.
    """

    name: str
    first_day: date
    last_day: date
    starts: Mapping[int, Sequence[int]] = field(repr=False)
    ends: Mapping[int, Sequence[int]] = field(repr=False)

    def holds_on(self, day: date, max_age_days: int = MAX_AGE_DAYS) -> bool:
        """Return whether the list says something on a request of that day."""
        late = (day - self.last_day).days
        early = (self.first_day - day).days
        return max(late, early) <= max_age_days

    def __contains__(self, address: Address) -> bool:
        number = int(address)
        starts = self.starts[address.version]
        index = bisect_right(starts, number) - 1
        return index >= 0 and number <= self.ends[address.version][index]


@dataclass(frozen=True)
class BotRanges:
    """The lists by name, and how many days each holds beyond those in which it was published."""

    lists: Mapping[str, RangeList]
    max_age_days: int = MAX_AGE_DAYS

    def judge(  # noqa: PLR0911 (a return for each reason)
        self, bot: Bot, address: Address | None, day: date | None
    ) -> tuple[Verdict, str]:
        """Return whether a request that names the robot is its own, and why."""
        if bot.never_fetches:
            return SPOOFED, "a name that never fetches"
        found = self._of(bot)
        if found is None:
            return UNVERIFIABLE, "no published list"
        if address is None:
            return UNVERIFIABLE, "no address logged"
        if day is None:
            return UNVERIFIABLE, "no time logged"
        if not found.holds_on(day, self.max_age_days):
            return UNVERIFIABLE, "the list is of another time"
        if address in found:
            return VERIFIED, "in the published ranges"
        if any(address in network for network in _INTERNAL if network.version == address.version):
            return UNVERIFIABLE, "the address of a proxy, not of the visitor"
        if self.owner(address, bot.assistant):
            return UNVERIFIABLE, "in the ranges of another robot of the same vendor"
        return SPOOFED, "outside the published ranges"

    def owner(self, address: Address, assistant: str = "") -> Bot | None:
        """Return a robot in whose ranges an address is; of this assistant alone, if it is named."""
        return next(
            (
                bot
                for bot in known_bots()
                if assistant in ("", bot.assistant)
                and (found := self._of(bot)) is not None
                and address in found
            ),
            None,
        )

    def _of(self, bot: Bot) -> RangeList | None:
        return next((self.lists[name] for name in bot.lists if name in self.lists), None)


def read_ranges(
    files: Sequence[str] = (), read_at: date | None = None, max_age_days: int = MAX_AGE_DAYS
) -> BotRanges:
    """Return the ranges of the package's snapshot, replaced by those of newer files.

    A file has the shape that vendors publish and the name of the vendor's own file, such as
    gptbot.json, or of the package's snapshot. A list without a time has
    that of its file.

    Args:
        files: files of ranges, or folders of them.
        read_at: the day on which the files were downloaded: until then a list is known to be the
            published one. Without it that is the day on which the vendor made the list.
        max_age_days: days that a list holds before it was made and after it was read.

    Raises LogError for a file that is missing, has another shape, or a name of no known list.
    """
    lists = _read_snapshot(_SNAPSHOT, None)
    for path in _find_files(files):
        lists |= _read_file(path, read_at)
    return BotRanges(lists, max_age_days)


def parse_address(text: str) -> Address | None:
    """Return the address that a field holds, or None.

    An IPv4 address within IPv6 is the IPv4 address. A port and brackets are dropped, and of a list,
    as in X-Forwarded-For, the first address counts.

    >>> parse_address("::ffff:203.0.113.5"), parse_address("203.0.113.5, 10.0.0.1")
    (IPv4Address('203.0.113.5'), IPv4Address('203.0.113.5'))
    """
    first = text.split(",", 1)[0].strip().strip('"')
    if first.startswith("["):
        first = first[1:].split("]", 1)[0]
    elif first.count(":") == 1:
        first = first.split(":", 1)[0]
    try:
        address = ip_address(first.split("%", 1)[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=1)
def list_names() -> tuple[str, ...]:
    """Return the names of all lists that robots have, the longest first."""
    names = {name for bot in known_bots() for name in bot.lists}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def _find_files(names: Sequence[str]) -> list[Path]:
    paths = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(path.glob("*.json"))
            if not found:
                cure = "Name the folder that holds the vendors' lists."
                raise LogError(shown(path), "a folder with lists (.json)", "none", cure)
            paths += found
        elif path.is_file():
            paths.append(path)
        else:
            cure = "Correct the path under [fetches] bot_ranges."
            raise LogError(shown(path), "a file of address ranges", "no such file", cure)
    return paths


def _read_file(path: Path, read_at: date | None) -> dict[str, RangeList]:
    values = _load(path)
    if "prefixes" not in values:
        return _read_snapshot(path, read_at)
    stem = path.stem.lower()
    name = next((name for name in list_names() if name in stem), None)
    if name is None:
        cure = f"Give it the vendor's name: {', '.join(sorted(list_names()))}."
        raise LogError(shown(path), "a file named as its vendor's list", path.name, cure)
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    created = _day(values.get("creationTime")) or modified
    prefixes = _prefixes(values["prefixes"], path)
    made = _make(name, (created, max(created, read_at or created)), prefixes, path)
    # A robot takes the first of its lists: one that a person brings is the only one.
    aliases = {alias for bot in known_bots() if name in bot.lists for alias in bot.lists}
    return dict.fromkeys(aliases, made)


def _read_snapshot(path: Path, read_at: date | None) -> dict[str, RangeList]:
    lists = {}
    for name, values in _load(path).items():
        if not isinstance(values, dict) or "prefixes" not in values:
            raise LogError(shown(path), _SHAPE, f"no prefixes in {name}", "Download it again.")
        first, last = _day(values.get("created")), _day(values.get("read"))
        if first is None or last is None:
            cure = "Say when it was made (created) and read."
            raise LogError(shown(path), f"the days of the list {name}", "none", cure)
        days = (first, max(last, read_at or last))
        lists[name] = _make(name, days, _prefixes(values["prefixes"], path), path)
    return lists


def _load(path: Path) -> dict[str, Any]:
    with reading(shown(path)):
        with path.open("rb") as stream:
            text = stream.read(_MAX_BYTES + 1)
        values = json.loads(text.decode("utf-8-sig")) if len(text) <= _MAX_BYTES else None
    if not isinstance(values, dict):
        cure = f"Download it again ({os.fspath(path.name)})."
        raise LogError(shown(path), _SHAPE, type(values).__name__, cure)
    return values


def _prefixes(values: Any, path: Path) -> list[str]:
    """Return the prefixes of a list, which are texts or objects. Raises LogError without any."""
    prefixes = [
        str(text)
        for value in (values if isinstance(values, list) else [])
        for text in (
            [value]
            if isinstance(value, str)
            else [value[key] for key in ("ipv4Prefix", "ipv6Prefix") if value.get(key)]
            if isinstance(value, dict)
            else []
        )
    ]
    if not prefixes:
        raise LogError(shown(path), _SHAPE, "no prefix", "Download it again.")
    return prefixes


def _make(name: str, days: tuple[date, date], prefixes: Iterable[str], path: Path) -> RangeList:
    networks: dict[int, list[Any]] = {4: [], 6: []}
    for prefix in prefixes:
        try:
            network: IPv4Network | IPv6Network = ip_network(prefix.strip(), strict=False)
        except ValueError:
            raise LogError(shown(path), "an address range", prefix, "Download it again.") from None
        networks[network.version].append(network)
    merged = {version: list(collapse_addresses(of)) for version, of in networks.items()}
    return RangeList(
        name,
        *days,
        {version: [int(net.network_address) for net in of] for version, of in merged.items()},
        {version: [int(net.broadcast_address) for net in of] for version, of in merged.items()},
    )


def _day(value: Any) -> date | None:
    try:
        return datetime.fromisoformat(str(value)).date() if value else None
    except ValueError:
        return None
