"""What can be done about a gap: one maker an operation, each from a gap to candidates, the small ones first.

A maker returns nothing where its operation does not fit the gap's cause or the place. No maker
writes a fact: words are the site's own, or extracts of logged answers marked as such, or slots for
the editor to fill.
"""

import re

from coverage_kit.contracts import PassageText
from coverage_kit.rank.candidates import Candidate, Gap, Maker, PageChange, Site
from coverage_kit.rank.causes import CONTENT_CAUSES
from coverage_kit.rank.drafts import (
    as_question,
    content_words,
    mark_extracts,
    write_brief,
)
from coverage_kit.settings import RankSettings
from coverage_kit.text.sentences import split_sentences
from coverage_kit.text.years import stale_years

_PAGE_SECTIONS = 4
_LONG_WORDS = 120
_MOST_RETITLED = 12
_ENOUGH = 0.5  # of the questions must be nearest to a place before its heading is bent towards them
_FIGURE = re.compile(
    r"\d[\d.,]*\s?(?:%|percent|km|kg|years?|months?|hours?|minutes?|miles|€|\$|£)|[€$£]\s?\d",
    re.I,
)
_SOURCED = re.compile(r"https?://|\]\(|according to|source:|\bstudy\b|\bsurvey\b|\[SOURCE", re.I)
_UNSEEN = (
    "mis-worded",
    "not retrieved",
    "not cited",
    "retrieved but not cited",
)


def reword_heading(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The nearest passage under a heading in the words of those who ask; only where it has the answer and is not found."""
    if gap.cause not in _UNSEEN or gap.heading_question is None:
        return []
    section = site.section(gap.passage_id)
    if gap.share_near(section.index) < _ENOUGH:
        return []
    old = str(section["heading_path"].iloc[0])
    heading = as_question(gap.heading_question)
    page = str(section["page_id"].iloc[0])
    before = old.rsplit(" > ", maxsplit=1)[-1]
    if not old or heading == before:
        return []
    return [
        Candidate(
            *(gap.cluster_id, "reword_heading", page, old),
            brief=f"Reword the heading “{before}” the way people ask: “{heading}”.",
            cost_minutes=_cost(costs, costs.heading_minutes, n_changed=_count(heading)),
            drafted_from=gap.drafted_from,
            added=tuple(PassageText(_beside(old, heading), text) for text in section["text"]),
            removed=tuple(section.index),
            before=before,
            after=heading,
            n_words=_count(heading),
            changes=(
                PageChange(
                    "replace_heading",
                    page,
                    gap.passage_id,
                    old,
                    before,
                    heading,
                ),
            ),
        )
    ]


def retitle_page(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The page's title with the gap's words, where the page is not found for several of its questions."""
    if gap.cause not in ("mis-worded", "not retrieved") or len(gap.questions) < 2:
        return []
    page_id = str(site.by_id.loc[gap.passage_id, "page_id"])
    page = site.by_id[site.by_id["page_id"] == page_id]
    old = str(page["heading_path"].iloc[0]).split(" > ")[0]
    title = f"{old}: {as_question(gap.questions[0])}"
    if (
        not old
        or len(page) > _MOST_RETITLED
        or gap.share_near(page.index) < _ENOUGH
        or content_words(gap.questions[0]) <= content_words(old)
    ):
        return []
    paths = [" > ".join([title, *str(path).split(" > ")[1:]]) for path in page["heading_path"]]
    return [
        Candidate(
            *(gap.cluster_id, "retitle_page", page_id, old),
            brief=f"Put what people ask about into the title: “{title}”.",
            cost_minutes=_cost(costs, costs.heading_minutes, n_changed=_count(title)),
            drafted_from=gap.drafted_from,
            added=tuple(
                PassageText(path, text) for path, text in zip(paths, page["text"], strict=True)
            ),
            removed=tuple(page.index),
            before=old,
            after=title,
            n_words=_count(title),
            changes=(
                PageChange(
                    "replace_title",
                    page_id,
                    str(page.index[0]),
                    old,
                    old,
                    title,
                ),
            ),
        )
    ]


def answer_first(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The own sentence that answers best moved to the front of its passage, under the question; only where it is there."""
    if (
        gap.cause not in _UNSEEN
        or gap.heading_question is None
        or gap.share_near([gap.passage_id]) < _ENOUGH
    ):
        return []
    if (
        len(site.section(gap.passage_id)) > 1
    ):  # the heading would change for the passages beside it as well
        return []
    place = site.by_id.loc[gap.passage_id]
    sentences = split_sentences(str(place["text"]))
    wanted = content_words(" ".join([gap.heading_question, *gap.full]))
    best = max(
        range(len(sentences)),
        key=lambda at: (len(content_words(sentences[at]) & wanted), -at),
        default=0,
    )
    if best == 0:
        return []
    after = " ".join([sentences[best], *sentences[:best], *sentences[best + 1 :]])
    old = str(place["heading_path"])
    heading = as_question(gap.heading_question)
    page = str(place["page_id"])
    changes = (
        PageChange(
            "replace_passage",
            page,
            gap.passage_id,
            old,
            str(place["text"]),
            after,
        ),
        PageChange(
            "replace_heading",
            page,
            gap.passage_id,
            old,
            old.rsplit(" > ", maxsplit=1)[-1],
            heading,
        ),
    )
    task = f"Under the heading “{heading}”, start with the sentence that answers: “{sentences[best]}” Then read the rest."
    return [
        Candidate(
            *(gap.cluster_id, "answer_first", page, old, task),
            cost_minutes=_cost(
                costs,
                costs.extend_minutes,
                n_changed=_count(sentences[best]) + _count(heading),
            ),
            drafted_from=gap.drafted_from,
            added=(PassageText(_beside(old, heading), after),),
            removed=(gap.passage_id,),
            before=str(place["text"]),
            after=f"## {heading}\n\n{after}",
            n_words=_count(sentences[best]) + _count(heading),
            changes=changes,
        )
    ]


def split_section(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The part of a long passage that answers, under a heading of its own, where other matter dilutes it."""
    place = site.by_id.loc[gap.passage_id]
    if (
        gap.cause not in _UNSEEN
        or gap.heading_question is None
        or len(str(place["text"]).split()) < _LONG_WORDS
    ):
        return []
    sentences = split_sentences(str(place["text"]))
    wanted = content_words(" ".join([gap.heading_question, *gap.full]))
    hits = [
        len(content_words(sentence) & wanted) / max(1, len(content_words(sentence)))
        for sentence in sentences
    ]
    if len(sentences) < 4 or not max(hits):
        return []
    first = max(1, min(hits.index(max(hits)), len(sentences) - 2))
    stay = " ".join(sentences[:first])
    part = " ".join(sentences[first:])
    old = str(place["heading_path"])
    heading = as_question(gap.heading_question)
    page = str(place["page_id"])
    changes = (
        PageChange(
            "replace_passage",
            page,
            gap.passage_id,
            old,
            str(place["text"]),
            stay,
        ),
        PageChange(
            "insert_section",
            page,
            gap.passage_id,
            old,
            None,
            f"## {heading}\n\n{part}",
        ),
    )
    return [
        Candidate(
            *(gap.cluster_id, "split_section", page, old),
            brief=f"Split the passage: from “{sentences[first]}” on under a heading of its own, “{heading}”.",
            cost_minutes=_cost(costs, costs.extend_minutes, n_changed=_count(heading)),
            drafted_from=gap.drafted_from,
            added=(
                PassageText(old, stay),
                PassageText(_beside(old, heading), part),
            ),
            removed=(gap.passage_id,),
            before=str(place["text"]),
            after=f"{stay}\n\n## {heading}\n\n{part}",
            n_words=_count(heading),
            changes=changes,
        )
    ]


def merge_sections(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """Two passages that say nearly the same as one, with the sentences that only the other has."""
    twins = site.twins.loc[site.twins["passage_id"] == gap.passage_id, "other_passage_id"]
    if twins.empty:
        return []
    place = site.by_id.loc[gap.passage_id]
    other = site.by_id.loc[twins.iloc[0]]
    known = content_words(str(place["text"]))
    more = [
        one for one in split_sentences(str(other["text"])) if len(content_words(one) - known) > 2
    ]
    after = " ".join([str(place["text"]), *more])
    page = str(place["page_id"])
    old = str(place["heading_path"])
    there = f"“{other['heading_path']}” on {other['page_id']}"
    changes = (
        PageChange(
            "remove_section",
            str(other["page_id"]),
            twins.iloc[0],
            str(other["heading_path"]),
            str(other["text"]),
            None,
        ),
        *(
            (
                PageChange(
                    "replace_passage",
                    page,
                    gap.passage_id,
                    old,
                    str(place["text"]),
                    after,
                ),
            )
            if more
            else ()
        ),
    )
    return [
        Candidate(
            *(gap.cluster_id, "merge_sections", page, old),
            brief=f"Say it once: take what only {there} says into this passage, then remove it there, with a link to here.",
            cost_minutes=_cost(
                costs,
                costs.extend_minutes,
                n_changed=_count(str(other["text"])),
            ),
            drafted_from=gap.drafted_from,
            added=(PassageText(old, after),),
            removed=(gap.passage_id, str(twins.iloc[0])),
            before=f"{place['text']}\n\n{other['text']}",
            after=after,
            n_words=_count(" ".join(more)),
            changes=changes,
        )
    ]


def extend_passage(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The nearest passage with the claims it lacks, few or more."""
    made = []
    place = site.by_id.loc[gap.passage_id]
    page = str(place["page_id"])
    old = str(place["heading_path"])
    before = str(place["text"])
    for claims in dict.fromkeys((gap.short, gap.full)) if gap.full else ():
        words = " ".join(claims)
        after = f"{before}\n\n{mark_extracts(claims, gap.label)}"
        task = f"Extend the passage under “{old}”."
        made.append(
            Candidate(
                *(gap.cluster_id, "extend_passage", page, old),
                brief=write_brief(task, list(gap.questions[:2]), list(claims), gap.label),
                cost_minutes=_cost(
                    costs,
                    costs.extend_minutes,
                    added=words,
                    n_claims=len(claims),
                ),
                drafted_from=gap.drafted_from,
                added=(PassageText(old, f"{before} {words}"),),
                removed=(gap.passage_id,),
                before=before,
                after=after,
                n_words=_count(words),
                changes=(
                    PageChange(
                        "replace_passage",
                        page,
                        gap.passage_id,
                        old,
                        before,
                        after,
                    ),
                ),
                part=_part(claims, gap.full),
            )
        )
    return made


def add_section(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """Question and answer on the page that fits best, short and full, and the full one on the second best page."""
    short = _section(gap, site, costs, gap.places[0], gap.short, gap.questions[:1])
    full = [
        _section(gap, site, costs, place, gap.full, gap.questions[:3]) for place in gap.places[:2]
    ]
    is_longer = gap.full != gap.short or len(gap.questions) > 1
    return [short, *full] if is_longer else [short]


def _section(
    gap: Gap,
    site: Site,
    costs: RankSettings,
    anchor: str,
    claims: tuple[str, ...],
    questions: tuple[str, ...],
) -> Candidate:
    place = site.by_id.loc[anchor]
    page = str(place["page_id"])
    old = str(place["heading_path"])
    heading = as_question(questions[0])
    body = " ".join(claims) or gap.elsewhere or " ".join(gap.questions)
    task = f"Add a section headed “{heading}” that answers in its first sentence."
    after = f"## {heading}\n\n{mark_extracts(claims, gap.label)}"
    return Candidate(
        *(gap.cluster_id, "add_question_and_answer", page, old),
        brief=write_brief(task, list(questions), list(claims), gap.label),
        cost_minutes=_cost(
            costs,
            costs.section_minutes,
            added=f"{heading} {' '.join(claims)}",
            n_claims=len(claims),
        ),
        drafted_from=gap.drafted_from,
        added=(PassageText(_beside(old, heading), body),),
        after=after,
        n_words=_count(f"{heading} {' '.join(claims)}"),
        changes=(PageChange("insert_section", page, anchor, old, None, after),),
        part=_part(claims, gap.full),
        is_assumed=not claims,
    )


def add_page(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """A page of its own, a section for each of the first questions; only where the content is missing."""
    if gap.cause not in CONTENT_CAUSES or len(gap.questions) < 2:
        return []
    title = as_question(gap.questions[0])
    questions = gap.questions[:_PAGE_SECTIONS]
    share = max(1, -(-len(gap.full) // len(questions)))
    parts = [
        (as_question(one), gap.full[at * share : (at + 1) * share])
        for at, one in enumerate(questions)
    ]
    told = [(heading, claims) for heading, claims in parts if claims] or parts[:1]
    added = [
        PassageText(
            f"{title} > {h}",
            " ".join(c) or gap.elsewhere or " ".join(gap.questions),
        )
        for h, c in told
    ]
    after = "\n\n".join(
        [
            f"# {title}",
            *(f"## {h}\n\n{mark_extracts(c, gap.label)}" for h, c in parts),
        ]
    )
    words = " ".join(f"{heading} {' '.join(claims)}" for heading, claims in parts)
    page = _new_page(str(site.by_id.loc[gap.passage_id, "page_id"]), gap.label)
    return [
        Candidate(
            *(gap.cluster_id, "add_page", page, ""),
            brief=write_brief(
                f"Add a page titled “{title}”.",
                list(questions),
                list(gap.full),
                gap.label,
            ),
            cost_minutes=_cost(costs, costs.page_minutes, added=words, n_claims=len(gap.full)),
            drafted_from=gap.drafted_from,
            added=tuple(added),
            after=after,
            n_words=_count(words),
            changes=(PageChange("add_page", page, None, title, None, after),),
            is_assumed=not gap.full,
        )
    ]


def refresh_fact(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """The nearest passage with its old years as slots: is it still true?"""
    place = site.by_id.loc[gap.passage_id]
    before = str(place["text"])
    years = stale_years(before, site.this_year)
    if not years:
        return []
    after = before
    for year in years:
        after = re.sub(
            rf"\b{year}\b",
            f"{year} [FACT NEEDED: what holds in {site.this_year}?]",
            after,
            count=1,
        )
    task = f"Check what dates from {', '.join(years)}, say what holds in {site.this_year}, and show when it was checked."
    return [
        _in_place(
            gap,
            site,
            "refresh_fact",
            task,
            after,
            _cost(costs, costs.heading_minutes, n_claims=len(years)),
        )
    ]


def add_source(gap: Gap, site: Site, costs: RankSettings) -> list[Candidate]:
    """A slot for a source behind the first figure of the nearest passage that names none; where it is found and passed over."""
    before = str(site.by_id.loc[gap.passage_id, "text"])
    if gap.cause not in (
        "retrieved but not cited",
        "not cited",
    ) or _SOURCED.search(before):
        return []
    figure = next((one for one in split_sentences(before) if _FIGURE.search(one)), None)
    if figure is None:
        return []
    after = before.replace(figure, f"{figure} [SOURCE NEEDED: who says so, and when?]", 1)
    task = f"Name and link the source of “{figure}”."
    return [_in_place(gap, site, "add_source", task, after, _cost(costs, 0.0, n_claims=1))]


def _in_place(
    gap: Gap, site: Site, operation: str, task: str, after: str, cost: float
) -> Candidate:
    place = site.by_id.loc[gap.passage_id]
    page = str(place["page_id"])
    old = str(place["heading_path"])
    before = str(place["text"])
    return Candidate(
        *(gap.cluster_id, operation, page, old, task, cost, gap.drafted_from),
        added=(PassageText(old, before),),
        removed=(gap.passage_id,),
        before=before,
        after=after,
        n_words=_count(after) - _count(before),
        changes=(PageChange("replace_passage", page, gap.passage_id, old, before, after),),
    )


MAKERS: tuple[Maker, ...] = (
    *(
        reword_heading,
        retitle_page,
        answer_first,
        split_section,
        merge_sections,
    ),
    *(add_section, extend_passage, add_page, refresh_fact, add_source),
)


def _cost(
    costs: RankSettings,
    base: float,
    added: str = "",
    n_changed: int = 0,
    n_claims: int = 0,
) -> float:
    """Return editor minutes: the operation, its words and the claims that need a source (docs/method.md, cost)."""
    words = costs.added_word_minutes * _count(added) + costs.changed_word_minutes * n_changed
    return round(base + words + costs.claim_minutes * n_claims, 1)


def _count(text: str) -> int:
    return len(text.split())


def _part(claims: tuple[str, ...], full: tuple[str, ...]) -> float:
    """Return the share of the fullest variant's words that these claims are; 1 where there are none."""
    return _count(" ".join(claims)) / _count(" ".join(full)) if claims else 1.0


def _beside(path: str, heading: str) -> str:
    """Return the path of a heading at the level of the last one of a path, or below a title."""
    parts = path.split(" > ")
    return (
        " > ".join([*(parts[:-1] or parts), heading])
        if len(parts) > 1
        else " > ".join([*filter(None, parts), heading])
    )


def _new_page(beside: str, label: str) -> str:
    """Return the id of a new page in the folder of the site's root, with the suffix of the page it is named beside."""
    home = beside.split("/", maxsplit=1)[0]
    last = beside.rsplit("/", maxsplit=1)[-1]
    suffix = f".{last.rsplit('.', maxsplit=1)[1]}" if "/" in beside and "." in last else ""
    words = re.findall(r"\w+", label.lower())[:5]
    return f"{home}/{'-'.join(words) or 'new-page'}{suffix}"
