"""One spelling for each URL, so that the pages of a site and the citations of a log meet."""

import posixpath
import re
import string
from urllib.parse import SplitResult, quote, urlsplit

_TRACKING = re.compile(
    r"^(utm_.*|mtm_.*|pk_.*|hsa_.*|_hs.*|gclid|gclsrc|gbraid|wbraid|dclid|gad_.*|srsltid|fbclid|msclkid|yclid|ysclid"
    r"|twclid|ttclid|li_fat_id|igshid|igsh|mc_cid|mc_eid|mkt_tok|_ga|_gl|vero_id|oly_enc_id|oly_anon_id|wickedid)$",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_INDEX = re.compile(r"/(index\.html?)?$", re.IGNORECASE)


def canonical_url(url: str) -> str:
    """Return the one spelling of a URL; any text that is no http(s) URL is returned stripped.

    Lower-case scheme and host; no fragment, credentials, default port, tracking parameters,
    index.html or trailing slash; `..` resolved, percent-encoding normalised, parameters sorted.

    >>> canonical_url("HTTPS://Example.com:443/a/../b/index.html?utm_source=x&z=1&a=2#top")
    'https://example.com/b?a=2&z=1'
    """
    text = url.strip()
    parts = split_http(text)
    if parts is None:
        return text
    query = _canonical_query(parts.query)
    return f"{parts.scheme}://{_authority(parts)}{_canonical_path(parts.path)}{'?' if query else ''}{query}"


def site_name(url: str) -> str:
    """Return the host of an http(s) URL without `www.`, or empty text when there is none.

    >>> site_name("https://www.Example.com:8080/a")
    'example.com'
    """
    parts = split_http(url)
    return _without_www(_host(parts)) if parts is not None else ""


def page_id(url: str) -> str:
    """Return the canonical URL without scheme and leading `www.`: one id for a page however it is reached.

    >>> page_id("http://www.example.com/a/")
    'example.com/a'
    """
    return url_names(url)[2]


def url_names(url: str) -> tuple[str, str, str]:
    """Return a URL's canonical spelling, its site's name and its page's id, as the functions above do one by one.

    >>> url_names("http://www.example.com/a/?utm_source=x")
    ('http://www.example.com/a', 'example.com', 'example.com/a')
    """
    canonical = canonical_url(url)
    parts = split_http(canonical)
    if parts is None:
        return canonical, "", canonical
    return (
        canonical,
        _without_www(_host(parts)),
        _without_www(canonical.split("://", 1)[1]),
    )


def site_scope(url: str) -> str:
    """Return host without `www.` and port unless default: what two URLs of one site share; empty when there is none."""
    parts = split_http(url)
    return _without_www(_authority(parts)) if parts is not None else ""


def split_http(url: str) -> SplitResult | None:
    """Return the parts of an absolute http(s) URL that has a host and a valid port, otherwise None."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in _DEFAULT_PORTS and bool(_host(parts)) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".").lower()
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii").rstrip(".").lower()
    except UnicodeError:
        return quote(host, safe="").lower()


def _authority(parts: SplitResult) -> str:
    host = _host(parts)
    host = f"[{host}]" if ":" in host else host
    is_default = parts.port in (None, _DEFAULT_PORTS[parts.scheme])
    return host if is_default else f"{host}:{parts.port}"


def _without_www(host: str) -> str:
    return host.removeprefix("www.") if host.count(".") > 1 else host


def _canonical_path(path: str) -> str:
    path = "/" + _normalise(path, "!$&'()*+,;=:@/").lstrip("/")
    path = posixpath.normpath(path)
    while path != (shorter := _INDEX.sub("", path)):
        path = shorter
    return path or "/"


def _canonical_query(query: str) -> str:
    pairs = [_normalise(pair, "!$'()*+,;:@/?=") for pair in query.split("&") if pair]
    return "&".join(sorted(pair for pair in pairs if not _TRACKING.match(pair.split("=", 1)[0])))


def _normalise(text: str, allowed: str) -> str:
    """Return the text with unreserved characters plain, `allowed` as they were, and the rest as %XX."""

    def plain(escape: re.Match[str]) -> str:
        character = chr(int(escape[1], 16))
        return character if character in _UNRESERVED else f"%{escape[1].upper()}"

    whole = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    return quote(_ESCAPE.sub(plain, whole), safe=allowed + "%", errors="replace")
