"""One spelling for each URL, to join the pages of a site with the citations of a log."""

import posixpath
import re
import string
from urllib.parse import SplitResult, quote, urlsplit

# Parameters of advertising and newsletters, such as utm_source, gclid or fbclid. They do not
# change the page.
_TRACKING = re.compile(
    r"^(utm_.*|mtm_.*|pk_.*|hsa_.*|_hs.*|gclid|gclsrc|gbraid|wbraid|dclid|gad_.*|srsltid|fbclid"
    r"|msclkid|yclid|ysclid|twclid|ttclid|li_fat_id|igshid|igsh|mc_cid|mc_eid|mkt_tok"
    r"|_ga|_gl|vero_id|oly_enc_id|oly_anon_id|wickedid)$",
    re.IGNORECASE,
)
# The schemes that are read, each with the port that a URL may leave out.
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Characters that a URL never needs to escape (RFC 3986).
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
# An escaped byte such as "%2F".
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
# A trailing slash, with or without index.html.
_INDEX = re.compile(r"/(index\.html?)?$", re.IGNORECASE)


def canonical_url(url: str) -> str:
    """Return the one spelling of a URL; text that is no http(s) URL is returned stripped.

    Scheme and host are in lower case. Fragment, credentials, default port, tracking parameters,
    index.html and a trailing slash are removed. `..` is resolved, percent-encoding is normalised,
    and parameters are sorted.

    >>> canonical_url("HTTPS://Example.com:443/a/../b/index.html?utm_source=x&z=1&a=2#top")
    'https://example.com/b?a=2&z=1'
    """
    text = url.strip()
    split_url = split_http(text)
    if split_url is None:
        return text
    path = _canonical_path(split_url.path)
    query = _canonical_query(split_url.query)
    return f"{split_url.scheme}://{_authority(split_url)}{path}{'?' if query else ''}{query}"


def site_name(url: str) -> str:
    """Return the host of an http(s) URL without `www.`, or empty text when there is none.

    >>> site_name("https://www.Example.com:8080/a")
    'example.com'
    """
    split_url = split_http(url)
    return _without_www(_host(split_url)) if split_url is not None else ""


def page_id(url: str) -> str:
    """Return the canonical URL without scheme and leading `www.`: one id for each page.

    >>> page_id("http://www.example.com/a/")
    'example.com/a'
    """
    return url_names(url)[2]


def url_names(url: str) -> tuple[str, str, str]:
    """Return a URL's canonical spelling, its `site_name` and its `page_id`.

    >>> url_names("http://www.example.com/a/?utm_source=x")
    ('http://www.example.com/a', 'example.com', 'example.com/a')
    """
    canonical = canonical_url(url)
    split_url = split_http(canonical)
    if split_url is None:
        return canonical, "", canonical
    return (
        canonical,
        _without_www(_host(split_url)),
        _without_www(canonical.split("://", 1)[1]),
    )


def site_scope(url: str) -> str:
    """Return the host without `www.`, and the port unless it is the default.

    URLs of one site share this text. It is empty where the URL has no host.
    """
    split_url = split_http(url)
    return _without_www(_authority(split_url)) if split_url is not None else ""


def host_scope(host: str) -> str:
    """Return the `site_scope` of a host as settings name it: www.example.com, or an address.

    >>> host_scope("www.example.com"), host_scope("http://example.com:8080/a")
    ('example.com', 'example.com:8080')
    """
    return site_scope(host if "://" in host else f"https://{host}")


def split_http(url: str) -> SplitResult | None:
    """Return the parts of an absolute http(s) URL with a host and a valid port, or None."""
    try:
        split_url = urlsplit(url.strip())
        is_usable = (
            split_url.scheme in _DEFAULT_PORTS and bool(_host(split_url)) and split_url.port != 0
        )
    except ValueError:
        return None
    return split_url if is_usable else None


def _host(split_url: SplitResult) -> str:
    host = (split_url.hostname or "").rstrip(".").lower()
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii").rstrip(".").lower()
    except UnicodeError:
        return quote(host, safe="").lower()


def _authority(split_url: SplitResult) -> str:
    host = _host(split_url)
    host = f"[{host}]" if ":" in host else host
    is_default = split_url.port in (None, _DEFAULT_PORTS[split_url.scheme])
    return host if is_default else f"{host}:{split_url.port}"


def _without_www(host: str) -> str:
    # Of a host such as www.com only "com" would be left.
    return host.removeprefix("www.") if host.count(".") > 1 else host


def _canonical_path(path: str) -> str:
    path = "/" + _normalise(path, "!$&'()*+,;=:@/").lstrip("/")
    path = posixpath.normpath(path)
    # Again and again, because "/a/index.html/" ends in a slash, and then in index.html.
    shorter = _INDEX.sub("", path)
    while path != shorter:
        path = shorter
        shorter = _INDEX.sub("", path)
    return path or "/"


def _canonical_query(query: str) -> str:
    pairs = [_normalise(pair, "!$'()*+,;:@/?=") for pair in query.split("&") if pair]
    return "&".join(sorted(pair for pair in pairs if not _TRACKING.match(pair.split("=", 1)[0])))


def _normalise(text: str, allowed: str) -> str:
    """Return the text with its escapes normalised.

    Unreserved characters are plain, `allowed` characters stay as they were, and all others are
    written as %XX.
    """

    def plain(escape: re.Match[str]) -> str:
        character = chr(int(escape[1], 16))
        return character if character in _UNRESERVED else f"%{escape[1].upper()}"

    escaped = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    return quote(_ESCAPE.sub(plain, escaped), safe=allowed + "%", errors="replace")
