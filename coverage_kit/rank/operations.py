"""What can be done about a gap: a maker for each operation turns a gap into candidate edits.

Each maker is named as its operation. A maker returns nothing where its operation does not fit the
gap's cause or the passage. No maker writes a fact: words are the site's own, or extracts of logged
answers that are marked as such, or slots for the editor to fill. This module has the operations
that reword or rearrange what the site says; `additions` has those that ask for new text.
"""

from coverage_kit.contracts import PassageText, has_code, without_code
from coverage_kit.rank.additions import (
    add_page,
    add_question_and_answer,
    add_source,
    extend_passage,
    is_home,
    refresh_fact,
    reword_passage,
)
from coverage_kit.rank.candidates import (
    Candidate,
    EditedSite,
    Gap,
    Maker,
    PageChange,
)
from coverage_kit.rank.drafts import content_words, name_heading, sibling_path
from coverage_kit.rank.effort import editor_minutes
from coverage_kit.settings import RankSettings
from coverage_kit.text.length import count_words
from coverage_kit.text.sentences import is_whole_sentence, split_sentences

# A passage with fewer words is short enough to be read whole and is not split (assumed).
_MIN_SPLIT_WORDS = 120
# With fewer sentences, neither half of a split passage would say much (assumed).
_MIN_SPLIT_SENTENCES = 4
# A new title changes every passage of its page; on a page with more passages than this it would
# move too much that has nothing to do with the gap (assumed).
_MAX_RETITLED_PASSAGES = 12
# This share of the gap's questions must be nearest to a passage before its heading is changed for
# them (assumed; docs/method.md, Edits).
_MIN_NEAREST_SHARE = 0.5
# A sentence of a near-duplicate with at most this many new content words says nothing new
# (assumed).
_MAX_REPEATED_NEW_WORDS = 2
# Causes with which the site may have the answer already, but not where or how people look for it.
_UNSEEN_CAUSES = (
    "mis-worded",
    "not retrieved",
    "not cited",
    "retrieved but not cited",
)


def reword_heading(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Put the topic's name into the heading of the answering passage.

    Only where the passage has the answer and is not found, and where its page is not as a whole
    about the topic.
    """
    if gap.cause not in _UNSEEN_CAUSES or gap.share_nearest < _MIN_NEAREST_SHARE:
        return []
    if reword_passage(gap, site, effort):
        return []
    section = site.section(gap.passage_id)
    old_path = str(section["heading_path"].iloc[0])
    old_heading = _last_heading(old_path)
    new_heading = name_heading(gap, old_heading)
    page_id = str(section["page_id"].iloc[0])
    if new_heading is None or " > " not in old_path or is_home(gap, page_id):
        return []
    change = PageChange(
        action="replace_heading",
        page_id=page_id,
        passage_id=gap.passage_id,
        heading_path=old_path,
        before=old_heading,
        after=new_heading,
    )
    new_path = _with_last(old_path, new_heading)
    n_words = count_words(new_heading)
    return [
        Candidate(
            cluster_id=gap.cluster_id,
            operation="reword_heading",
            page_id=page_id,
            heading_path=old_path,
            brief=(
                f"Your site answers this under “{old_heading}”, in other words than people use. "
                f"Change that heading to “{new_heading}”, and link to it with these words."
            ),
            cost_minutes=editor_minutes(effort, effort.heading_minutes, n_changed=n_words),
            drafted_from=gap.query_ids,
            questions=gap.brief.questions,
            holds_answer=gap.is_answered,
            added=tuple(PassageText(new_path, text) for text in section["text"]),
            own_words=_own_words(gap),
            removed=tuple(section.index),
            before=old_heading,
            after=new_heading,
            n_words=n_words,
            changes=(change,),
            title=new_heading,
        )
    ]


def retitle_page(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Put the topic's name into the title of the page that is about it.

    Only where the page is the topic's home and is not found.
    """
    page_id = str(site.by_id.loc[gap.passage_id, "page_id"])
    if (
        gap.cause not in ("mis-worded", "not retrieved")
        or gap.share_nearest < _MIN_NEAREST_SHARE
        or not is_home(gap, page_id)
    ):
        return []
    page = site.by_id[site.by_id["page_id"] == page_id]
    old_title = str(page["heading_path"].iloc[0]).split(" > ")[0]
    new_title = name_heading(gap, old_title)
    if new_title is None or len(page) > _MAX_RETITLED_PASSAGES:
        return []
    added = tuple(
        PassageText(_with_title(str(path), new_title), text)
        for path, text in zip(page["heading_path"], page["text"], strict=True)
    )
    change = PageChange(
        action="replace_title",
        page_id=page_id,
        passage_id=str(page.index[0]),
        heading_path=old_title,
        before=old_title,
        after=new_title,
    )
    n_words = count_words(new_title)
    return [
        Candidate(
            cluster_id=gap.cluster_id,
            operation="retitle_page",
            page_id=page_id,
            heading_path=old_title,
            brief=(
                f"This page answers what people ask about “{gap.brief.title}”. Its title does not "
                f"say so. Change title and first heading to “{new_title}”."
            ),
            cost_minutes=editor_minutes(effort, effort.heading_minutes, n_changed=n_words),
            drafted_from=gap.query_ids,
            questions=gap.brief.questions,
            holds_answer=gap.is_answered,
            added=added,
            removed=tuple(page.index),
            before=old_title,
            after=new_title,
            n_words=n_words,
            changes=(change,),
            title=new_title,
        )
    ]


def answer_first(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Move the sentence that answers best to the front of its passage, under people's words.

    Only where the passage has such a sentence.
    """
    if gap.cause not in _UNSEEN_CAUSES or gap.share_nearest < _MIN_NEAREST_SHARE:
        return []
    if reword_passage(gap, site, effort):
        return []
    # The heading would change for the other passages of the section as well.
    if len(site.section(gap.passage_id)) > 1:
        return []
    passage = site.by_id.loc[gap.passage_id]
    text = str(passage["text"])
    # Sentences that move would leave the code that they speak of.
    if has_code(text):
        return []
    old_path = str(passage["heading_path"])
    sentences = split_sentences(text)
    heading = name_heading(gap, _last_heading(old_path))
    best = _best_sentence(sentences, _answer_words(gap))
    if best == 0 or heading is None or " > " not in old_path:
        return []
    answer = sentences[best]
    new_text = " ".join([answer, *sentences[:best], *sentences[best + 1 :]])
    page_id = str(passage["page_id"])
    n_words = count_words(answer) + count_words(heading)
    text_change = site.replace_passage(gap.passage_id, new_text)
    heading_change = PageChange(
        action="replace_heading",
        page_id=page_id,
        passage_id=gap.passage_id,
        heading_path=old_path,
        before=_last_heading(old_path),
        after=heading,
    )
    added = (PassageText(_with_last(old_path, heading), new_text),)
    return [
        Candidate(
            cluster_id=gap.cluster_id,
            operation="answer_first",
            page_id=page_id,
            heading_path=old_path,
            brief=(
                f"Your site answers this under “{_last_heading(old_path)}”, but late and in other "
                f"words than people use. Change the heading to “{heading}”, and start with "
                f"the sentence that answers: “{answer}”"
            ),
            cost_minutes=editor_minutes(effort, effort.extend_minutes, n_changed=n_words),
            drafted_from=gap.query_ids,
            questions=gap.brief.questions,
            holds_answer=gap.is_answered,
            added=added,
            own_words=_own_words(gap),
            removed=(gap.passage_id,),
            before=text,
            after=f"## {heading}\n\n{new_text}",
            n_words=n_words,
            changes=(text_change, heading_change),
            title=heading,
        )
    ]


def split_section(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Put the sentences of a long passage that answer under a heading of their own.

    Only where other matter dilutes the answer.
    """
    passage = site.by_id.loc[gap.passage_id]
    text = str(passage["text"])
    if gap.cause not in _UNSEEN_CAUSES or count_words(text) < _MIN_SPLIT_WORDS or has_code(text):
        return []
    sentences = split_sentences(text)
    heading = gap.brief.title
    start = _split_start(sentences, _answer_words(gap))
    if start == 0:
        return []
    remaining_text = " ".join(sentences[:start])
    answering_text = " ".join(sentences[start:])
    page_id = str(passage["page_id"])
    old_path = str(passage["heading_path"])
    new_section = f"## {heading}\n\n{answering_text}"
    n_words = count_words(heading)
    text_change = site.replace_passage(gap.passage_id, remaining_text)
    section_change = PageChange(
        action="insert_section",
        page_id=page_id,
        passage_id=gap.passage_id,
        heading_path=old_path,
        before=None,
        after=new_section,
    )
    added = (
        PassageText(old_path, remaining_text),
        PassageText(sibling_path(old_path, heading), answering_text),
    )
    return [
        Candidate(
            cluster_id=gap.cluster_id,
            operation="split_section",
            page_id=page_id,
            heading_path=old_path,
            brief=(
                f"Split the passage: from “{sentences[start]}” on under a heading of its own, "
                f"“{heading}”."
            ),
            cost_minutes=editor_minutes(effort, effort.extend_minutes, n_changed=n_words),
            drafted_from=gap.query_ids,
            questions=gap.brief.questions,
            holds_answer=gap.is_answered,
            added=added,
            own_words=_own_words(gap),
            removed=(gap.passage_id,),
            before=text,
            after=f"{remaining_text}\n\n{new_section}",
            n_words=n_words,
            changes=(text_change, section_change),
            title=heading,
        )
    ]


def merge_sections(gap: Gap, site: EditedSite, effort: RankSettings) -> list[Candidate]:
    """Merge two near-duplicates: the passage gets the sentences that only its duplicate has."""
    twins = site.twins.loc[site.twins["passage_id"] == gap.passage_id, "other_passage_id"]
    if twins.empty:
        return []
    passage = site.by_id.loc[gap.passage_id]
    text = str(passage["text"])
    twin_id = twins.iloc[0]
    twin = site.by_id.loc[twin_id]
    twin_text = str(twin["text"])
    passage_words = content_words(text)
    new_sentences = [
        sentence
        for sentence in split_sentences(without_code(twin_text))
        if len(content_words(sentence) - passage_words) > _MAX_REPEATED_NEW_WORDS
    ]
    new_text = ("\n\n" if has_code(text) else " ").join([text, *new_sentences])
    old_path = str(passage["heading_path"])
    twin_address = f"“{twin['heading_path']}” on {twin['page_id']}"
    changes = [
        PageChange(
            action="remove_section",
            page_id=str(twin["page_id"]),
            passage_id=twin_id,
            heading_path=str(twin["heading_path"]),
            before=twin_text,
            after=None,
        )
    ]
    if new_sentences:
        changes.append(site.replace_passage(gap.passage_id, new_text))
    return [
        Candidate(
            cluster_id=gap.cluster_id,
            operation="merge_sections",
            page_id=str(passage["page_id"]),
            heading_path=old_path,
            brief=(
                f"Say it once: take what only {twin_address} says into this passage, "
                "then remove it there, with a link to here."
            ),
            # The editor has to read all of the duplicate, not only what is new in it.
            cost_minutes=editor_minutes(
                effort, effort.extend_minutes, n_changed=count_words(twin_text)
            ),
            drafted_from=gap.query_ids,
            questions=gap.brief.questions,
            added=(PassageText(old_path, new_text),),
            removed=(gap.passage_id, str(twin_id)),
            before=f"{passage['text']}\n\n{twin['text']}",
            after=new_text,
            n_words=count_words(" ".join(new_sentences)),
            changes=tuple(changes),
        )
    ]


# The operations in the order in which a gap's candidates are listed, rewordings before new text:
# a gap has at most `edits_per_gap` candidates, and the first are taken.
MAKERS: tuple[Maker, ...] = (
    reword_heading,
    retitle_page,
    answer_first,
    split_section,
    merge_sections,
    reword_passage,
    add_question_and_answer,
    extend_passage,
    add_page,
    refresh_fact,
    add_source,
)


def _own_words(gap: Gap) -> tuple[str, ...]:
    """Return the questions whose words the topic's name has, word for word."""
    name = gap.brief.title.casefold()
    return tuple(q.query_id for q in gap.brief.questions if q.text.casefold() == name)


def _answer_words(gap: Gap) -> set[str]:
    """Return the content words of the gap's first question and of its facts."""
    facts = [fact.text for fact in gap.brief.facts]
    return content_words(" ".join([gap.brief.questions[0].text, *facts]))


def _best_sentence(sentences: list[str], answer_words: set[str]) -> int:
    """Return the index of the whole sentence with most of these words; of equals, the first."""
    n_answering = [
        len(content_words(sentence) & answer_words) if is_whole_sentence(sentence) else 0
        for sentence in sentences
    ]
    return n_answering.index(max(n_answering)) if sentences else 0


def _split_start(sentences: list[str], answer_words: set[str]) -> int:
    """Return the index of the sentence at which a new section starts; 0: the passage stays whole.

    The section starts at the sentence with the largest share of these words. At least one sentence
    stays above it, and it has at least two sentences.
    """
    if len(sentences) < _MIN_SPLIT_SENTENCES:
        return 0
    shares = [
        len(content_words(sentence) & answer_words) / max(1, len(content_words(sentence)))
        for sentence in sentences
    ]
    if not max(shares):
        return 0
    return max(1, min(shares.index(max(shares)), len(sentences) - 2))


def _last_heading(path: str) -> str:
    return path.rsplit(" > ", maxsplit=1)[-1]


def _with_last(path: str, heading: str) -> str:
    """Return a heading path with its last heading replaced."""
    return " > ".join([*path.split(" > ")[:-1], heading])


def _with_title(path: str, title: str) -> str:
    """Return a heading path with its first heading, the page's title, replaced."""
    return " > ".join([title, *path.split(" > ")[1:]])
