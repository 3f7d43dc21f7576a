"""Which parts of an HTML page readers do not read, and which words lead to a hidden part.

Structure, roles, ids and classes decide; words do for links that skip to the content. Both trees of
a page are judged here (page_elements.py says why).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from coverage_kit.text.length import count_words
from coverage_kit.text.page_elements import (
    Element,
    class_names,
    has_attribute,
    heading_level,
    opens_section,
)
from coverage_kit.text.page_markup import INLINE, READER_CLASSES, SKIPPED, SKIPPED_ROLES

# Ids and classes of the consent tools that most sites use: OneTrust, Cookiebot, Usercentrics,
# Klaro, Didomi, Quantcast, CookieYes, Complianz, Borlabs, TrustArc, iubenda, Osano, Termly,
# Axeptio, tarteaucitron, Sourcepoint, HubSpot, Shopify, Cookie Information, consentmanager, Moove,
# and the two libraries called cookieconsent.
_CONSENT_TOOLS = re.compile(
    r"(?:onetrust|ot-sdk-|cybotcookiebot|cookiebot-|usercentrics|uc-banner|klaro|cookie-modal"
    r"|didomi|qc-cmp2|cky-|cmplz|borlabscookie|borlabs-cookie|cookie-law-info|truste-|trustarc"
    r"|iubenda-cs|osano-cm|termly-|axeptio|tarteaucitron|sp_message|hs-eu-cookie|shopify-pc__"
    r"|coioverlay|cookie-information-|cmpbox|cmpwrapper|moove_gdpr|moove-gdpr|cc-window|cc-banner"
    r"|cc-main|cookiefirst|cookiescript|wpgdpr|wt-cli-|catapult-cookie|eu-cookie-compliance"
    r"|sliding-popup|pea_cook|gdpr-cookie)"
)
# Ids and classes of notices of a site's own making; they need a control, too.
_CONSENT = re.compile(
    r"(?:cookies?|consent|gdpr)[-_]*(?:banner|bar|consent|notice|popup|pop-up|message|alert|overlay"
    r"|modal|dialog|disclaimer|wall|warning|info|law|policy|manager)s?(?:[-_].*)?"
)
# A longer text about cookies is content (assumed).
_MAX_CONSENT_WORDS = 200


class _Part(NamedTuple):
    """A part of a page that is no content.

    `names` are its ids and classes, `linked` is the share of its words that must be links,
    `max_words` its largest number of words (both assumed); `needs_control` says that it has a form,
    a button or a link.
    """

    names: re.Pattern[str]
    linked: float
    max_words: int
    needs_control: bool = False


# So many words may name a list of links, such as "On this page" (assumed).
_LABEL_WORDS = 4
_PARTS = {
    "trail": _Part(
        re.compile(r"(?:yoast-|rank-math-|woocommerce-)?bread-?crumbs?(?:[-_].*)?"), 0.0, 40
    ),
    "share": _Part(
        re.compile(
            r"(?:social|share|sharing|post-share|entry-share|article-share|page-share)"
            r"(?:[-_]+(?:buttons?|links?|icons?|bar|widgets?|list|tools|post|this|media|wrapper))*"
            r"|sharedaddy|sd-sharing|addtoany.*|addthis.*|a2a_kit|sharethis.*"
        ),
        0.0,
        40,
    ),
    "pagination": _Part(
        re.compile(
            r"pagination(?:[-_].*)?|pager|paginator|page-navigation|posts?-navigation|nav-links"
            r"|prev-?next(?:[-_].*)?|next-prev|page-nav|pager-nav|article-nav"
        ),
        0.5,
        80,
    ),
    "contents": _Part(
        re.compile(
            r"toc(?:[-_].*)?|.*[-_]toc|tocwrapper|table-?of-?contents?(?:[-_].*)?|on-this-page"
            r"|in-page-nav|contents|jump-?links?|anchor-links"
        ),
        0.5,
        2_000,
    ),
    "related": _Part(
        re.compile(
            r"(?:related|recommended|recommendations?|more|read-next|see-more|yarpp)"
            r"(?:[-_]+(?:posts?|articles?|stories|contents?|readings?|products?|links?|news|items?"
            r"|related|from|for|section|cards?|list|block|wrapper|container|widget))+"
            r"|related|yarpp|jp-relatedposts|read-next|you-may-also-like|also-like|up-sells"
            r"|cross-sells|taboola.*|outbrain.*"
        ),
        0.2,
        400,
    ),
    "tags": _Part(
        re.compile(r"(?:(?:post|entry|article)-)?tags?(?:-links|-list|-cloud)?|tagcloud|cat-links"),
        0.8,
        60,
    ),
    "edit": _Part(
        re.compile(
            r"(?:theme-)?edit-(?:this-)?page(?:-link)?|edit-link|editlink|edit-on-.*|page-edit"
            r"|view-source"
        ),
        0.5,
        20,
    ),
    "letter": _Part(
        re.compile(
            r".*newsletter.*|mc_embed_.*|subscri(?:be|ption)(?:[-_].*)?|sign-?up(?:[-_].*)?"
            r"|mailing-?list.*|email-?capture.*"
        ),
        0.0,
        80,
        needs_control=True,
    ),
    "vote": _Part(
        re.compile(
            r".*feedback.*|.*helpful.*|article-votes.*|page-rating|rate-this.*|.*-rating|wasthis.*"
        ),
        0.0,
        40,
        needs_control=True,
    ),
    "search": _Part(
        re.compile(r"search(?:[-_](?:form|box|bar|field|wrapper|container|input))*"),
        0.0,
        40,
        needs_control=True,
    ),
}
# Ids and classes of what readers wrote.
_COMMENTS = frozenset(
    {
        "comments",
        "comments-area",
        "comment-list",
        "commentlist",
        "comments-section",
        "comment-section",
        "disqus_thread",
        "respond",
        "post-comments",
        "article-comments",
    }
)
# Ids and classes of what opens over the page, or is a menu.
_OVERLAY = re.compile(
    r"(?:^|[-_ ])(?:modal|popup|pop-up|lightbox|dialog|drawer|off-?canvas|tooltip|popover|toast"
    r"|dropdown|mega-?menu|menu|nav|navbar|navigation|overlay|search|cart|login|cookies?|consent"
    r"|mobile|preloader|spinner|skeleton)(?:$|[-_ ])"
)
# Ids and classes of what holds the place of words that have not come yet.
_PLACEHOLDERS = frozenset({"skeleton", "preloader", "spinner", "shimmer", "lazy-placeholder"})
# Ids and classes of text that a reader opens, and of what opens it.
_FOLD = re.compile(
    r"accordion|collaps|faq|answer|tab[-_]?(?:pane|panel|content|item)|toggle|expand|fold|reveal"
    r"|read-?more|more-?(?:text|content)|truncat|spoiler|panel"
)
_OPENER = re.compile(r"accordion|collaps|faq|question|toggle|trigger|expand|tab")
# Attributes with the id of what a control opens, and the values of those that say that it does.
_TARGETS = ("aria-controls", "data-bs-target", "data-target", "href")
# Classes of lists of tabs.
_TAB_LISTS = frozenset(
    {"nav-tabs", "nav-pills", "tabs", "tab-list", "tablist", "tab-nav", "tabbed-labels", "tabs-nav"}
)
_TAB_PANELS = frozenset({"tab-pane", "tabbed-block", "tab-panel", "tabpanel"})
# A tab is within so many elements of its list, and its panel of what holds both (assumed).
_MAX_TAB_DEPTH = 4
# Classes that show an element on one width of screen only.
_RESPONSIVE = re.compile(
    r"(?:^|\s)(?:d-(?:\w+-)?(?:none|block|flex|inline)|(?:hidden|visible)-(?:xs|sm|md|lg|xl|phone"
    r"|desktop|tablet|mobile)\S*|(?:sm|md|lg|xl):\S+|(?:hide|show)-(?:for|on)-\S+"
    r"|\S*(?:mobile|desktop)\S*)(?:\s|$)"
)
# Shorter texts may well be twice on a page (assumed).
_MIN_TWIN_WORDS = 4
# A page of fewer words, and what its noscript must hold to be its content (both assumed).
_FEW_WORDS = 50
_MIN_NOSCRIPT_WORDS = 25
# Elements without words of the page.
_WORDLESS = frozenset({"script", "style", "noscript", "template", "svg", "head", "title"})
_CONTROLS = frozenset({"button", "input", "form", "a", "select", "textarea"})
# The words of a link that leads to the content, for pages whose links have no such class.
_SKIPS = re.compile(
    r"(?:skip|jump) to (?:the )?(?:main |page )?(?:content|navigation|search|footer)"
)
_MAX_SKIP_WORDS = 6


@dataclass(frozen=True)
class PageRules:
    """What is special about elements of a page.

    `skipped` are those that readers do not read, `labels` is the control whose words lead to a
    panel, by panel, and `kept` are those that hold the page although their kind never does.
    """

    skipped: set[Any] = field(default_factory=set)
    labels: Mapping[Any, Any] = field(default_factory=dict)
    kept: set[Any] = field(default_factory=set)


@dataclass
class _Counts:
    """Words within an element, words of its links, and whether it has a control."""

    n_words: int = 0
    n_linked: int = 0
    has_control: bool = False


class _Page:
    """A page's elements, their words, and which of them a control opens."""

    def __init__(self, body: Element) -> None:
        self.body = body
        self.elements = [element for element in body.iter() if isinstance(element.tag, str)]
        self.by_id: dict[str, Any] = {}
        for element in self.elements:
            if name := element.get("id", ""):
                self.by_id.setdefault(name, element)
        self.counts = _count(self.elements)
        self.holders = self._holders()
        self.targets = {
            self.by_id[name]
            for element in self.elements
            for name in _targets(element)
            if name in self.by_id
        }

    def _holders(self) -> set[Any]:
        """Return the elements that hold the main content or the title of the page."""
        holders: set[Any] = {self.body}
        for element in self.elements:
            is_main = element.tag in {"main", "h1"} or element.get("role", "") == "main"
            holder: Any = element if is_main and element.tag != "h1" else None
            if is_main and holder is None:
                holder = element.getparent()
            while holder is not None and holder not in holders:
                holders.add(holder)
                holder = holder.getparent()
        return holders

    def holds_page(self, element: Element) -> bool:
        """Return whether an element holds the main content, or most words of the page."""
        return element in self.holders or (
            2 * self.counts[element].n_words > self.counts[self.body].n_words
        )


def read_rules(body: Element) -> PageRules:
    """Return which elements of a page's body are special. Takes time in proportion to the page."""
    page = _Page(body)
    labels, tabs = _tab_labels(page)
    skipped = {element for element in page.elements if _is_skipped(element, page)}
    return PageRules(
        skipped - set(labels) | tabs | _twins(page, skipped),
        labels,
        _content_noscripts(page) | set(filter(_is_shadow, page.elements)),
    )


def _count(elements: list[Any]) -> dict[Any, _Counts]:
    """Return the counts of each element; elements without words of the page count nothing."""
    counts = {element: _Counts() for element in elements}
    for element in reversed(elements):
        own = counts[element]
        tag = element.tag
        if tag in _WORDLESS:
            own.n_words = own.n_linked = 0
        else:
            own.n_words += count_words(element.text or "")
        own.n_linked = own.n_words if tag == "a" else own.n_linked
        own.has_control = own.has_control or tag in _CONTROLS
        around = counts.get(element.getparent())
        if around is not None:
            around.n_words += own.n_words + count_words(element.tail or "")
            around.n_linked += own.n_linked
            around.has_control = around.has_control or own.has_control
    return counts


def _targets(control: Element) -> list[str]:
    """Return the ids of what a control opens."""
    values = (control.get(name, "") for name in _TARGETS[:3])
    names = [name.removeprefix("#") for value in values for name in value.split()]
    href = control.get("href", "") if control.tag == "a" else ""
    return [*names, href[1:]] if href.startswith("#") and len(href) > 1 else names


def _names(element: Element) -> list[str]:
    """Return the id and the classes of an element, in lower case."""
    return f"{element.get('id', '')} {element.get('class', '')}".lower().split()


def _is_skipped(element: Element, page: _Page) -> bool:
    tag = element.tag
    if tag in SKIPPED or tag in {"html", "body", "main", "h1"} or element in page.holders:
        return False
    if tag == "button":
        return not opens_section(element) and not _is_in_heading(element)
    if element.get("aria-modal", "") == "true" or _is_skip_link(element, page):
        return True
    if is_hidden(element):
        return not page.holds_page(element) and not _is_fold(element, page)
    names = _names(element)
    return bool(names) and not heading_level(element) and _is_furniture(element, names, page)


def _is_in_heading(element: Element) -> bool:
    holder = element.getparent()
    while holder is not None and holder.tag in INLINE:
        holder = holder.getparent()
    return holder is not None and heading_level(holder) > 0


def _is_skip_link(element: Element, page: _Page) -> bool:
    n_words = page.counts[element].n_words if element.tag == "a" else 0
    if not 0 < n_words <= _MAX_SKIP_WORDS or not element.get("href", "").startswith("#"):
        return False
    words = _joined_words(element).lower()
    return _SKIPS.fullmatch(words) is not None or any(
        name.startswith(("skip-", "skiplink", "skip_", "skipnav")) for name in _names(element)
    )


def is_hidden(element: Element) -> bool:
    """Return whether the page hides an element until something opens it."""
    if has_attribute(element, "hidden") and element.get("hidden") != "until-found":
        return True
    if "display:none" in element.get("style", "").replace(" ", "").lower():
        return True
    return element.get("aria-hidden", "") == "true" and element.tag not in INLINE


def _is_fold(element: Element, page: _Page) -> bool:
    """Return whether a reader of the page can open a hidden element where it is."""
    if _OVERLAY.search(" ".join(_names(element))) or element.get("role", "") in SKIPPED_ROLES:
        return False
    parent = element.getparent()
    if element in page.targets or parent in page.targets or element.tag in {"dd", "details"}:
        return True
    if element.get("role", "") == "tabpanel" or _FOLD.search(" ".join(_names(element))):
        return True
    before = element.getprevious()
    return before is not None and _is_opener(before)


def _is_opener(element: Element) -> bool:
    """Return whether a click on an element may open what follows it."""
    return (
        element.tag in {"button", "summary", "dt"}
        or heading_level(element) > 0
        or element.get("role", "") in {"button", "tab"}
        or has_attribute(element, "onclick")
        or _OPENER.search(" ".join(_names(element))) is not None
    )


def _is_furniture(element: Element, names: list[str], page: _Page) -> bool:
    """Return whether an element is a notice, a form or a list of links, and no content."""
    kinds = {kind for name in names for kind in _kinds(name)}
    if not kinds:
        return False
    counts = page.counts[element]
    if "reader" in kinds:
        return element.tag in INLINE or not any(map(heading_level, element.iter()))
    if page.holds_page(element):
        return False
    if "notice" in kinds and element.tag != "section" and counts.has_control:
        return counts.n_words <= _MAX_CONSENT_WORDS
    return bool(kinds & {"tool", "comments", "placeholder"}) or any(
        counts.n_words <= part.max_words
        and counts.n_linked >= part.linked * (counts.n_words - _LABEL_WORDS)
        and (counts.n_linked > 0 or part.linked == 0)
        and (counts.has_control or not part.needs_control)
        for name, part in _PARTS.items()
        if name in kinds
    )


# The names of classes repeat on a page and between pages.
@lru_cache(maxsize=20_000)
def _kinds(name: str) -> tuple[str, ...]:
    """Return of which kinds of parts an id or a class is the name."""
    checks = {
        "reader": name in READER_CLASSES,
        "tool": _CONSENT_TOOLS.match(name) is not None,
        "notice": _CONSENT.fullmatch(name) is not None,
        "comments": name in _COMMENTS,
        "placeholder": name in _PLACEHOLDERS,
        **{kind: part.names.fullmatch(name) is not None for kind, part in _PARTS.items()},
    }
    return tuple(kind for kind, is_kind in checks.items() if is_kind)


def _twins(page: _Page, skipped: set[Any]) -> set[Any]:
    """Return the elements whose words another element shows on another width of screen."""
    twins: set[Any] = set()
    seen: set[str] = set()
    # What is within an element that is compared is not compared again.
    inside: set[Any] = set()
    for element in page.elements:
        if element.getparent() in inside:
            inside.add(element)
        elif (
            element not in skipped
            and element not in page.holders
            and _RESPONSIVE.search(element.get("class", ""))
        ):
            inside.add(element)
            n_words = page.counts[element].n_words
            words = _joined_words(element) if n_words >= _MIN_TWIN_WORDS else ""
            before = element.getprevious()
            is_twin = words in seen or (
                before is not None
                and page.counts[before].n_words == n_words
                and _joined_words(before) == words
            )
            if words and is_twin:
                twins.add(element)
            seen.add(words)
    return twins


def _joined_words(element: Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def _content_noscripts(page: _Page) -> set[Any]:
    """Return the noscript elements of a page whose content is nowhere else."""
    if page.counts[page.body].n_words >= _FEW_WORDS:
        return set()
    return {
        element
        for element in page.elements
        if element.tag == "noscript" and len(_joined_words(element).split()) >= _MIN_NOSCRIPT_WORDS
    }


def _is_shadow(element: Element) -> bool:
    """Return whether a template is shown, as the inside of the element around it."""
    return element.tag == "template" and has_attribute(element, "shadowrootmode")


def _tab_labels(page: _Page) -> tuple[dict[Any, Any], set[Any]]:
    """Return the tab of each panel, and the tabs that are read at their panel instead."""
    lists = [element for element in page.elements if _is_tab_list(element)]
    labels: dict[Any, Any] = {}
    by_list = [(tab_list, list(_tabs_in(tab_list))) for tab_list in lists]
    for _, tabs in by_list:
        for tab in tabs:
            panels = (page.by_id.get(name) for name in _targets(tab))
            panel = next((panel for panel in panels if panel is not None), None)
            if panel is not None and not heading_level(panel) and panel not in page.holders:
                labels.setdefault(panel, tab)
    labels |= _labels_by_order(page, by_list, labels)
    moved = set(labels.values())
    return {panel: tab for panel, tab in labels.items() if not _begins_with(panel, tab)}, moved


def _is_tab_list(element: Element) -> bool:
    if element.get("role", "") == "tablist":
        return True
    is_list = element.tag in {"ul", "ol", "div", "nav"}
    return is_list and not _TAB_LISTS.isdisjoint(class_names(element))


def _tabs_in(tab_list: Element) -> Iterator[Any]:
    """Yield the tabs of a list: elements with that role, or its links, buttons and labels."""
    for child in tab_list:
        if child.tag in {"a", "button", "label"} or child.get("role", "") == "tab":
            yield child
        elif child.tag in {"li", "div", "span"}:
            yield from _first_tab(child)


def _first_tab(holder: Element) -> Iterator[Any]:
    inner: Any = holder
    for _ in range(_MAX_TAB_DEPTH):
        inner = next(iter(inner), None)
        if inner is None:
            return
        if inner.tag in {"a", "button", "label"} or inner.get("role", "") == "tab":
            yield inner
            return


def _labels_by_order(
    page: _Page, by_list: list[tuple[Any, list[Any]]], labels: Mapping[Any, Any]
) -> dict[Any, Any]:
    """Return the tab of panels that no tab names, where a list has as many tabs as panels."""
    owners: dict[Any, int] = {}
    for number, (tab_list, _) in enumerate(by_list):
        holder = tab_list.getparent()
        for _ in range(_MAX_TAB_DEPTH - 1):
            if holder is None or holder in page.holders:
                break
            owners.setdefault(holder, number)
            holder = holder.getparent()
        # A list directly in the main content has its panels there.
        if holder is not None and holder is tab_list.getparent():
            owners.setdefault(holder, number)
    panels_of: dict[int, list[Any]] = {}
    for element in page.elements:
        if element not in labels and _is_panel(element):
            holder = element.getparent()
            for _ in range(_MAX_TAB_DEPTH):
                if holder is None or holder in owners:
                    break
                holder = holder.getparent()
            if holder is not None and holder in owners:
                panels_of.setdefault(owners[holder], []).append(element)
    return {
        panel: tab
        for number, panels in panels_of.items()
        if len(panels) == len(by_list[number][1])
        for panel, tab in zip(panels, by_list[number][1], strict=True)
    }


def _is_panel(element: Element) -> bool:
    if element.get("role", "") == "tabpanel" or not _TAB_PANELS.isdisjoint(class_names(element)):
        return True
    parent = element.getparent()
    return parent is not None and "blocks" in class_names(parent)


def _begins_with(panel: Element, tab: Element) -> bool:
    """Return whether the words of a panel begin with those of its tab."""
    label = _joined_words(tab)
    words: list[str] = []
    for text in panel.itertext():
        words += text.split()
        if len(words) > len(label.split()):
            break
    return " ".join(words).startswith(label)
