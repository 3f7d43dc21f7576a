"""Authority: consistent facts on the brand, authors, sources of claims, and third parties."""

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

# Types of structured data that mark a page as an article, and the type of Open Graph.
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
# Sources of statements that are on the site.
_OWN = ("page", "structured data")
# With fewer answers that name the brand, third parties may be missing by chance (assumed).
_MIN_ANSWERS = 20

# People and things at large: "adults", "the market". What a site says of its own customers needs no
# source.
_WORLD = (
    r"(?:people|adults|consumers|shoppers|households|families|parents|children|women|men|drivers"
    r"|cyclists|commuters|workers|employees|businesses|companies|firms|organisations"
    r"|organizations|marketers|buyers|users|patients|students|teachers|homes|journeys|trips|cars"
    r"|vehicles|accidents|injuries|deaths|emissions|energy|sales|searches|the (?:population"
    r"|market|world|country)|Britons|Americans|Europeans|the British|cities|websites|adults"
    r"|smokers|owners|renters|homeowners|millennials|teenagers)"
)
# Research without a name: "studies show that", "experts have long agreed", "a survey found".
_VAGUE = re.compile(
    r"\b(?:(?:recent |new |some |many |several |numerous |various |scientific |independent "
    r"|other )?(?:studies|research|surveys|statistics|experts|scientists|researchers|reports"
    r"|analysts|evidence|polls)|an? (?:\w+ ){0,2}(?:study|survey|report|poll)|it (?:is"
    r"|has been)) (?:(?:has|have|had|also|now|clearly|consistently|repeatedly|overwhelmingly"
    r"|widely|long) )*(?:shows?|shown|suggests?|suggested|finds?|found|indicates?|indicated"
    r"|proves?|proven|proved|confirms?|confirmed|agrees?|agreed|says?|estimates?|estimated"
    r"|reveals?|revealed|demonstrates?|demonstrated|concludes?|concluded|recommends?"
    r"|known)\b(?=.{0,30}(?:that|\d|\w))",
    re.IGNORECASE,
)
# "It is known": common knowledge rather than research.
_NOT_VAGUE = re.compile(
    r"\bit (?:is|has been) (?:known|found|shown|said|recommended)\b",
    re.IGNORECASE,
)
# A share of people at large: "84% of adults", "one in ten UK drivers".
_SHARE = re.compile(
    rf"\b(?:\d[\d.,]*\s?(?:%|per ?cent)|(?:one|two|three|four|five|six|seven|eight|nine"
    rf"|\d+) (?:in|out of) (?:every )?(?:\w+)) (?:of )?(?:all |the |UK |US |British |American "
    rf"|European |young |older |new |urban |car |working )*{_WORLD}\b",
    re.IGNORECASE,
)
# An effect in percent: "cuts emissions by up to 30%".
_EFFECT = re.compile(
    r"\b(?:cuts?|reduces?|lowers?|increases?|raises?|improves?|boosts?|halves"
    r"|doubles)\b.{0,50}\b(?:risks?|emissions|pollution|congestion|mortality|disease|accidents"
    r"|injuries|deaths|productivity|crime|stress|wellbeing|life expectancy)\b.{0,40}\d+\s?(?:%"
    r"|per ?cent)",
    re.IGNORECASE,
)
# The site's own side, or its customers.
_SELF = re.compile(
    r"\b(?:we|our|ours|us|my|his|her|their own)\b|\b(?:customers|clients|visitors|orders)\b",
    re.IGNORECASE,
)
# A source: an address, "according to the Tea Council", "[3]", "(Smith, 2019)", "by the University
# of Leeds", "Gallup found", "report by Ofcom".
_SOURCED = re.compile(
    r"https?://|\b[Aa]ccording to (?!(?:\w+ )?(?:experts|studies|research|scientists|surveys"
    r"|statistics|reports)\b)|\b[Ss]ources?:|\[\d{1,3}\]|\((?:[A-Z][\w&.]+[^()]{0,60}, )?(?:19"
    r"|20)\d\d\)|\b(?:by|from|in|at|for|of) (?:the )?(?:[A-Z][a-z]+ )?(?:University|Institute"
    r"|Office|Department|Ministry|Agency|Association|Council|Commission|Bureau|Society"
    r"|Federation|Foundation|Academy|Trust|Group|Journal|Statistics|Authority)\b"
    r"|\b(?:Department for|Office for|Ministry of|Bank of|University of|Transport for"
    r"|Institute of|National [A-Z]\w+)\b|\b[A-Z][\w.&-]+(?: [A-Z][\w.&-]+){0,5} (?:found|says"
    r"|said|reports?|reported|estimates?|estimated|shows?|put|puts|study|survey|report|research"
    r"|poll|figures|data|statistics|census)\b|\b(?:study|survey|report|poll|research|data"
    r"|figures) (?:by|from|of) [A-Z]",
)
# The opening of a sentence whose capital is no name: "Recent Studies", "The Figures".
_STARTS = re.compile(
    r"^(?:(?:Recent|New|Some|Many|Several|Numerous|Various|Scientific|Independent|Other|The|A|An"
    r"|Our|These|This|In|That|Most)\s+)*(?:(?:Studies|Study|Research|Surveys?|Experts|Scientists"
    r"|Researchers|Reports?|Analysts|Evidence|Polls?|Statistics|Data|Figures|Reviews|It)\b)?",
    re.IGNORECASE,
)


def check_brand(page: PageView, site: SiteView) -> Outcome:
    """Return whether the page gives the brand's names and facts as most pages of the site do.

    Of two ways that are equally frequent, both fail.
    """
    statements = site.tables.statements
    if statements.empty:
        return NotAssessed("no statement about the brand was collected")
    n_statements = site.cached(_count_own).get(page.page_id, 0)
    if not n_statements:
        return None
    rows = site.cached(_contested_by_page).get(page.page_id, [])
    faults = tuple(
        Fault(
            place=HEAD if row["is_markup"] else WHOLE,
            evidence=f"{row['property']}: “{row['value']}”, elsewhere “{row['other']}”",
            reason=(
                "Engines join what is said of a brand by its names and facts; where these "
                "contradict each other, they trust it less."
            ),
            remedy=row["what_to_do"],
            before=row["value"],
            after=f"[FACT NEEDED: which {row['property']} is right?]",
            n_words=len(str(row["value"]).split()),
            n_claims=1,
        )
        for row in rows
    )
    return Checked(n_statements, faults)


def _count_own(site: SiteView) -> dict[str, int]:
    """Return the number of statements about the brand on each page of the site."""
    statements = site.tables.statements
    counts = statements.loc[statements["source"].isin(_OWN), "place"].value_counts()
    return {str(name): int(n) for name, n in counts.items()}


def _contested_by_page(site: SiteView) -> dict[str, list[dict[str, Any]]]:
    """Return by page the statements that differ from those of most pages.

    Of two ways that are equally frequent, both are returned.
    """
    contested: dict[str, list[dict[str, Any]]] = {}
    for row in _contested_rows(site):
        for name in row["pages"]:
            contested.setdefault(str(name), []).append(row)
    return contested


def _contested_rows(site: SiteView) -> Iterator[dict[str, Any]]:
    """Yield a row for each contested way of stating a fact, with the pages that state it so."""
    own = site.tables.statements[site.tables.statements["source"].isin(_OWN)]
    kinds = ("name variant", "conflicting fact", "missing or odd sameAs")
    disagreements = site.tables.disagreements
    yielded: set[tuple[str, str]] = set()
    for row in disagreements[
        disagreements["kind"].isin(kinds) & (disagreements["n_pages"] > 0)
    ].to_dict("records"):
        if row["other_value"] == "not listed":
            continue
        statements = own[own["property"] == row["property"]]
        matching = statements[statements["compared_as"] == row["compared_as"]]
        forms = set(statements.loc[statements["value"] == row["other_value"], "compared_as"])
        rivals = statements[statements["compared_as"].isin(forms)]
        n_matching = matching["place"].nunique()
        n_rivals = rivals["place"].nunique()
        if n_matching <= n_rivals or not n_rivals:
            yield from _yield_once(matching, row, str(row["other_value"]), yielded)
        if 0 < n_rivals <= n_matching and row["kind"] == "conflicting fact":
            yield from _yield_once(rivals, row, str(row["value"]), yielded)


def _yield_once(
    statements: pd.DataFrame,
    row: dict[Any, Any],
    other: str,
    yielded: set[tuple[str, str]],
) -> Iterator[dict[str, Any]]:
    """Yield the row of these statements, unless it was yielded for another disagreement."""
    key = (str(row["property"]), "|".join(sorted(set(statements["compared_as"]))))
    if key in yielded or statements.empty:
        return
    yielded.add(key)
    yield {
        "property": row["property"],
        "value": str(statements["value"].iloc[0]),
        "other": other,
        "pages": set(statements["place"]),
        "what_to_do": row["what_to_do"],
        "is_markup": bool((statements["source"] == "structured data").all()),
    }


def check_author(page: PageView, _: SiteView) -> Outcome:
    """Return whether an article says who wrote it, a person or the organisation."""
    if not page.has_source:
        return NotAssessed("no stored source")
    if not _ARTICLES & set(page.values("structured type")):
        return None
    if len(page.rows_of("author")):
        return Checked(1)
    reason = "An article that nobody signs has nobody's knowledge behind it."
    remedy = (
        "Name the author, a person who knows the subject or the organisation, on the page and "
        "in its structured data."
    )
    return Checked(
        1,
        (
            Fault(
                place=HEAD,
                evidence="marked as an article, and no author named",
                reason=reason,
                remedy=remedy,
                n_words=6,
                n_claims=1,
            ),
        ),
    )


def check_organisation(page: PageView, site: SiteView) -> Outcome:
    """Return whether any page names the organisation that owns the site.

    It may be named for machines or in a copyright line.
    """
    pages = [page for page in site.pages if page.has_source]
    if not pages:
        return NotAssessed("no stored source")
    if any(len(page.rows_of("organisation")) for page in pages):
        return Checked(1)
    legal = site.tables.statements["property"] == "legalName"
    if len(site.tables.statements[legal & site.tables.statements["source"].isin(_OWN)]):
        return Checked(1)
    reason = "Engines cannot see whose site this is, nor join it with what others say of its owner."
    remedy = (
        "Name the organisation in structured data (Organization: name, url, sameAs) and at the "
        "foot of the pages."
    )
    evidence = (
        f"none of {len(pages)} pages names an organisation in structured data, meta tags or a "
        "copyright line"
    )
    return Checked(
        1,
        (
            Fault(
                place=SITE, evidence=evidence, reason=reason, remedy=remedy, n_words=10, n_claims=1
            ),
        ),
    )


def check_sources(page: PageView, _: SiteView) -> Outcome:
    """Return whether claims about the world at large name or link a source.

    Such claims are about research, and about shares of other people. The link may be anywhere in
    the section, the name in the paragraph.
    """
    linked = {
        row["place"] for row in page.rows_of("outbound link") if isinstance(row["place"], str)
    }
    claims = list(_claims(page))
    faults = [
        Fault(
            place=section.path,
            evidence=f"“{quote(sentence)}”",
            reason=(
                "It speaks of the world at large and names nobody who found so; engines prefer "
                "passages whose figures can be traced."
            ),
            remedy="Name and link who found so, and when; or leave it out.",
            before=sentence,
            after=f"{sentence} [SOURCE NEEDED: who says so, and when?]",
            n_words=6,
            n_claims=1,
            passage_id=page.passage_of(sentence, section.path),
        )
        for section, text, sentence in claims
        if section.path not in linked and not _SOURCED.search(_without_opening(text))
    ]
    return Checked(len(claims), tuple(faults)) if claims else None


def _without_opening(text: str) -> str:
    """Return a paragraph whose sentences do not start with a capital, unless it is a name's."""
    return " ".join(
        _STARTS.sub(lambda match: match[0].lower(), sentence) for sentence in split_sentences(text)
    )


def _claims(page: PageView) -> Iterator[tuple[PageSection, str, str]]:
    """Yield section, paragraph and sentence of each claim about the world at large."""
    for section, paragraph in page.texts():
        for sentence in split_sentences(paragraph.text):
            if sentence.endswith("?") or _SELF.search(sentence):
                continue
            match = _VAGUE.search(sentence)
            is_vague = (
                match is not None
                and not _NOT_VAGUE.search(match[0])
                and not re.match(r"an? ", match[0], re.IGNORECASE)
            )
            is_counted = (
                match is not None and re.search(r"\d|half|third|quarter|most", sentence) is not None
            )
            if is_vague or is_counted or _SHARE.search(sentence) or _EFFECT.search(sentence):
                yield section, paragraph.text, sentence


def check_third_parties(page: PageView, site: SiteView) -> Outcome:
    """Return whether answers that name the brand ever cite a third party.

    Third parties are sites that are not among the competing ones.
    """
    tables = site.tables
    label = tables.names[0] if tables.names else ""
    naming = (
        tables.mentions.loc[tables.mentions["brand"] == label, "answer_id"]
        if label
        else pd.Series(dtype=str)
    )
    cited = tables.citations[
        (tables.citations["kind"] == "cited") & tables.citations["answer_id"].isin(naming)
    ]
    n_answers = cited["answer_id"].nunique()
    if n_answers < _MIN_ANSWERS:
        return NotAssessed(f"under {_MIN_ANSWERS} logged answers name the brand and cite anybody")
    sites = set(tables.pages["site"])
    n_others = cited.loc[~cited["site"].isin(sites), "answer_id"].nunique()
    if n_others:
        return Checked(n_answers)
    reason = (
        "Nobody but the sellers is cited where the brand is named; engines weigh what "
        "independent sources say of it."
    )
    remedy = (
        "Seek tests, listings and reports by independent publications for the questions with "
        "most demand."
    )
    evidence = f"0 of {n_answers} answers that name {label} cite a third party"
    return Checked(n_answers, (Fault(place=SITE, evidence=evidence, reason=reason, remedy=remedy),))


# Only `sources` compares words, and its patterns are English.
CHECKS = (
    Check(
        name="one_story",
        pillar="authority",
        title="Names and facts of the brand agree",
        weight="moderate",
        look=check_brand,
    ),
    Check(
        name="author",
        pillar="authority",
        title="Articles say who wrote them",
        weight="weak",
        look=check_author,
    ),
    Check(
        name="organisation",
        pillar="authority",
        title="The site names its organisation",
        weight="weak",
        look=check_organisation,
        is_of_site=True,
    ),
    Check(
        name="sources",
        pillar="authority",
        title="Claims about the world name a source",
        weight="moderate",
        look=check_sources,
        languages=("en",),
    ),
    Check(
        name="third_parties",
        pillar="authority",
        title="Others are cited where the brand is named",
        weight="strong",
        look=check_third_parties,
        is_of_site=True,
    ),
)
