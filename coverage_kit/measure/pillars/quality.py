"""Quality of claims: figures of surveys without a date, and praise of oneself without support."""

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

# Words of surveys and studies.
_STUDY = re.compile(
    r"\b(?:survey(?:ed)?|poll(?:ed)?|study|studies|research|census|questionnaire|interviews?)\b",
    re.IGNORECASE,
)
# A share: "62%", "9 in 10", "half of".
_NUMBER = re.compile(
    r"\b\d[\d.,]*\s?(?:%|per ?cent)|\b\d+ (?:in|out of) (?:every )?\d+\b|\b(?:half|two thirds"
    r"|a third|a quarter) of\b",
    re.IGNORECASE,
)
# A time: "2025", "last spring", "annual".
_DATED = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:last|this|each|every) (?:year|month|week|spring|summer|autumn"
    r"|winter|january|february|march|april|may|june|july|august|september|october|november"
    r"|december)\b|\bannual|\byearly\b",
    re.IGNORECASE,
)

# The site's own side.
_SELF = re.compile(r"\b(?:we|our|us|ours)\b", re.IGNORECASE)
# Praise by its form alone: "world-leading", "second to none", "unmatched quality".
_BOAST = re.compile(
    r"\b(?:world|industry|market|class)[- ](?:leading|beating|renowned)\b|\bworld[- ]class\b"
    r"|\bbest[- ]in[- ]class\b|\bsecond to none\b|\b(?:unrivalled|unbeatable|unparalleled"
    r"|unsurpassed)\b|\bun(?:matched|equalled) (?:quality|service|performance|comfort|value"
    r"|reliability|range|support|experience|choice|expertise)\b",
    re.IGNORECASE,
)
# Superlatives.
_MOST = (
    r"(?:best|finest|leading|fastest|cheapest|safest|strongest|lightest|quietest|largest|biggest"
    r"|greenest|top|number one|no\. ?1|#1|most (?:trusted|advanced|reliable|popular|loved"
    r"|innovative|comfortable|powerful|efficient|durable|affordable|experienced|respected"
    r"|successful|sustainable|beautiful|complete))"
)
# A superlative with its owner: "the UK's best kettles", "the fastest".
_SCOPED = re.compile(
    rf"\b(?:the|Britain's|the UK's|the world's|Europe's|America's|the country's|the nation's"
    rf"|the industry's|the market's|the region's|[A-Z][a-z]+'s) (?:very "
    rf"|absolute )?(?i:{_MOST})(?!\w)(?P<after>[^.;!?]{{0,60}})",
)
# A scope beyond the site: "in the world", "on the market", "money can buy".
_WIDE = re.compile(
    r"\b(?:in|on|across|throughout|around) (?:the )?(?:world|globe|planet|market|industry"
    r"|business|country|UK|US|Britain|Europe|Earth|north|south|region|sector)\b"
    r"|\b(?:money can buy|you can (?:buy|find|get)|anywhere|available(?: today| anywhere)?$"
    r"|ever made|of its kind)",
    re.IGNORECASE,
)
# A scope that only sellers use.
_BOUGHT = re.compile(
    r".*\b(?:money can buy|you can buy|on the market|in the (?:business|industry))\b",
    re.IGNORECASE,
)
# "A leading supplier".
_LEADING = re.compile(
    r"\b(?:a|the) (?:\w+ )?leading (?:\w+ )?(?:provider|supplier|manufacturer|maker|retailer"
    r"|brand|company|specialist|name|expert)s?\b",
    re.IGNORECASE,
)
# An owner beyond the site: "Britain's".
_OWNERS = re.compile(
    r"\b(?:Britain|UK|world|Europe|America|country|nation|industry|market|region)'s\b"
)
# "Our bikes are by far the best".
_IS_BEST = re.compile(
    rf"\b(?:we|our (?:\w+ ){{0,3}}\w+) (?:are|is|offer|make|build|provide|deliver|have"
    rf"|remains?) (?:simply |quite |by far )*the (?:very )?{_MOST}\b(?P<after>[^.;!?]{{0,60}})",
    re.IGNORECASE,
)
# A scope within the site: "the best we make", "of our range", "the best way".
_OWN_SCOPE = re.compile(
    r"\bwe (?:make|sell|fit|have|offer|build|stock|know|can)\b|\bof (?:our|the|these|all|them|us"
    r"|its)\b|\bin (?:our|the|this) (?:range|line|family|table|shop)\b|\b(?:way|time|place"
    r"|choice|thing|option|test|advice|part|day)s?\b|\bper\b|\bwe've\b",
    re.IGNORECASE,
)
# Praise that the sentence does not make itself: negated, asked, sought or claimed by others.
_NEGATED = re.compile(
    r"\b(?:not|never|no(?!\. ?1)|n't|nor|without|whether|if|isn't|aren't|than|wants?|claims? to"
    r"|search for|looking for)\b|\?",
    re.IGNORECASE,
)
# Support in the sentence: a figure, an award, a test, an address.
_SUPPORTED = re.compile(
    r"\d|\b(?:awarded?|according to|voted|rated|named|tested|survey|review|study|ranked"
    r"|certified|winner|won|source)\b|https?://",
    re.IGNORECASE,
)


def check_figures(page: PageView, _: SiteView) -> Outcome:
    """Return whether figures of surveys and studies say when they were measured."""
    texts = [
        (section, paragraph.text)
        for section, paragraph in page.texts()
        if _has_survey_figure(paragraph.text)
    ]
    faults = []
    for section, text in texts:
        sentence = next(filter(_has_survey_figure, split_sentences(text)), None)
        if sentence is not None and not _DATED.search(text):
            faults.append(
                Fault(
                    place=section.path,
                    evidence=f"“{quote(sentence)}”",
                    reason="A figure without a date can be neither trusted nor kept up.",
                    remedy="Say when it was measured, and of how many.",
                    before=sentence,
                    after=f"{sentence} [FACT NEEDED: when was that, and of how many?]",
                    n_words=6,
                    n_claims=1,
                    passage_id=page.passage_of(sentence, section.path),
                )
            )
    return Checked(len(texts), tuple(faults)) if texts else None


def _has_survey_figure(text: str) -> bool:
    return _STUDY.search(text) is not None and _NUMBER.search(text) is not None


def check_superlatives(page: PageView, site: SiteView) -> Outcome:
    """Return whether a page supports the superlatives with which it praises its own side."""
    sentences = [
        (section, sentence)
        for section, paragraph in page.texts()
        for sentence in split_sentences(paragraph.text)
    ]
    faults = [
        Fault(
            place=section.path,
            evidence=f"“{boast}” in “{quote(sentence)}”",
            reason="Engines pass over praise of oneself that nothing supports, and readers doubt "
            "it.",
            remedy="Say who found so and when, give the figure behind it, or leave it out.",
            before=sentence,
            after=f"{sentence} [SOURCE NEEDED: who found so, and when?]",
            n_words=6,
            n_claims=1,
            passage_id=page.passage_of(sentence, section.path),
        )
        for section, sentence in sentences
        if (boast := _find_boast(sentence, site.tables.names))
    ]
    return Checked(len(sentences), tuple(faults)) if sentences else None


def _find_boast(sentence: str, names: tuple[str, ...] = ()) -> str:
    """Return the superlative of a sentence that praises its own side without support, else ''.

    Its own side is "we", or the brand by one of its names.
    """
    plain = unquoted(sentence).replace("\u2019", "'")
    # The figures of "no. 1" and "#1" are praise and support nothing, so they are taken out.
    if _SUPPORTED.search(
        re.sub(r"(?:no\. ?|#)1", "", plain, flags=re.IGNORECASE)
    ) or _NEGATED.search(plain):
        return ""
    is_self = _SELF.search(plain) is not None or any(
        re.search(rf"\b{re.escape(name)}\b", plain) for name in names
    )
    if match := _BOAST.search(plain):
        return match[0]
    if is_self and (match := _LEADING.search(plain)):
        return match[0]
    for match in _SCOPED.finditer(plain):
        is_bought = _BOUGHT.match(match["after"]) is not None
        is_wide = _OWNERS.search(match[0]) or _WIDE.search(match["after"])
        is_own = is_self or is_bought or _OWNERS.search(match[0]) is not None
        if is_wide and is_own and not _OWN_SCOPE.search(match["after"]):
            return match[0]
    match = _IS_BEST.search(plain)
    return match[0] if match and not _OWN_SCOPE.search(match["after"]) else ""


CHECKS = (
    Check(
        name="dated_figures",
        pillar="freshness",
        title="Figures of surveys say when they were taken",
        weight="moderate",
        look=check_figures,
        languages=("en",),
    ),
    Check(
        name="superlatives",
        pillar="freshness",
        title="Praise of oneself is supported",
        weight="moderate",
        look=check_superlatives,
        languages=("en",),
    ),
)
