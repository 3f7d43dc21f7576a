"""What was asked for: a page, a file of the site, a file for robots, or a weakness to attack."""

import re
from collections.abc import Collection
from typing import Literal
from urllib.parse import unquote, urlsplit

from coverage_kit.collect.urls import page_id

Kind = Literal["page", "file", "robots", "probe"]
PAGE: Kind = "page"
FILE: Kind = "file"
ROBOTS: Kind = "robots"
PROBE: Kind = "probe"

# Looked for by attackers, and by no reader: dot-files (but for /.well-known/), the entrances of
# common systems, scripts, dumps and paths that leave the site. Assumed, from public lists.
_PROBE = re.compile(
    r"(^|/)\.(?!well-known(/|$))|\.\./|\x00|[<>`]|\$\{"
    r"|(^|/)(wp-(admin|login|config|includes|content/plugins|json/wp/v2/users)"
    r"|xmlrpc\.php|phpmyadmin|phpinfo|pma|myadmin|cgi-bin|phpunit|eval-stdin|actuator|boaform"
    r"|hnap1|owa|autodiscover|solr|jenkins|server-status|_ignition|etc/passwd)"
    r"|^/(admin|administrator|backups?)(/|$|\.)"
    r"|\.(env|sql|bak|old|swp|pem|key|ini|log|ya?ml|cgi)$",
    re.IGNORECASE,
)
# What attackers write into parameters.
_PROBE_QUERY = re.compile(r"\.\./|/etc/passwd|\.env\b|<script|\$\{|union\s+select", re.IGNORECASE)
_ROBOTS = re.compile(
    r"^/(robots\.txt|llms(-full)?\.txt|ads\.txt|security\.txt|\.well-known/.*"
    r"|[^/]*sitemap[^/]*\.(xml|txt)(\.gz)?|sitemaps?/.*)$",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\.(css|m?js|map|json|xml|rss|atom|png|jpe?g|gif|svg|webp|avif|ico|bmp|woff2?|ttf|otf|eot"
    r"|mp[34]|webm|ogg|wav|mov|zip|gz|tar|tgz|rar|7z|exe|dmg|apk|wasm|webmanifest)$|/feed/?$",
    re.IGNORECASE,
)


def name_page(target: str, host: str, own_pages: Collection[str] = ()) -> tuple[str, Kind]:
    """Return the page id of a requested path or URL, and what kind of thing it is.

    A page of the site is one, whatever its name; its parameters are dropped where it has none.

    >>> name_page("/guides/Chains/?utm_source=x", "www.shop.example")
    ('shop.example/guides/Chains', 'page')
    """
    absolute = target if "://" in target.split("?", 1)[0] else f"https://{host}{_rooted(target)}"
    identity = page_id(absolute)
    bare = page_id(absolute.split("?", 1)[0])
    if bare in own_pages and identity not in own_pages:
        identity = bare
    if identity in own_pages:
        return identity, PAGE
    try:
        path = unquote(urlsplit(absolute).path)
    except ValueError:
        return identity, PROBE
    if _ROBOTS.search(path):
        return identity, ROBOTS
    parameters = unquote(target.partition("?")[2])
    if _PROBE.search(path) or _PROBE_QUERY.search(parameters):
        return identity, PROBE
    return identity, FILE if _FILE.search(path) else PAGE


def _rooted(target: str) -> str:
    return target if target.startswith("/") else f"/{target}"
