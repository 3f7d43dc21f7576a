"""Logins to sites behind a password, as the URLs of settings hold them: https://user:pass@host/.

A login is remembered in this process and sent to its host alone. The URL goes on without it, so
that no table, report, file name, log or error can hold it.
"""

import base64
from urllib.parse import SplitResult, unquote, urlsplit

from coverage_kit.net.secret import Secret

# The header Authorization for each scheme, host and port.
_LOGINS: dict[tuple[str, str, int], Secret] = {}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def take_login(url: str) -> str:
    """Return a URL without user and password, and remember them for requests to its host."""
    split_url = _split(url)
    if split_url is None or split_url.username is None:
        return without_login(url)
    pair = f"{unquote(split_url.username)}:{unquote(split_url.password or '')}"
    origin = _origin(split_url)
    if origin is not None:
        _LOGINS[origin] = Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")
    return without_login(url)


def without_login(url: str) -> str:
    """Return a URL without user and password; text that is no URL with a host stays as it is.

    >>> without_login("https://user:pass@example.com/a?b=c@d"), without_login("folder/a@b")
    ('https://example.com/a?b=c@d', 'folder/a@b')
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    # The host ends at the first of these (RFC 3986; a backslash as browsers read it).
    end = min((at for mark in "/?#\\" if (at := rest.find(mark)) >= 0), default=len(rest))
    return f"{scheme}://{rest[:end].rpartition('@')[2]}{rest[end:]}"


def login_headers(url: str) -> dict[str, str]:
    """Return the header Authorization for a URL; nothing where no login to its host is known."""
    split_url = _split(url)
    login = _LOGINS.get(_origin(split_url) or ("", "", 0)) if split_url is not None else None
    return {"Authorization": login.reveal()} if login is not None else {}


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return None


def _origin(split_url: SplitResult) -> tuple[str, str, int] | None:
    try:
        port = split_url.port or _DEFAULT_PORTS[split_url.scheme]
    except (ValueError, KeyError):
        return None
    return split_url.scheme, (split_url.hostname or "").rstrip("."), port
