"""Who owns a cited host, and whether its pages are written by users, as those of forums are."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import pandas as pd

T = TypeVar("T")

# The table of community sites: each domain with its kind, such as forum or video.
_KINDS = Path(__file__).parent / "site_kinds.csv"
# Second-level labels under which countries register names: "co" of ".co.uk".
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "go", "ne", "net", "or", "org"})


def site_owner(hosts: "pd.Series[str]", owners: Mapping[str, str]) -> "pd.Series[str]":
    """Return for each host the label of its owner's domain; hosts without an owner are unchanged.

    A host is the domain or a subdomain of it. The longest of several domains wins. A leading 'www.'
    or '*.' and case make no difference.

    >>> site_owner(pd.Series(["help.ours.com", "notours.com"]), {"ours.com": "Ours"}).to_list()
    ['Ours', 'notours.com']
    """
    by_domain = {bare_domain(domain): label for domain, label in owners.items()}
    labels = {host: _lookup(host, by_domain) for host in hosts.unique()}
    return hosts.map(
        {host: host if label is None else label for host, label in labels.items()}
    ).astype("str")


def site_kind(site: str, community: Collection[str] = ()) -> str:
    """Return the kind of a community site, such as 'forum' or 'video', and '' for any other site.

    A site is a community when its host is, or is a subdomain of, a domain in site_kinds.csv or in
    `community` (then 'community').

    >>> site_kind("old.reddit.com"), site_kind("notreddit.com")
    ('forum', '')
    """
    added = dict.fromkeys(map(bare_domain, community), "community")
    return _lookup(site, {**_read_kinds(), **added}) or ""


def main_label(host: str) -> str:
    """Return the label of a host that identifies its owner, without public suffix and subdomains.

    Two-label suffixes are recognised by their form, such as .co.uk and .com.au: enough for a name,
    not for security.

    >>> main_label("support.logitech.com"), main_label("shop.acme.co.uk")
    ('logitech', 'acme')
    """
    labels = bare_domain(host).split(".")
    # ".co.uk" has two labels, ".com" one.
    n_suffix = 2 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 1
    return labels[max(0, len(labels) - n_suffix - 1)]


def _lookup(host: str, by_domain: Mapping[str, T]) -> T | None:
    return next(
        (by_domain[domain] for domain in _domains(host) if domain in by_domain),
        None,
    )


def _domains(host: str) -> Iterator[str]:
    """Yield the host and the domains above it, the longest first."""
    labels = bare_domain(host).split(".")
    return (".".join(labels[start:]) for start in range(len(labels)))


def bare_domain(host: str) -> str:
    """Return a host as it is compared.

    Settings may write it as a URL, or with www. or *.
    """
    host = re.sub(r"^https?://|[/?#].*$", "", host.strip(), flags=re.IGNORECASE)
    return host.lower().rstrip(".").removeprefix("*.").removeprefix("www.")


@cache
def _read_kinds() -> Mapping[str, str]:
    text = _KINDS.read_text(encoding="utf-8")
    return {row["domain"]: row["kind"] for row in csv.DictReader(text.splitlines())}
