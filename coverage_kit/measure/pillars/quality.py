"""Quality and freshness, of what is claimed: figures of surveys without a date, praise of oneself that nothing supports."""

import re

from coverage_kit.measure.pillars.check import (
    Check,
    Checked,
    Fault,
    Outcome,
    quote,
    unquoted,
)
from coverage_kit.measure.pillars.site import PageView, SiteView
from coverage_kit.text.sentences import split_sentences

_STUDY = re.compile(
    r"\b(?:survey(?:ed)?|poll(?:ed)?|study|studies|research|census|questionnaire|interviews?)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b\d[\d.,]*\s?(?:%|per ?cent)|\b\d+ (?:in|out of) (?:every )?\d+\b|\b(?:half|two thirds|a third|a quarter) of\b",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:last|this|each|every) (?:year|month|week|spring|summer|autumn|winter|january|february"
    r"|march|april|may"
    r"|june|july|august|september|october|november|december)\b|\bannual|\byearly\b",
    re.IGNORECASE,
)

_SELF = re.compile(r"\b(?:we|our|us|ours)\b", re.IGNORECASE)
_BOAST = re.compile(
    r"\b(?:world|industry|market|class)[- ](?:leading|beating|renowned)\b|\bworld[- ]class\b|\bbest[- ]in[- ]class\b"
    r"|\bsecond to none\b"
    r"|\b(?:unrivalled|unbeatable|unparalleled|unsurpassed)\b"
    r"|\bun(?:matched|equalled) (?:quality|service|performance|comfort|value|reliability|range|support|experience"
    r"|choice|expertise)\b",
    re.IGNORECASE,
)
_MOST = (
    r"(?:best|finest|leading|fastest|cheapest|safest|strongest|lightest|quietest|largest|biggest|greenest|top"
    r"|number one|no\. ?1|#1"
    r"|most (?:trusted|advanced|reliable|popular|loved|innovative|comfortable|powerful|efficient|durable|affordable|experienced"
    r"|respected|successful|sustainable|beautiful|complete))"
)
_SCOPED = re.compile(
    rf"\b(?:the|Britain's|the UK's|the world's|Europe's|America's|the country's|the nation's|the industry's|the market's"
    rf"|the region's"
    rf"|[A-Z][a-z]+'s) (?:very |absolute )?(?i:{_MOST})(?!\w)(?P<after>[^.;!?]{{0,60}})",
)
_WIDE = re.compile(
    r"\b(?:in|on|across|throughout|around) (?:the )?(?:world|globe|planet|market|industry|business|country|UK|US"
    r"|Britain|Europe|Earth"
    r"|north|south|region|sector)\b|\b(?:money can buy|you can (?:buy|find|get)|anywhere|available(?: today"
    r"| anywhere)?$|ever made|of its kind)",
    re.IGNORECASE,
)
_BOUGHT = re.compile(
    r".*\b(?:money can buy|you can buy|on the market|in the (?:business|industry))\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"\b(?:a|the) (?:\w+ )?leading (?:\w+ )?(?:provider|supplier|manufacturer|maker|retailer|brand|company|specialist"
    r"|name|expert)s?\b",
    re.IGNORECASE,
)
_OWNERS = re.compile(
    r"\b(?:Britain|UK|world|Europe|America|country|nation|industry|market|region)'s\b"
)
_IS_BEST = re.compile(
    rf"\b(?:we|our (?:\w+ ){{0,3}}\w+) (?:are|is|offer|make|build|provide|deliver|have|remains?) (?:simply |quite "
    rf"|by far )*the "
    rf"(?:very )?{_MOST}\b(?P<after>[^.;!?]{{0,60}})",
    re.IGNORECASE,
)
_OWN_SCOPE = re.compile(
    r"\bwe (?:make|sell|fit|have|offer|build|stock|know|can)\b|\bof (?:our|the|these|all|them|us|its)\b|\bin (?:our|the"
    r"|this) (?:range|line"
    r"|family|table|shop)\b|\b(?:way|time|place|choice|thing|option|test|advice|part|day)s?\b|\bper\b|\bwe've\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|never|no(?!\. ?1)|n't|nor|without|whether|if|isn't|aren't|than|wants?|claims? to|search for|looking for)\b|\?",
    re.IGNORECASE,
)
_SUPPORTED = re.compile(
    r"\d|\b(?:awarded?|according to|voted|rated|named|tested|survey|review|study|ranked|certified|winner|won|source)\b"
    r"|https?://",
    re.IGNORECASE,
)


def look_at_figures(page: PageView, _: SiteView) -> Outcome:
    """Whether figures of surveys and studies say when they were taken."""
    places = [
        (part, one.text)
        for part, one in page.texts()
        if _STUDY.search(one.text) and _NUMBER.search(one.text)
    ]
    faults = []
    for part, text in places:
        sentence = next(
            (one for one in split_sentences(text) if _STUDY.search(one) and _NUMBER.search(one)),
            None,
        )
        if sentence is not None and not _DATED.search(text):
            after = f"{sentence} [FACT NEEDED: when was that, and of how many?]"
            reason = "A figure without a date can be neither trusted nor kept up."
            remedy = "Say when it was measured, and of how many."
            place = page.passage_of(sentence, part.path)
            faults.append(
                Fault(
                    part.path,
                    f"“{quote(sentence)}”",
                    reason,
                    remedy,
                    sentence,
                    after,
                    6,
                    1,
                    place,
                )
            )
    return Checked(len(places), tuple(faults)) if places else None


def look_at_superlatives(page: PageView, site: SiteView) -> Outcome:
    """Whether what a page says of itself in superlatives is supported where it stands."""
    places = [
        (part, sentence) for part, one in page.texts() for sentence in split_sentences(one.text)
    ]
    faults = [
        Fault(
            part.path,
            f"“{found}” in “{quote(sentence)}”",
            "Engines pass over praise of oneself that nothing supports, and readers doubt it.",
            "Say who found so and when, give the figure behind it, or leave it out.",
            sentence,
            f"{sentence} [SOURCE NEEDED: who found so, and when?]",
            6,
            1,
            page.passage_of(sentence, part.path),
        )
        for part, sentence in places
        if (found := _boast(sentence, site.tables.names))
    ]
    return Checked(len(places), tuple(faults)) if places else None


def _boast(sentence: str, names: tuple[str, ...] = ()) -> str:
    """Return the superlative of a sentence that praises its own side and supports nothing; empty where there is none.

    Its own side are we, or the brand by one of its names.
    """
    plain = unquoted(sentence).replace("\u2019", "'")
    if _SUPPORTED.search(
        re.sub(r"(?:no\. ?|#)1", "", plain, flags=re.IGNORECASE)
    ) or _NEGATED.search(plain):
        return ""
    is_self = _SELF.search(plain) is not None or any(
        re.search(rf"\b{re.escape(name)}\b", plain) for name in names
    )
    if found := _BOAST.search(plain):
        return found[0]
    if is_self and (found := _LEADING.search(plain)):
        return found[0]
    for found in _SCOPED.finditer(plain):
        is_bought = _BOUGHT.match(found["after"]) is not None
        is_wide = _OWNERS.search(found[0]) or _WIDE.search(found["after"])
        is_own = is_self or is_bought or _OWNERS.search(found[0]) is not None
        if is_wide and is_own and not _OWN_SCOPE.search(found["after"]):
            return found[0]
    found = _IS_BEST.search(plain)
    return found[0] if found and not _OWN_SCOPE.search(found["after"]) else ""


CHECKS = (
    Check(
        *(
            "dated_figures",
            "freshness",
            "Figures of surveys say when they were taken",
            "moderate",
        ),
        look=look_at_figures,
        languages=("en",),
    ),
    Check(
        *(
            "superlatives",
            "freshness",
            "Praise of oneself is supported",
            "moderate",
        ),
        look=look_at_superlatives,
        languages=("en",),
    ),
)
