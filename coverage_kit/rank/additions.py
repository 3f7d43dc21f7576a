"""Operations that ask an editor for new text: sections, pages, claims, facts and sources.

As in `operations`, a maker returns nothing where its operation does not fit, and writes no fact.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from itertools import count
from typing import Any

from coverage_kit.contracts import NewPage, PassageText
from coverage_kit.rank.candidates import (
    Candidate,
    EditedSite,
    Gap,
    PageChange,
)
from coverage_kit.rank.drafts import content_words, name_heading, sibling_path
from coverage_kit.rank.effort import editor_minutes
from coverage_kit.rank.outlines import (
    Outline,
    Size,
    ask_for_words,
    describe_outline,
    make_outline,
)
from coverage_kit.settings import RankSettings
from coverage_kit.text.length import count_words
from coverage_kit.text.sentences import is_whole_sentence, split_sentences
from coverage_kit.text.years import stale_years
from coverage_kit.vocabulary import MIS_WORDED, MISSING, Operation

# How much a text holds, at most (assumed): a brief with more is hard to follow. A short page has
# fewer facts; a short section answers one question.
_FULL_PAGE = Size(questions=7, facts=8, slots=7)
_SHORT_PAGE = Size(questions=7, facts=5, slots=7)
_FULL_SECTION = Size(questions=4, facts=5, slots=3)
_SHORT_SECTION = Size(questions=1, facts=2, slots=1)
_EXTENSION = Size(questions=4, facts=3, slots=1)
# A section that takes more minutes has a short variant.
_HOUR = 60.0
# A section goes to a page that is its home with this probability: a section on a stranger's page is
# worse than a page too many (assumed).
_MIN_HOME = 0.6
# A page answers at least this many questions (assumed).
_MIN_PAGE_QUESTIONS = 2
# Pages that link to a new page though none of their passages is near: the likely homes (assumed).
_MAX_LINKS = 2
_MIN_LINK = 0.15
# Pages that link to a new page, at most (assumed).
_MAX_LINKED = 4
# Words of people that a brief names at most (assumed).
_MAX_WORDS = 8
# A passage is extended where your site states at least this share of the facts (assumed).
_MIN_KNOWN_SHARE = 1 / 3
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


def add_question_and_answer(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Add a section to the page that is the topic's home: a short and a full variant.

    Only where no passage answers, and a page is likely to be the home.
    """
    if gap.cause != MISSING or not has_home(gap):
        return []
    home = gap.homes[0]
    if home.passage_id not in site.by_id.index:
        return []

    def minutes(outline: Outline) -> float:
        return editor_minutes(
            effort,
            effort.section_minutes,
            n_added=outline.n_words,
            n_claims=outline.n_to_check,
        )

    full = make_outline(gap.brief, _FULL_SECTION)
    short = make_outline(gap.brief, _SHORT_SECTION)
    # What fits an hour is done at once.
    is_long = minutes(full) > _HOUR and minutes(short) < minutes(full)
    outlines = [short, full] if is_long else [full]
    share = home.probability / (home.probability + gap.no_home)
    return [_add_section(gap, site, effort, outline, full, share) for outline in outlines]


def reword_passage(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Say in people's words what a passage says in other words, under a heading that names it.

    Only where that passage says what the logged answers say in a sentence that can be quoted, and
    its page is not as a whole about the topic.
    """
    page_id = str(site.by_id.loc[gap.passage_id, "page_id"])
    if gap.cause != MIS_WORDED or not gap.is_answered or is_home(gap, page_id):
        return []
    passage = site.by_id.loc[gap.passage_id]
    text, path = str(passage["text"]), str(passage["heading_path"])
    own = _answering_sentence(gap, text)
    if not own:
        return []
    old_heading = path.rsplit(" > ", maxsplit=1)[-1]
    # A heading that is the page's title is about the page as a whole.
    is_title = " > " not in path
    heading = (None if is_title else name_heading(gap, old_heading)) or old_heading
    slot = ask_for_words("the next sentence in plain words; then delete that sentence")
    after = text.replace(own, f"{slot} {own}", 1)
    changes = [site.replace_passage(gap.passage_id, after)]
    if heading != old_heading:
        changes.append(
            PageChange(
                action="replace_heading",
                page_id=page_id,
                passage_id=gap.passage_id,
                heading_path=path,
                before=old_heading,
                after=heading,
            )
        )
    named = "" if heading == old_heading else f"Change that heading to “{heading}”. "
    words = ", ".join(_words_of_people(gap, text))
    outline = make_outline(gap.brief._replace(facts=(), slots=(), opening=""), _FULL_PAGE)
    lines = [
        f"Your site answers this under “{old_heading}”, in other words than people ask with. "
        f"{named}Say in plain words what this sentence says: “{own}”",
        *([f"People say: {words}."] if words else []),
    ]
    return [
        replace(
            _write_candidate(
                gap,
                outline,
                outline,
                operation="reword_passage",
                page_id=page_id,
                heading_path=path,
                brief="\n".join(lines),
                cost_minutes=editor_minutes(
                    effort, effort.extend_minutes, n_changed=count_words(own), n_claims=1
                ),
                added=(PassageText(sibling_path(path, heading), text),),
                removed=(gap.passage_id,),
                before=text,
                after=after,
                changes=tuple(changes),
                title=gap.brief.title or heading,
            ),
            n_words=count_words(own),
            opening="",
            holds_answer=True,
        )
    ]


def _answering_sentence(gap: Gap, text: str) -> str:
    """Return the sentence of a passage with most words of the gap's questions and facts.

    It is '' where no whole sentence has any: lists of offers and menus are no sentences.
    """
    said = [*(q.text for q in gap.brief.questions), *(fact.text for fact in gap.brief.facts)]
    words = content_words(" ".join([gap.label, *said]))
    shared = {
        sentence: len(content_words(sentence) & words)
        for sentence in split_sentences(text)
        if is_whole_sentence(sentence)
    }
    best = max(shared, key=shared.__getitem__, default="")
    return best if shared.get(best) else ""


def _words_of_people(gap: Gap, text: str) -> list[str]:
    """Return words in which people ask that a passage lacks, the most frequent first."""
    known = content_words(text)
    asked = Counter(
        word for question in gap.brief.questions for word in sorted(content_words(question.text))
    )
    return [word for word, n in asked.most_common() if word not in known and n > 1][:_MAX_WORDS]


def has_home(gap: Gap) -> bool:
    """Return whether a page of your site is likely enough the topic's home for a section on it."""
    return bool(gap.homes) and gap.homes[0].probability >= _MIN_HOME


def is_home(gap: Gap, page_id: str) -> bool:
    """Return whether a page is the topic's home, rather than any other page or none."""
    home = next(iter(gap.homes), None)
    return home is not None and home.page_id == page_id and home.probability >= gap.no_home


def _add_section(  # noqa: PLR0913 (the gap, the site, the settings, and the variant)
    gap: Gap,
    site: EditedSite,
    effort: RankSettings,
    outline: Outline,
    full: Outline,
    home_share: float,
) -> Candidate:
    """Return the candidate that adds a section behind the last section of its home."""
    home = gap.homes[0]
    anchor_id = site.last_section(home.passage_id)
    path = str(site.by_id.loc[anchor_id, "heading_path"])
    words_before, words_after = site.words_around(anchor_id)
    after = outline.as_section()
    change = PageChange(
        action="insert_section",
        page_id=home.page_id,
        passage_id=anchor_id,
        heading_path=path,
        before=None,
        after=after,
    )
    page_title = path.split(" > ", maxsplit=1)[0] or home.page_id
    neighbor = path.rsplit(" > ", maxsplit=1)[-1] or page_title
    task = (
        f"Add a section “{outline.title}” to “{page_title}”, behind the section “{neighbor}”, as a "
        "heading of the same level."
    )
    return _write_candidate(
        gap,
        outline,
        full,
        operation="add_question_and_answer",
        page_id=home.page_id,
        heading_path=path,
        brief=describe_outline(outline, task + _read_first(gap, site)),
        cost_minutes=editor_minutes(
            effort,
            effort.section_minutes,
            n_added=outline.n_words,
            n_claims=outline.n_to_check,
        ),
        added=tuple(outline.passages(is_page=False)),
        after=after,
        changes=(change,),
        title=outline.title,
        home_share=home_share,
        words_before=words_before,
        words_after=words_after,
        home_probability=home.probability,
    )


def add_page(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Add a page about the topic: a short and a full variant.

    Only where no passage answers, and no page of your site is likely to be its home. A single
    question is not worth a page.
    """
    if gap.cause != MISSING or has_home(gap) or len(gap.brief.questions) < _MIN_PAGE_QUESTIONS:
        return []
    full = make_outline(gap.brief, _FULL_PAGE)
    short = make_outline(gap.brief, _SHORT_PAGE)
    outlines = [short, full] if short.n_words < full.n_words else [full]
    page_id = _new_page_id(gap.new_page, gap.brief.title or gap.label, set(site.by_id["page_id"]))
    return [_add_page(gap, site, effort, outline, full, page_id) for outline in outlines]


def _read_first(gap: Gap, site: EditedSite) -> str:
    """Return which passages an editor should read first, as a sentence; empty for none.

    Where the gap is only possible, they may answer it: the editor finds out before writing.
    """
    named = []
    for passage_id in gap.near:
        passage = site.by_id.loc[passage_id]
        heading = str(passage["heading_path"]).rsplit(" > ", maxsplit=1)[-1]
        named.append(f"“{heading or passage['page_id']}” ({passage['page_id']})")
    if not named:
        return ""
    if gap.is_likely:
        return f" Read first what your site says nearby: {', '.join(named)}."
    return (
        " Check first whether your site answers this already, as the gap is only possible: "
        f"{', '.join(named)}."
    )


def _add_page(  # noqa: PLR0913 (the gap, the site, the settings, and the variant)
    gap: Gap,
    site: EditedSite,
    effort: RankSettings,
    outline: Outline,
    full: Outline,
    page_id: str,
) -> Candidate:
    after = outline.as_page()
    change = PageChange(
        action="add_page",
        page_id=page_id,
        passage_id=None,
        heading_path=outline.title,
        before=None,
        after=after,
    )
    named = site.pages_of(gap.brief.names)
    near = [home.page_id for home in gap.homes[:_MAX_LINKS] if home.probability >= _MIN_LINK]
    links = tuple(dict.fromkeys([*gap.new_page.links_from, *near, *named]))[:_MAX_LINKED]
    linked = (
        f" Link to it from {', '.join(links)}."
        if links
        else " No page is near enough to link to it: make sure first that the topic is yours."
    )
    return _write_candidate(
        gap,
        outline,
        full,
        operation="add_page",
        page_id=page_id,
        heading_path="",
        brief=describe_outline(
            outline, f"Add a page “{outline.title}”, {page_id}.{linked}{_read_first(gap, site)}"
        ),
        cost_minutes=editor_minutes(
            effort,
            effort.page_minutes,
            n_added=outline.n_words,
            n_claims=outline.n_to_check,
        ),
        added=tuple(outline.passages(is_page=True)),
        after=after,
        changes=(change,),
        title=outline.title,
        links_from=links,
        home_probability=gap.no_home,
    )


def _write_candidate(
    gap: Gap, outline: Outline, full: Outline, operation: Operation, **values: Any
) -> Candidate:
    """Return a candidate with new text that answers the outline's questions."""
    questions = [section.question for section in outline.sections]
    asked = {name for question in questions for name in (question.query_id, *question.also)}
    return Candidate(
        cluster_id=gap.cluster_id,
        operation=operation,
        drafted_from=tuple(query_id for query_id in gap.query_ids if query_id in asked),
        questions=tuple(questions),
        is_answer=True,
        n_words=outline.n_words,
        text_share=min(1.0, outline.n_words / max(full.n_words, 1)),
        opening=outline.opening,
        facts=outline.facts,
        n_answers=outline.n_answers,
        **values,
    )


def extend_passage(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Extend a passage that states a part of the answer by the facts that it lacks.

    Only where your site states at least a third of the facts, most of them in that passage.
    """
    facts = gap.brief.facts
    known = [fact for fact in facts if fact.is_known]
    lacking = [fact for fact in facts if not fact.is_known]
    if not lacking or not facts or len(known) < _MIN_KNOWN_SHARE * len(facts):
        return []
    [(passage_id, n_there)] = Counter(fact.passage_id for fact in known).most_common(1)
    if n_there * 2 < len(known) or passage_id not in site.by_id.index:
        return []
    passage_id = str(passage_id)
    passage = site.by_id.loc[passage_id]
    path = str(passage["heading_path"])
    before = str(passage["text"])
    outline = make_outline(gap.brief._replace(facts=tuple(lacking), opening=""), _EXTENSION)
    body = outline.as_section().split("\n\n", maxsplit=1)[1]
    after = f"{before}\n\n{body}"
    new_words = " ".join(text for _, text in outline.passages(is_page=False))
    return [
        _write_candidate(
            gap,
            outline,
            outline,
            operation="extend_passage",
            page_id=str(passage["page_id"]),
            heading_path=path,
            brief=describe_outline(
                outline, f"Extend the passage under “{path}”: it states a part of the answer."
            ),
            cost_minutes=editor_minutes(
                effort,
                effort.extend_minutes,
                n_added=outline.n_words,
                n_claims=outline.n_to_check,
            ),
            added=(PassageText(path, f"{before} {new_words}".strip()),),
            removed=(passage_id,),
            before=before,
            after=after,
            changes=(site.replace_passage(passage_id, after),),
            title=path.rsplit(" > ", maxsplit=1)[-1],
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
        drafted_from=gap.query_ids,
        questions=gap.brief.questions,
        added=(PassageText(path, before),),
        removed=(gap.passage_id,),
        before=before,
        after=after,
        n_words=count_words(after) - count_words(before),
        changes=(site.replace_passage(gap.passage_id, after),),
    )


def _new_page_id(new_page: NewPage, label: str, taken: Collection[str]) -> str:
    """Return the id of a new page: its folder, its name from the label, the suffix of its siblings.

    A name that is taken gets a number.

    >>> _new_page_id(NewPage("shop.example/guides/", ".html"), "Tyres", {"shop.example"})
    'shop.example/guides/tyres.html'
    >>> _new_page_id(NewPage("", ".html"), "Tyres", {"tyres.html"})
    'tyres-2.html'
    """
    slug = _make_slug(label) or "new-page"
    names = (slug if n == 1 else f"{slug}-{n}" for n in count(1))
    ids = (f"{new_page.folder}{name}{new_page.suffix}" for name in names)
    return next(page_id for page_id in ids if page_id not in taken)


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
