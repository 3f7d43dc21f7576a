"""Authority: the brand told one way, who wrote it, sources for claims about the world, and who else names the brand."""

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from coverage_kit.measure.pillars.check import (
    HEAD,
    SITE,
    WHOLE,
    Check,
    Checked,
    Fault,
    NotAssessed,
    Outcome,
    quote,
)
from coverage_kit.measure.pillars.site import PageSection, PageView, SiteView
from coverage_kit.text.sentences import split_sentences

_ARTICLES = frozenset(
    {
        "Article",
        "BlogPosting",
        "NewsArticle",
        "TechArticle",
        "ScholarlyArticle",
        "Report",
        "HowTo",
        "article",
    }
)
_OWN = ("page", "structured data")
_LEAST_MENTIONS = 20

_WORLD = (
    r"(?:people|adults|consumers|shoppers|households|families|parents|children|women|men|drivers|cyclists|commuters|workers"
    r"|employees|businesses|companies|firms|organisations|organizations|marketers|buyers|users|patients|students|teachers|homes"
    r"|journeys|trips|cars|vehicles|accidents|injuries|deaths|emissions|energy|sales|searches|the (?:population|market"
    r"|world|country)"
    r"|Britons|Americans|Europeans|the British|cities|websites|adults|smokers|owners|renters|homeowners|millennials|teenagers)"
)
_VAGUE = re.compile(
    r"\b(?:(?:recent |new |some |many |several |numerous |various |scientific |independent |other )?(?:studies|research"
    r"|surveys|statistics"
    r"|experts|scientists|researchers|reports|analysts|evidence|polls)|an? (?:\w+ ){0,2}(?:study|survey|report|poll)"
    r"|it (?:is|has been)) (?:(?:has|have|had|also|now|clearly|consistently|repeatedly|overwhelmingly|widely|long) )*"
    r"(?:shows?|shown|suggests?|suggested|finds?|found|indicates?|indicated|proves?|proven|proved|confirms?|confirmed"
    r"|agrees?|agreed"
    r"|says?|estimates?|estimated|reveals?|revealed|demonstrates?|demonstrated|concludes?|concluded|recommends?|known)\b"
    r"(?=.{0,30}(?:that|\d|\w))",
    re.IGNORECASE,
)
_NOT_VAGUE = re.compile(
    r"\bit (?:is|has been) (?:known|found|shown|said|recommended)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    rf"\b(?:\d[\d.,]*\s?(?:%|per ?cent)|(?:one|two|three|four|five|six|seven|eight|nine|\d+) (?:in|out of) (?:every )?(?:\w+))"
    rf" (?:of )?(?:all |the |UK |US |British |American |European |young |older |new |urban |car |working )*{_WORLD}\b",
    re.IGNORECASE,
)
_EFFECT = re.compile(
    r"\b(?:cuts?|reduces?|lowers?|increases?|raises?|improves?|boosts?|halves|doubles)\b.{0,50}\b(?:risks?|emissions"
    r"|pollution|congestion"
    r"|mortality|disease|accidents|injuries|deaths|productivity|crime|stress|wellbeing"
    r"|life expectancy)\b.{0,40}\d+\s?(?:%|per ?cent)",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:we|our|ours|us|my|his|her|their own)\b|\b(?:customers|clients|visitors|orders)\b",
    re.IGNORECASE,
)
_SOURCED = re.compile(
    r"https?://|\b[Aa]ccording to (?!(?:\w+ )?(?:experts|studies|research|scientists|surveys|statistics|reports)\b)"
    r"|\b[Ss]ources?:|\[\d{1,3}\]|\((?:[A-Z][\w&.]+[^()]{0,60}, )?(?:19|20)\d\d\)"
    r"|\b(?:by|from|in|at|for|of) (?:the )?(?:[A-Z][a-z]+ )?(?:University|Institute|Office|Department|Ministry|Agency"
    r"|Association"
    r"|Council|Commission|Bureau|Society|Federation|Foundation|Academy|Trust|Group|Journal|Statistics|Authority)\b"
    r"|\b(?:Department for|Office for|Ministry of|Bank of|University of|Transport for|Institute of|National [A-Z]\w+)\b"
    r"|\b[A-Z][\w.&-]+(?: [A-Z][\w.&-]+){0,5} (?:found|says|said|reports?|reported|estimates?|estimated|shows?|put|puts"
    r"|study|survey"
    r"|report|research|poll|figures|data|statistics|census)\b|\b(?:study|survey|report|poll|research|data"
    r"|figures) (?:by|from|of) [A-Z]",
)
_STARTS = re.compile(
    r"^(?:(?:Recent|New|Some|Many|Several|Numerous|Various|Scientific|Independent|Other|The|A|An|Our|These|This|In|That|Most)"
    r"\s+)*(?:(?:Studies|Study|Research|Surveys?|Experts|Scientists|Researchers|Reports?|Analysts|Evidence|Polls?"
    r"|Statistics|Data"
    r"|Figures|Reviews|It)\b)?",
    re.IGNORECASE,
)


def look_at_entity(page: PageView, site: SiteView) -> Outcome:
    """Whether the page tells the brand's names and facts as most own pages do; where two ways are as frequent, both count."""
    statements = site.tables.statements
    if statements.empty:
        return NotAssessed("nothing was collected of what is told of the brand")
    n_said = site.once(_count_own).get(page.page_id, 0)
    if not n_said:
        return None
    rows = site.once(_contested).get(page.page_id, [])
    faults = tuple(
        Fault(
            HEAD if row["is_markup"] else WHOLE,
            f"{row['property']}: “{row['value']}”, elsewhere “{row['other']}”",
            "Engines join what is said of a brand by its names and facts; where these contradict each other, they "
            "trust it less.",
            row["what_to_do"],
            before=row["value"],
            after=f"[FACT NEEDED: which {row['property']} is right?]",
            n_words=len(str(row["value"]).split()),
            n_claims=1,
        )
        for row in rows
    )
    return Checked(n_said, faults)


def _count_own(site: SiteView) -> dict[str, int]:
    """Return how much each own page tells of the brand."""
    statements = site.tables.statements
    counts = statements.loc[statements["source"].isin(_OWN), "place"].value_counts()
    return {str(name): int(n) for name, n in counts.items()}


def _contested(site: SiteView) -> dict[str, list[dict[str, Any]]]:
    """Return by page what it tells otherwise than most pages; of two ways as frequent, both."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _find_contested(site):
        for name in row["pages"]:
            found.setdefault(str(name), []).append(row)
    return found


def _find_contested(site: SiteView) -> Iterator[dict[str, Any]]:
    own = site.tables.statements[site.tables.statements["source"].isin(_OWN)]
    kinds = ("name variant", "conflicting fact", "missing or odd sameAs")
    disagreements = site.tables.disagreements
    seen: set[tuple[str, str]] = set()
    for row in disagreements[
        disagreements["kind"].isin(kinds) & (disagreements["n_pages"] > 0)
    ].to_dict("records"):
        if row["other_value"] == "not listed":
            continue
        same = own[own["property"] == row["property"]]
        mine = same[same["compared_as"] == row["compared_as"]]
        forms = set(same.loc[same["value"] == row["other_value"], "compared_as"])
        theirs = same[same["compared_as"].isin(forms)]
        n_mine = mine["place"].nunique()
        n_theirs = theirs["place"].nunique()
        if n_mine <= n_theirs or not n_theirs:
            yield from _once(mine, row, str(row["other_value"]), seen)
        if 0 < n_theirs <= n_mine and row["kind"] == "conflicting fact":
            yield from _once(theirs, row, str(row["value"]), seen)


def _once(
    told: pd.DataFrame,
    row: dict[Any, Any],
    other: str,
    seen: set[tuple[str, str]],
) -> Iterator[dict[str, Any]]:
    key = (str(row["property"]), "|".join(sorted(set(told["compared_as"]))))
    if key in seen or told.empty:
        return
    seen.add(key)
    yield {
        **{
            "property": row["property"],
            "value": str(told["value"].iloc[0]),
            "other": other,
            "pages": set(told["place"]),
        },
        **{
            "what_to_do": row["what_to_do"],
            "is_markup": bool((told["source"] == "structured data").all()),
        },
    }


def look_at_author(page: PageView, _: SiteView) -> Outcome:
    """Whether an article says who wrote it, a person or the organisation."""
    if not page.has_source:
        return NotAssessed("no stored source")
    if not _ARTICLES & set(page.values("structured type")):
        return None
    if len(page.told("author")):
        return Checked(1)
    reason = "An article that nobody signs has nobody's knowledge behind it."
    remedy = "Name the author, a person who knows the subject or the organisation, on the page and in its structured data."
    return Checked(
        1,
        (
            Fault(
                HEAD,
                "marked as an article, and no author named",
                reason,
                remedy,
                n_words=6,
                n_claims=1,
            ),
        ),
    )


def look_at_organisation(page: PageView, site: SiteView) -> Outcome:
    """Whether the site says anywhere, for machines or in a copyright line, which organisation is behind it."""
    sources = [one for one in site.pages if one.has_source]
    if not sources:
        return NotAssessed("no stored source")
    if any(len(one.told("organisation")) for one in sources):
        return Checked(1)
    legal = site.tables.statements["property"] == "legalName"
    if len(site.tables.statements[legal & site.tables.statements["source"].isin(_OWN)]):
        return Checked(1)
    reason = (
        "Engines cannot tell whose site this is, nor join it with what others say of its owner."
    )
    remedy = "Name the organisation in structured data (Organization: name, url, sameAs) and at the foot of the pages."
    evidence = f"none of {len(sources)} pages names an organisation in structured data, meta tags or a copyright line"
    return Checked(1, (Fault(SITE, evidence, reason, remedy, n_words=10, n_claims=1),))


def look_at_sources(page: PageView, _: SiteView) -> Outcome:
    """Whether claims about the world, research and shares of other people, name or link a source in their paragraph."""
    linked = {row["place"] for row in page.told("outbound link") if isinstance(row["place"], str)}
    claims = [(part, text, sentence) for part, text, sentence in _claims(page)]
    faults = [
        Fault(
            part.path,
            f"“{quote(sentence)}”",
            "It tells of the world at large and names nobody who found so; engines prefer passages whose figures can "
            "be traced.",
            "Name and link who found so, and when; or leave it out.",
            sentence,
            f"{sentence} [SOURCE NEEDED: who says so, and when?]",
            6,
            1,
            page.passage_of(sentence, part.path),
        )
        for part, text, sentence in claims
        if part.path not in linked and not _SOURCED.search(_without_opening(text))
    ]
    return Checked(len(claims), tuple(faults)) if claims else None


def _without_opening(text: str) -> str:
    """Return a paragraph whose sentences do not start with a capital that is no name."""
    return " ".join(
        _STARTS.sub(lambda found: found[0].lower(), sentence) for sentence in split_sentences(text)
    )


def _claims(page: PageView) -> Iterator[tuple[PageSection, str, str]]:
    """Yield section, paragraph and sentence of each claim about the world."""
    for part, paragraph in page.texts():
        for sentence in split_sentences(paragraph.text):
            if sentence.endswith("?") or _SELF.search(sentence):
                continue
            found = _VAGUE.search(sentence)
            is_vague = (
                found is not None
                and not _NOT_VAGUE.search(found[0])
                and not re.match(r"an? ", found[0], re.IGNORECASE)
            )
            is_counted = (
                found is not None and re.search(r"\d|half|third|quarter|most", sentence) is not None
            )
            if is_vague or is_counted or _SHARE.search(sentence) or _EFFECT.search(sentence):
                yield part, paragraph.text, sentence


def look_at_third_parties(page: PageView, site: SiteView) -> Outcome:
    """Whether answers that name the brand ever cite somebody else for it than the sites that compete with each other."""
    tables = site.tables
    label = tables.names[0] if tables.names else ""
    named = (
        tables.mentions.loc[tables.mentions["brand"] == label, "answer_id"]
        if label
        else pd.Series(dtype=str)
    )
    cited = tables.citations[
        (tables.citations["kind"] == "cited") & tables.citations["answer_id"].isin(named)
    ]
    n_answers = cited["answer_id"].nunique()
    if n_answers < _LEAST_MENTIONS:
        return NotAssessed(
            f"under {_LEAST_MENTIONS} logged answers name the brand and cite anybody"
        )
    sites = set(tables.pages["site"])
    n_others = cited.loc[~cited["site"].isin(sites), "answer_id"].nunique()
    if n_others:
        return Checked(n_answers)
    reason = "Nobody but the sellers is cited where the brand is named; engines weigh what independent sources say of it."
    remedy = "Seek tests, listings and reports by independent publications for the questions with most demand."
    evidence = f"0 of {n_answers} answers that name {label} cite a third party"
    return Checked(n_answers, (Fault(SITE, evidence, reason, remedy),))


_EN = ("en",)
CHECKS = (
    Check(
        "one_story",
        "authority",
        "Names and facts of the brand agree",
        "moderate",
        look_at_entity,
    ),
    Check(
        "author",
        "authority",
        "Articles say who wrote them",
        "weak",
        look_at_author,
    ),
    Check(
        *(
            "organisation",
            "authority",
            "The site names its organisation",
            "weak",
        ),
        look=look_at_organisation,
        is_of_site=True,
    ),
    Check(
        "sources",
        "authority",
        "Claims about the world name a source",
        "moderate",
        look_at_sources,
        _EN,
    ),
    Check(
        *(
            "third_parties",
            "authority",
            "Others are cited where the brand is named",
            "strong",
        ),
        look=look_at_third_parties,
        is_of_site=True,
    ),
)
