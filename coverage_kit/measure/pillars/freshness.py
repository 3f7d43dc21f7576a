"""Freshness: outdated years, and dates that disagree or are missing. Claims are in quality.py."""

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

# From this share of dated pages on, a page without a date is an exception (assumed).
_MIN_DATED_SHARE = 0.6
# Pages of fewer words need no date (assumed).
_MIN_WORDS = 150
# With fewer English pages, the site cannot be judged by them (assumed).
_MIN_PAGES = 3
# Earlier years are rather history than a date that has passed (assumed).
_FIRST_YEAR = 1990

# A year of the present or the last century.
_YEAR = r"(?P<y>(?:19|20)\d\d)"
# Words before a month or year: "early", "mid-", "spring".
_SEASON = r"(?:early |late |mid-?|spring |summer |autumn |winter )?"
# What may be before the year in a date: "3rd ", "March 5, ", "spring ".
_DAY = rf"(?:(?:\d{{1,2}}(?:st|nd|rd|th)? )?{_SEASON}(?:[A-Z][a-z]{{2,8}}\.? )?(?:\d{{1,2}}, )?)"
# Goods and documents that come out anew each year.
_GOODS = (
    r"(?:prices?|rates?|fees?|tariffs?|price list|rules|limits?|models?|range|collection|season"
    r"|catalogue|brochure|timetable|guide|edition|opening hours)"
)
# Years that are presented as current: "correct as of March 2022", "in the 2022/23 tax year", "the
# latest in 2021", "Our 2022 prices", "Prices for 2022", "In 2022, prices start at".
_CURRENT = (
    re.compile(
        rf"\b(?:as of|as at|(?:correct|accurate|current|valid|right|true"
        rf"|up to date)(?: as)? (?:of|at|in|on|for|until|from|through)|updated for|(?:last"
        rf"|prices|rates|figures) (?:checked|reviewed|verified)(?: in| on)?:?) {_DAY}{_YEAR}\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:for|in|during"
        rf"|of) (?:the )?(?:current )?{_YEAR}(?:\s?[/\u2013-]\s?\d\d(?:\d\d)?)? (?:tax|financial"
        rf"|fiscal|school|academic) year\b|\b(?:for|in) (?:the )?(?:tax|financial|fiscal|school"
        rf"|academic) year (?P<y2>(?:19|20)\d\d)\b"
    ),
    re.compile(
        rf"\b(?:current|currently|latest|newest|up-to-date|new for|brand new|this year(?:'s)?"
        rf"|this season(?:'s)?|so far in|now in),?(?: \w+){{0,3}},? \(?{_DAY}{_YEAR}\b",
        re.IGNORECASE,
    ),
    re.compile(rf"^(?:our |all |new |the )?{_YEAR} {_GOODS}\b", re.IGNORECASE),
    re.compile(rf"\bour {_YEAR} {_GOODS}\b", re.IGNORECASE),
    re.compile(
        rf"^(?:our )?{_GOODS}[:,]? \(?(?:for |from )?{_YEAR}(?:[/\u2013-]\d\d(?:\d\d)?)?\)?$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^(?:In|For) {_YEAR},? (?=.*(?:[£$€]|\bprices?\b|\brates?\b|\bfees?\b)).*\b(?:is|are"
        rf"|costs?|starts?|begins?|applies|apply)\b"
    ),
    re.compile(rf"\b{_GOODS} (?:for|in) {_YEAR} (?:are|is|start|begin)\b", re.IGNORECASE),
)
# Years that are presented as still to come: "will open in spring 2023".
_COMING = re.compile(
    rf"\b(?:will(?: be)?|is|are|due|planned|expected|coming|launching|opening|arriving|plan to"
    rf"|hope to)\b(?: \w+){{0,5}} (?:\w+)?(?: \w+)? ?(?:in|by|from|during) {_DAY}{_YEAR}\b",
    re.IGNORECASE,
)
# Years until which something holds: "valid until 2023".
_ENDING = re.compile(
    rf"\b(?:ends?|expires?|runs?|lasts?|closes?|(?:is|are) (?:available|open|valid|on sale)"
    rf"|apply|applies|holds?) (?:on|until|to|through|till) (?:the end of )?{_DAY}{_YEAR}\b",
    re.IGNORECASE,
)
# Words of the future in a match of _COMING.
_FUTURE = re.compile(
    r"\bwill\b(?! (?:not )?have\b)|\b(?:due|planned|expected|scheduled) (?:to|for|in|by)\b"
    r"|\bcoming (?:in|soon)\b",
    re.IGNORECASE,
)
# Words that make a sentence one about the past.
_PAST = re.compile(
    r"\b(?:was|were|had|did|said|sold|won|made|rose|fell|opened|launched|expected that|knew"
    r"|until|since|before|would)\b|[a-z]{3,}ed in\b",
    re.IGNORECASE,
)
# A verb of the past right before a match: "the latest was in 2019".
_WAS = re.compile(r"\b(?:was|were|had)\b[^.;:]{0,30}$", re.IGNORECASE)
# Types of structured data of dated news.
_ARCHIVED = ("NewsArticle", "BlogPosting", "Report", "PressRelease")


def check_years(page: PageView, site: SiteView) -> Outcome:
    """Return whether statements about the present are of this year or the last.

    Years in statements about the past are no fault.
    """
    this_year = site.tables.this_year
    if not this_year:
        return NotAssessed("no year is known that is this year")
    if _is_archived(page):
        return None
    sentences = [
        *((section, sentence, False) for section, sentence in _sentences(page)),
        *((section, heading, True) for section, heading in _headings(page)),
    ]
    faults = []
    for section, sentence, is_heading in sentences:
        year = _stale(sentence, this_year)
        if year:
            passage_id = (
                page.first_passage(section.path)
                if is_heading
                else page.passage_of(sentence, section.path)
            )
            after = sentence.replace(year, f"{year} [FACT NEEDED: what holds in {this_year}?]", 1)
            faults.append(
                Fault(
                    place=section.path,
                    evidence=f"“{quote(sentence)}”",
                    reason=f"It describes as current, or as still to come, what dates from {year}; "
                    f"this is {this_year}.",
                    remedy=f"Check it, say what holds in {this_year}, and show when it was "
                    "checked.",
                    before=sentence,
                    after=after,
                    n_words=6,
                    n_claims=1,
                    passage_id=passage_id,
                    is_of_heading=is_heading,
                )
            )
    return Checked(len(sentences), tuple(faults)) if sentences else None


def _is_archived(page: PageView) -> bool:
    """Return whether a page is dated news, which need not be kept up to date."""
    is_dated = re.search(r"/(?:19|20)\d\d/\d\d?/", urlsplit(page.url).path) is not None
    return is_dated or any(value in _ARCHIVED for value in page.values("structured type"))


def _sentences(page: PageView) -> Iterator[tuple[PageSection, str]]:
    for section in page.sections:
        for paragraph in section.paragraphs:
            if paragraph.kind in ("text", "list", "lead"):
                yield from ((section, sentence) for sentence in split_sentences(paragraph.text))


def _headings(page: PageView) -> Iterator[tuple[PageSection, str]]:
    yield from ((section, section.heading) for section in page.sections if section.heading)


def _stale(sentence: str, this_year: int) -> str:
    """Return the outdated year of a sentence, empty if there is none.

    It is a year that the sentence presents as current, or a past year that it presents as still to
    come.
    """
    plain = unquoted(sentence)
    for pattern in _CURRENT:
        for match in pattern.finditer(plain):
            year = match["y"] or match.groupdict().get("y2") or ""
            is_past = _WAS.search(plain[: match.start()]) or _PAST.search(
                plain[match.end() : match.end() + 30]
            )
            if year and is_stale(int(year), this_year) and not is_past:
                return year
    for match in _ENDING.finditer(plain):
        if _FIRST_YEAR <= int(match["y"]) < this_year and not _PAST.search(
            re.sub(r"\buntil\b", "", plain)
        ):
            return match["y"]
    for match in _COMING.finditer(plain):
        is_future = _FUTURE.search(match[0]) and not _PAST.search(plain)
        if is_future and _FIRST_YEAR <= int(match["y"]) < this_year:
            return match["y"]
    return ""


def check_dates(page: PageView, site: SiteView) -> Outcome:
    """Return whether the modified dates on a page and those for machines agree.

    They must not be before publication or in the future.
    """
    if not page.has_source:
        return NotAssessed("no stored source")
    # A page that was reviewed was not necessarily changed.
    visible_rows = [
        row
        for row in page.rows_of("visible modified date")
        if "review" not in str(row["detail"]).lower()
    ]
    visible_dates = {str(row["value"]) for row in visible_rows} if page.read_as == "en" else set()
    rows = [
        (str(row["value"]), str(row["detail"])) for row in page.rows_of("machine modified date")
    ]
    faults = []
    if (
        len(rows) > 1
        and len({value for value, _ in rows}) > 1
        and _days_apart([value for value, _ in rows]) > 1
    ):
        evidence = ", ".join(f"{source}: {value}" for value, source in rows)
        faults.append(_date_fault(f"modified dates for machines differ: {evidence}"))
    elif (
        rows
        and len(visible_dates) == 1
        and _days_apart([next(iter(visible_dates)), rows[0][0]]) > 1
    ):
        words = visible_rows[0]["detail"]
        faults.append(
            _date_fault(f"the page shows “{words}”, and its {rows[0][1]} says {rows[0][0]}")
        )
    published = page.values("machine published date")
    if (
        rows
        and published
        and rows[0][0] < published[0]
        and _days_apart([rows[0][0], published[0]]) > 1
    ):
        faults.append(_date_fault(f"modified {rows[0][0]}, before it was published {published[0]}"))
    this_year = site.tables.this_year
    if rows and this_year and int(rows[0][0][:4]) > this_year + 1:
        faults.append(
            _date_fault(
                f"its {rows[0][1]} says that it was modified on {rows[0][0]}, which is still to "
                "come"
            )
        )
    if not rows and not faults:
        return None
    return Checked(1, tuple(faults[:1]))


def _date_fault(evidence: str) -> Fault:
    reason = (
        "Engines that weigh freshness trust a date that is the same everywhere; where two "
        "differ, either may seem stale."
    )
    return Fault(
        place=HEAD,
        evidence=evidence,
        reason=reason,
        remedy="Show the day of the last real change, the same in words and for machines.",
        n_words=4,
        n_claims=1,
    )


def _days_apart(days: list[str]) -> int:
    """Return the days between the first and the last of some ISO dates.

    It is 0 where a date has no day and the others are of the same month, and 31 where they are not.
    """
    shortest = min(len(day) for day in days)
    if shortest < 10:
        return 0 if len({day[:shortest] for day in days}) == 1 else 31
    dates = [date.fromisoformat(day) for day in days]
    return (max(dates) - min(dates)).days


def check_dated_pages(page: PageView, site: SiteView) -> Outcome:
    """Return whether a page says when it was last changed, if most pages of the site do."""
    if not page.has_source:
        return NotAssessed("no stored source")
    share = site.cached(_date_share)
    if share < _MIN_DATED_SHARE or page.n_words < _MIN_WORDS:
        return None
    if len(page.rows_of("machine modified date", "visible modified date")):
        return Checked(1)
    reason = (
        f"Nothing says when the page was last changed; {share:.0%} of the site's pages do say so."
    )
    remedy = "Add the modified date to its head (dateModified) and show it to readers."
    return Checked(
        1,
        (
            Fault(
                place=HEAD,
                evidence="no modified date, in words or for machines",
                reason=reason,
                remedy=remedy,
                n_words=4,
                n_claims=1,
            ),
        ),
    )


def _date_share(site: SiteView) -> float:
    """Return the share of pages that say when they were changed."""
    dated = [
        len(page.rows_of("machine modified date", "visible modified date")) > 0
        for page in site.pages
        if page.has_source
    ]
    return sum(dated) / max(1, len(dated))


def check_shown_dates(page: PageView, site: SiteView) -> Outcome:
    """Return whether any page of the site shows readers when it was last changed."""
    english_pages = [page for page in site.pages if page.read_as == "en" and page.has_source]
    if len(english_pages) < _MIN_PAGES:
        return NotAssessed("too few pages in English with a stored source")
    if any(len(page.rows_of("visible modified date")) for page in english_pages):
        return Checked(1)
    reason = (
        "No page shows readers, or engines that read words alone, when it was last changed or "
        "checked."
    )
    evidence = f"0 of {len(english_pages)} pages show a modified date"
    remedy = (
        "Show “Last checked on …” on pages whose facts change, with the date that their head gives."
    )
    return Checked(
        1,
        (
            Fault(
                place=SITE, evidence=evidence, reason=reason, remedy=remedy, n_words=4, n_claims=1
            ),
        ),
    )


CHECKS = (
    Check(
        name="stale_years",
        pillar="freshness",
        title="What the page calls current is of this year or the last",
        weight="strong",
        look=check_years,
        languages=("en",),
    ),
    Check(
        name="dates_agree",
        pillar="freshness",
        title="Modified dates agree",
        weight="moderate",
        look=check_dates,
    ),
    Check(
        name="dated_pages",
        pillar="freshness",
        title="Pages say when they were changed",
        weight="weak",
        look=check_dated_pages,
    ),
    Check(
        name="shown_dates",
        pillar="freshness",
        title="The site shows when pages were changed",
        weight="weak",
        look=check_shown_dates,
        is_of_site=True,
    ),
)
