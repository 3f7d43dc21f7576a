"""Operations that ask an editor for new text: sections, pages, claims, facts and sources.

As in `operations`, a maker returns nothing where its operation does not fit, and writes no fact.
"""

import re
import unicodedata
from itertools import count
from typing import NamedTuple

from coverage_kit.contracts import PassageText
from coverage_kit.rank.candidates import Candidate, EditedSite, Gap, PageChange
from coverage_kit.rank.drafts import as_question, mark_extracts, sibling_path, write_brief
from coverage_kit.rank.effort import count_words, editor_minutes
from coverage_kit.settings import RankSettings
from coverage_kit.text.sentences import split_sentences
from coverage_kit.text.years import stale_years
from coverage_kit.vocabulary import CONTENT_CAUSES, Operation

# A new page has a section for at most this many questions; an editor can add more (assumed).
_MAX_PAGE_SECTIONS = 4
# An added section answers at most this many questions, an extended passage at most the second
# number: a brief with more is hard to follow (assumed).
_MAX_SECTION_QUESTIONS = 3
_MAX_EXTEND_QUESTIONS = 2
# The name of a new page has at most this many characters, so that its URL can be read (assumed).
_MAX_PAGE_NAME = 60
# A Latin letter and its accents, apart.
_ACCENTED = re.compile(r"([a-z])[\u0300-\u036f]+")
# A figure that a reader would like a source for: a number with a unit, such as "12.5%", "40 km" or
# "3 years", or a sum of money, such as "€ 99".
_FIGURE = re.compile(
    r"\d[\d.,]*\s?(?:%|percent|km|kg|years?|months?|hours?|minutes?|miles|€|\$|£)|[€$£]\s?\d",
    re.I,
)
# A text that names a source: a URL, a Markdown link "](", "according to", "Source:", a study or a
# survey; or a slot "[SOURCE NEEDED:" that asks for one.
_SOURCED = re.compile(r"https?://|\]\(|according to|source:|\bstudy\b|\bsurvey\b|\[SOURCE", re.I)


class _Section(NamedTuple):
    """A variant of a section to add: the passage that it follows, its claims and its questions."""

    anchor_passage_id: str
    claims: tuple[str, ...]
    questions: tuple[str, ...]


def add_question_and_answer(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Add a question and its answer.

    On the page that fits best there is a short and a full variant, on the second best page a full
    variant only.
    """
    short_section = _Section(gap.anchor_passage_ids[0], gap.short_claims, gap.questions[:1])
    full_sections = [
        _Section(anchor, gap.full_claims, gap.questions[:_MAX_SECTION_QUESTIONS])
        for anchor in gap.anchor_passage_ids[:2]
    ]
    # Without further claims or questions, the full variant would repeat the short variant.
    is_longer = gap.full_claims != gap.short_claims or len(gap.questions) > 1
    sections = [short_section, *full_sections] if is_longer else [short_section]
    return [_add_section(gap, site, effort, section) for section in sections]


def _add_section(gap: Gap, site: EditedSite, effort: RankSettings, section: _Section) -> Candidate:
    """Return the candidate that adds a variant of the section after its anchor."""
    anchor = site.by_id.loc[section.anchor_passage_id]
    page_id = str(anchor["page_id"])
    anchor_path = str(anchor["heading_path"])
    claims = section.claims
    heading = as_question(section.questions[0])
    after = f"## {heading}\n\n{mark_extracts(claims, gap.label)}"
    words = f"{heading} {' '.join(claims)}"
    change = PageChange(
        action="insert_section",
        page_id=page_id,
        passage_id=section.anchor_passage_id,
        heading_path=anchor_path,
        before=None,
        after=after,
    )
    return Candidate(
        cluster_id=gap.cluster_id,
        operation="add_question_and_answer",
        page_id=page_id,
        heading_path=anchor_path,
        brief=write_brief(
            f"Add a section headed “{heading}” that answers in its first sentence.",
            list(section.questions),
            list(claims),
            gap.label,
            gap.missing,
        ),
        cost_minutes=editor_minutes(
            effort,
            effort.section_minutes,
            added=words,
            n_claims=len(claims),
        ),
        drafted_from=gap.drafted_from,
        added=(PassageText(sibling_path(anchor_path, heading), _simulated_text(gap, claims)),),
        after=after,
        n_words=count_words(words),
        changes=(change,),
        text_share=_text_share(claims, gap.full_claims),
        is_assumed=not claims,
    )


def extend_passage(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Extend the nearest passage by the claims that it lacks: a short and a full variant."""
    if not gap.full_claims:
        return []
    candidates = []
    passage = site.by_id.loc[gap.passage_id]
    path = str(passage["heading_path"])
    before = str(passage["text"])
    # The two variants are the same where there are few claims; a duplicate is left out.
    for claims in dict.fromkeys((gap.short_claims, gap.full_claims)):
        words = " ".join(claims)
        after = f"{before}\n\n{mark_extracts(claims, gap.label)}"
        candidates.append(
            Candidate(
                cluster_id=gap.cluster_id,
                operation="extend_passage",
                page_id=str(passage["page_id"]),
                heading_path=path,
                brief=write_brief(
                    f"Extend the passage under “{path}”.",
                    list(gap.questions[:_MAX_EXTEND_QUESTIONS]),
                    list(claims),
                    gap.label,
                    gap.missing,
                ),
                cost_minutes=editor_minutes(
                    effort,
                    effort.extend_minutes,
                    added=words,
                    n_claims=len(claims),
                ),
                drafted_from=gap.drafted_from,
                added=(PassageText(path, f"{before} {words}"),),
                removed=(gap.passage_id,),
                before=before,
                after=after,
                n_words=count_words(words),
                changes=(site.replace_passage(gap.passage_id, after),),
                text_share=_text_share(claims, gap.full_claims),
            )
        )
    return candidates


def add_page(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Add a page with a section for each of the first questions.

    Only where the content is missing or mis-worded.
    """
    if gap.cause not in CONTENT_CAUSES or len(gap.questions) < 2:
        return []
    title = as_question(gap.questions[0])
    questions = gap.questions[:_MAX_PAGE_SECTIONS]
    # The claims are dealt out to the sections in order, the same number to each, rounded up.
    section_size = max(1, -(-len(gap.full_claims) // len(questions)))
    sections = [
        (as_question(question), gap.full_claims[start : start + section_size])
        for question, start in zip(questions, count(0, section_size), strict=False)
    ]
    # A section without claims says nothing yet, so it is not simulated, unless none has any.
    simulated = [(heading, claims) for heading, claims in sections if claims] or sections[:1]
    added = tuple(
        PassageText(f"{title} > {heading}", _simulated_text(gap, claims))
        for heading, claims in simulated
    )
    drafts = [f"## {heading}\n\n{mark_extracts(claims, gap.label)}" for heading, claims in sections]
    after = "\n\n".join([f"# {title}", *drafts])
    words = " ".join(f"{heading} {' '.join(claims)}" for heading, claims in sections)
    passage = site.by_id.loc[gap.passage_id]
    page_id = _new_page_id(str(passage["page_id"]), str(passage["site"]), gap.label)
    change = PageChange(
        action="add_page",
        page_id=page_id,
        passage_id=None,
        heading_path=title,
        before=None,
        after=after,
    )
    return [
        Candidate(
            cluster_id=gap.cluster_id,
            operation="add_page",
            page_id=page_id,
            heading_path="",
            brief=write_brief(
                f"Add a page titled “{title}”.",
                list(questions),
                list(gap.full_claims),
                gap.label,
                gap.missing,
            ),
            cost_minutes=editor_minutes(
                effort,
                effort.page_minutes,
                added=words,
                n_claims=len(gap.full_claims),
            ),
            drafted_from=gap.drafted_from,
            added=added,
            after=after,
            n_words=count_words(words),
            changes=(change,),
            is_assumed=not gap.full_claims,
        )
    ]


def refresh_fact(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Put a slot behind each old year of the nearest passage: does the fact still hold?"""
    after = str(site.by_id.loc[gap.passage_id, "text"])
    years = stale_years(after, site.this_year)
    if not years:
        return []
    for year in years:
        after = re.sub(
            rf"\b{year}\b",
            f"{year} [FACT NEEDED: what holds in {site.this_year}?]",
            after,
            count=1,
        )
    brief = (
        f"Check what dates from {', '.join(years)}, say what holds in {site.this_year}, "
        "and show when it was checked."
    )
    cost_minutes = editor_minutes(effort, effort.heading_minutes, n_claims=len(years))
    return [_with_slots(gap, site, "refresh_fact", brief, after, cost_minutes)]


def add_source(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Put a slot for a source behind the first sentence of the nearest passage with a figure.

    Only where the passage names no source, and is found but not cited.
    """
    before = str(site.by_id.loc[gap.passage_id, "text"])
    is_uncited = gap.cause in ("retrieved but not cited", "not cited")
    if not is_uncited or _SOURCED.search(before):
        return []
    claims = (sentence for sentence in split_sentences(before) if _FIGURE.search(sentence))
    claim = next(claims, None)
    if claim is None:
        return []
    after = before.replace(claim, f"{claim} [SOURCE NEEDED: who says so, and when?]", 1)
    brief = f"Name and link the source of “{claim}”."
    cost_minutes = editor_minutes(effort, 0.0, n_claims=1)
    return [_with_slots(gap, site, "add_source", brief, after, cost_minutes)]


def _with_slots(  # noqa: PLR0913 (all but the gap and the site differ between the operations)
    gap: Gap,
    site: EditedSite,
    operation: Operation,
    brief: str,
    after: str,
    cost_minutes: float,
) -> Candidate:
    """Return the candidate that puts slots into the nearest passage.

    The simulation reads the passage as it is: nobody knows yet what will be in the slots.
    """
    passage = site.by_id.loc[gap.passage_id]
    path = str(passage["heading_path"])
    before = str(passage["text"])
    return Candidate(
        cluster_id=gap.cluster_id,
        operation=operation,
        page_id=str(passage["page_id"]),
        heading_path=path,
        brief=brief,
        cost_minutes=cost_minutes,
        drafted_from=gap.drafted_from,
        added=(PassageText(path, before),),
        removed=(gap.passage_id,),
        before=before,
        after=after,
        n_words=count_words(after) - count_words(before),
        changes=(site.replace_passage(gap.passage_id, after),),
    )


def _simulated_text(gap: Gap, claims: tuple[str, ...]) -> str:
    """Return the words that represent an editor's text in the simulation.

    These are the claims; without claims the best passage of another site; without other sites the
    questions themselves, which flatters the edit (docs/method.md, Edits).
    """
    return " ".join(claims) or gap.other_site_text or " ".join(gap.questions)


def _text_share(claims: tuple[str, ...], full_claims: tuple[str, ...]) -> float:
    """Return the share of the words of the full claims that are in these claims.

    It is 1 without claims.
    """
    if not claims:
        return 1.0
    return count_words(" ".join(claims)) / count_words(" ".join(full_claims))


def _new_page_id(sibling_page_id: str, site: str, label: str) -> str:
    """Return the id of a new page in the site's root folder, with its sibling's file suffix.

    An id without "/" is the site's home page, or a page of a site whose ids are names of files.

    >>> _new_page_id("shop.example/a.html", "shop.example", "tyres")
    'shop.example/tyres.html'
    >>> _new_page_id("shop.example", "shop.example", "tyres")
    'shop.example/tyres'
    >>> _new_page_id("a.html", "shop", "tyres")
    'tyres.html'
    """
    first_step, slash, _ = sibling_page_id.partition("/")
    is_home = sibling_page_id == site
    root = f"{first_step}/" if slash or is_home else ""
    file_name = sibling_page_id.rsplit("/", maxsplit=1)[-1]
    has_suffix = not is_home and "." in file_name
    suffix = f".{file_name.rsplit('.', maxsplit=1)[1]}" if has_suffix else ""
    return f"{root}{_make_slug(label) or 'new-page'}{suffix}"


def _make_slug(label: str) -> str:
    """Return the label's words in lower case, joined by hyphens: whole words, as many as have room.

    Accents are taken off. Letters of other scripts stay, as their words would be lost without them.

    >>> _make_slug("Crèches & nurseries: who may drop off?"), _make_slug("Велосипед")
    ('creches-nurseries-who-may-drop-off', 'велосипед')
    >>> _make_slug("Renting by the month, subscribing, and trying a cargo bike for a weekend")
    'renting-by-the-month-subscribing-and-trying-a-cargo-bike-for'
    """
    plain = _ACCENTED.sub(r"\1", unicodedata.normalize("NFKD", label.casefold()))
    slug = ""
    for word in re.findall(r"\w+", unicodedata.normalize("NFC", plain)):
        longer = f"{slug}-{word}" if slug else word[:_MAX_PAGE_NAME]
        if len(longer) > _MAX_PAGE_NAME:
            break
        slug = longer
    return slug
