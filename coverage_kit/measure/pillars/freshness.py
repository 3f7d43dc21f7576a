"""Freshness: years gone stale, dates that disagree or are not shown. Quality of what is claimed is in quality.py."""

import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

from coverage_kit.measure.pillars.check import (
    HEAD,
    SITE,
    Check,
    Checked,
    Fault,
    NotAssessed,
    Outcome,
    quote,
    unquoted,
)
from coverage_kit.measure.pillars.site import PageSection, PageView, SiteView
from coverage_kit.text.sentences import split_sentences
from coverage_kit.text.years import is_stale

_Y = r"(?P<y>(?:19|20)\d\d)"
_SEASON = r"(?:early |late |mid-?|spring |summer |autumn |winter )?"
_WHEN = rf"(?:(?:\d{{1,2}}(?:st|nd|rd|th)? )?{_SEASON}(?:[A-Z][a-z]{{2,8}}\.? )?(?:\d{{1,2}}, )?)"
_GOODS = (
    r"(?:prices?|rates?|fees?|tariffs?|price list|rules|limits?|models?|range|collection|season|catalogue|brochure"
    r"|timetable|guide|edition"
    r"|opening hours)"
)
_CURRENT = (
    re.compile(
        rf"\b(?:as of|as at|(?:correct|accurate|current|valid|right|true|up to date)"
        rf"(?: as)? (?:of|at|in|on|for|until|from|through)"
        rf"|updated for|(?:last|prices|rates|figures) (?:checked|reviewed|verified)(?: in| on)?:?) {_WHEN}{_Y}\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:for|in|during|of) (?:the )?(?:current )?{_Y}(?:\s?[/\u2013-]\s?\d\d(?:\d\d)?)? (?:tax|financial|fiscal"
        rf"|school|academic) year\b"
        rf"|\b(?:for|in) (?:the )?(?:tax|financial|fiscal|school|academic) year (?P<y2>(?:19|20)\d\d)\b"
    ),
    re.compile(
        rf"\b(?:current|currently|latest|newest|up-to-date|new for|brand new|this year(?:'s)?|this season(?:'s)?"
        rf"|so far in|now in),?"
        rf"(?: \w+){{0,3}},? \(?{_WHEN}{_Y}\b",
        re.IGNORECASE,
    ),
    re.compile(rf"^(?:our |all |new |the )?{_Y} {_GOODS}\b", re.IGNORECASE),
    re.compile(rf"\bour {_Y} {_GOODS}\b", re.IGNORECASE),
    re.compile(
        rf"^(?:our )?{_GOODS}[:,]? \(?(?:for |from )?{_Y}(?:[/\u2013-]\d\d(?:\d\d)?)?\)?$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^(?:In|For) {_Y},? (?=.*(?:[£$€]|\bprices?\b|\brates?\b|\bfees?\b)).*\b(?:is|are|costs?|starts?|begins?"
        rf"|applies|apply)\b"
    ),
    re.compile(rf"\b{_GOODS} (?:for|in) {_Y} (?:are|is|start|begin)\b", re.IGNORECASE),
)
_COMING = re.compile(
    rf"\b(?:will(?: be)?|is|are|due|planned|expected|coming|launching|opening|arriving|plan to|hope to)\b(?: \w+){{0,5}} "
    rf"(?:\w+)?(?: \w+)? ?(?:in|by|from|during) {_WHEN}{_Y}\b",
    re.IGNORECASE,
)
_ENDING = re.compile(
    rf"\b(?:ends?|expires?|runs?|lasts?|closes?|(?:is|are) (?:available|open|valid|on sale)|apply|applies|holds?)"
    rf" (?:on|until|to|through|till) (?:the end of )?{_WHEN}{_Y}\b",
    re.IGNORECASE,
)
_FUTURE = re.compile(
    r"\bwill\b(?! (?:not )?have\b)|\b(?:due|planned|expected|scheduled) (?:to|for|in|by)\b|\bcoming (?:in|soon)\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:was|were|had|did|said|sold|won|made|rose|fell|opened|launched|expected that|knew|until|since|before|would)\b"
    r"|[a-z]{3,}ed in\b",
    re.IGNORECASE,
)
_WAS = re.compile(r"\b(?:was|were|had)\b[^.;:]{0,30}$", re.IGNORECASE)
_ARCHIVED = ("NewsArticle", "BlogPosting", "Report", "PressRelease")


def look_at_years(page: PageView, site: SiteView) -> Outcome:
    """Whether what is said to be current is of this year or the last; years of things past are no fault."""
    this_year = site.tables.this_year
    if not this_year:
        return NotAssessed("no year is known that is this year")
    if _is_archived(page):
        return None
    places = [
        *((*place, False) for place in _sentences(page)),
        *((*place, True) for place in _headings(page)),
    ]
    faults = []
    for part, sentence, is_heading in places:
        year = _stale(sentence, this_year)
        if year:
            after = sentence.replace(year, f"{year} [FACT NEEDED: what holds in {this_year}?]", 1)
            faults.append(
                Fault(
                    part.path,
                    f"“{quote(sentence)}”",
                    f"It tells as current, or as still to come, what dates from {year}; this is {this_year}.",
                    f"Check it, say what holds in {this_year}, and show when it was checked.",
                    sentence,
                    after,
                    6,
                    1,
                    page.first_passage(part.path)
                    if is_heading
                    else page.passage_of(sentence, part.path),
                    is_heading,
                )
            )
    return Checked(len(places), tuple(faults)) if places else None


def _is_archived(page: PageView) -> bool:
    """Return whether a page is a dated piece of news: it is of its day, and need not be kept up."""
    is_dated = re.search(r"/(?:19|20)\d\d/\d\d?/", urlsplit(page.url).path) is not None
    return is_dated or any(value in _ARCHIVED for value in page.values("structured type"))


def _sentences(page: PageView) -> Iterator[tuple[PageSection, str]]:
    for part in page.parts:
        for paragraph in part.paragraphs:
            if paragraph.kind in ("text", "list", "lead"):
                yield from ((part, sentence) for sentence in split_sentences(paragraph.text))


def _headings(page: PageView) -> Iterator[tuple[PageSection, str]]:
    yield from ((part, part.heading) for part in page.parts if part.heading)


def _stale(sentence: str, this_year: int) -> str:
    """Return the stale year that a sentence tells as current, or a past one as to come; empty where there is none."""
    plain = unquoted(sentence)
    for pattern in _CURRENT:
        for found in pattern.finditer(plain):
            year = found["y"] or found.groupdict().get("y2") or ""
            is_told_of_past = _WAS.search(plain[: found.start()]) or _PAST.search(
                plain[found.end() : found.end() + 30]
            )
            if year and is_stale(int(year), this_year) and not is_told_of_past:
                return year
    for found in _ENDING.finditer(plain):
        if 1990 <= int(found["y"]) < this_year and not _PAST.search(
            re.sub(r"\buntil\b", "", plain)
        ):
            return found["y"]
    for found in _COMING.finditer(plain):
        is_future = _FUTURE.search(found[0]) and not _PAST.search(plain)
        if is_future and 1990 <= int(found["y"]) < this_year:
            return found["y"]
    return ""


def look_at_dates(page: PageView, site: SiteView) -> Outcome:
    """Whether the modified dates that a page shows and those for machines agree, after publication and not in the future."""
    if not page.has_source:
        return NotAssessed("no stored source")
    # what was reviewed need not have been changed
    seen = [
        row
        for row in page.told("visible modified date")
        if "review" not in str(row["detail"]).lower()
    ]
    shown = {str(row["value"]) for row in seen} if page.read_as == "en" else set()
    rows = [(str(row["value"]), str(row["detail"])) for row in page.told("machine modified date")]
    faults = []
    if (
        len(rows) > 1
        and len({value for value, _ in rows}) > 1
        and _days_apart([value for value, _ in rows]) > 1
    ):
        evidence = ", ".join(f"{where}: {value}" for value, where in rows)
        faults.append(_unlike(f"modified dates for machines differ: {evidence}"))
    elif rows and len(shown) == 1 and _days_apart([next(iter(shown)), rows[0][0]]) > 1:
        words = seen[0]["detail"]
        faults.append(_unlike(f"the page shows “{words}”, and its {rows[0][1]} says {rows[0][0]}"))
    published = page.values("machine published date")
    if (
        rows
        and published
        and rows[0][0] < published[0]
        and _days_apart([rows[0][0], published[0]]) > 1
    ):
        faults.append(_unlike(f"modified {rows[0][0]}, before it was published {published[0]}"))
    this_year = site.tables.this_year
    if rows and this_year and int(rows[0][0][:4]) > this_year + 1:
        faults.append(
            _unlike(
                f"its {rows[0][1]} says that it was modified on {rows[0][0]}, which is still to come"
            )
        )
    if not rows and not faults:
        return None
    return Checked(1, tuple(faults[:1]))


def _unlike(evidence: str) -> Fault:
    reason = "Engines that weigh freshness trust a date that is told one way; where two differ, either may be taken for stale."
    return Fault(
        HEAD,
        evidence,
        reason,
        "Show the day of the last real change, the same in words and for machines.",
        n_words=4,
        n_claims=1,
    )


def _days_apart(days: list[str]) -> int:
    """Return the days between the first and last of some ISO dates; 0 where a date without a day may be any of its month."""
    shortest = min(len(day) for day in days)
    if shortest < 10:
        return 0 if len({day[:shortest] for day in days}) == 1 else 31
    told = [date.fromisoformat(day) for day in days]
    return (max(told) - min(told)).days


def look_at_dated_pages(page: PageView, site: SiteView) -> Outcome:
    """Whether a page says when it was last changed, where most pages of its site do."""
    if not page.has_source:
        return NotAssessed("no stored source")
    share = site.once(_date_share)
    if share < 0.6 or page.n_words < 150:
        return None
    if len(page.told("machine modified date", "visible modified date")):
        return Checked(1)
    reason = (
        f"Nothing says when the page was last changed; {share:.0%} of the site's pages do say so."
    )
    remedy = "Add the modified date to its head (dateModified) and show it to readers."
    return Checked(
        1,
        (
            Fault(
                HEAD,
                "no modified date, in words or for machines",
                reason,
                remedy,
                n_words=4,
                n_claims=1,
            ),
        ),
    )


def _date_share(site: SiteView) -> float:
    """Return the share of pages that say when they were changed."""
    dated = [
        len(page.told("machine modified date", "visible modified date")) > 0
        for page in site.pages
        if page.has_source
    ]
    return sum(dated) / max(1, len(dated))


def look_at_shown_dates(page: PageView, site: SiteView) -> Outcome:
    """Whether any page of the site shows its readers when it was last changed."""
    english = [one for one in site.pages if one.read_as == "en" and one.has_source]
    if len(english) < 3:
        return NotAssessed("too few pages in English with a stored source")
    if any(len(one.told("visible modified date")) for one in english):
        return Checked(1)
    reason = "No page shows readers, or engines that read words alone, when it was last changed or checked."
    evidence = f"0 of {len(english)} pages show a modified date"
    remedy = (
        "Show “Last checked on …” on pages whose facts change, with the date that their head tells."
    )
    return Checked(1, (Fault(SITE, evidence, reason, remedy, n_words=4, n_claims=1),))


CHECKS = (
    Check(
        *(
            "stale_years",
            "freshness",
            "What is told as current is of this year or the last",
            "strong",
        ),
        look=look_at_years,
        languages=("en",),
    ),
    Check(
        "dates_agree",
        "freshness",
        "Modified dates agree",
        "moderate",
        look_at_dates,
    ),
    Check(
        "dated_pages",
        "freshness",
        "Pages say when they were changed",
        "weak",
        look_at_dated_pages,
    ),
    Check(
        *(
            "shown_dates",
            "freshness",
            "The site shows when pages were changed",
            "weak",
        ),
        look=look_at_shown_dates,
        is_of_site=True,
    ),
)
