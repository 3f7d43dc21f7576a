"""Clarity of sections: whether each answers at once, and answers one question."""

import re

from coverage_kit.measure.pillars.check import (
    Check,
    Checked,
    Fault,
    Outcome,
    quote,
)
from coverage_kit.measure.pillars.site import PageSection, PageView, SiteView
from coverage_kit.text.sentences import split_sentences

# Sentences of fewer words are too short to be a question asked back, such as "Why not?" (assumed).
_MIN_QUESTION_WORDS = 4
# Sections of fewer words are not examined for several questions (assumed).
_MIN_SECTION_WORDS = 20
# Questions that the evidence of a finding quotes (assumed: enough to recognise the section).
_MAX_QUOTED = 4

# Opening sentences that announce an answer instead of giving it: "In this section we will look
# at cleaning", "Many people wonder", "There are many things to consider", "In today's world".
_CLEARING = re.compile(
    r"In this (?:section|article|guide|chapter|post|page|part),? (?:we|you|I)\b"
    r"|(?:This|The following) (?:section|article|guide|chapter|post|part)"
    r" (?:will |aims to |looks|explains|covers|discusses|explores|describes how we)"
    r"|Let(?:'s|\u2019s| us) (?:take|have) (?:a |an )?(?:closer |quick |good )?look"
    r"|Let(?:'s|\u2019s| us) (?:look|dive|explore|find out|break)"
    r"|Before we (?:answer|get|begin|dive|start|look)"
    r"|(?:This is|That(?:'s|\u2019s| is)) (?:a |an |one )?(?:great|good|common|frequent|popular"
    r"|frequently|interesting|tricky)\b.{0,30}question"
    r"|We(?: are|'re|\u2019re| get)(?: \w+)? asked\b"
    r"|(?:Many|Lots of|Some|Most) (?:people|of (?:you|our \w+)|customers|visitors|readers|users)"
    r" (?:ask|wonder|want to know)\b"
    r"|Have you ever (?:wondered|asked)"
    r"|Choosing .{3,60} can be (?:difficult|hard|daunting|tricky|confusing|overwhelming)"
    r"|It(?:'s| is|\u2019s) important to (?:note|understand|remember|consider)\b"
    r"|There(?:'s| is|\u2019s) no (?:simple|easy|single|one) answer\b"
    r"|To answer th(?:is|at)\b"
    r"|In today(?:'s|\u2019s) "
    r"|It(?:'s| is|\u2019s) no secret"
    r"|When it comes to .{3,60}, (?:there are|it is|many)"
    r"|There (?:are|is) (?:many|a lot of|several|lots of|a number of)"
    r" (?:things|factors|aspects|reasons|ways|questions)\b[^:]*$"
    r"|(?:As|Since) (?:everybody|everyone|we all) knows?\b"
    r"|Thank you for (?:your|asking)",
    re.IGNORECASE,
)
# Headings that ask: "How do I clean it", "Which lock?".
_ASKING = re.compile(
    r"(?:how|what|which|why|when|where|who|can|could|do|does|is|are|will|should|may|must)\b.*"
    r"|.*\?\s*",
    re.IGNORECASE,
)


def check_answers(page: PageView, _: SiteView) -> Outcome:
    """Return whether sections answer in their first sentence instead of announcing an answer."""
    sections = [section for section in page.sections if _opens_with_text(section)]
    faults = [
        fault for section in sections if (fault := _find_late_answer(page, section)) is not None
    ]
    return Checked(len(sections), tuple(faults)) if sections else None


def _opens_with_text(section: PageSection) -> bool:
    """Return whether a section has a heading, and running text right below it."""
    paragraphs = section.paragraphs
    return bool(section.heading) and bool(paragraphs) and paragraphs[0].kind == "text"


def _find_late_answer(page: PageView, section: PageSection) -> Fault | None:
    """Return the fault of a section whose first sentence announces or asks back, else None."""
    sentences = section.sentences
    first = sentences[0]
    is_question = _ASKING.fullmatch(section.heading) is not None
    is_question = is_question and section.heading.rstrip().endswith("?")
    is_echo = (
        is_question
        and section.level > 1
        and first.endswith("?")
        and len(first.split()) >= _MIN_QUESTION_WORDS
    )
    if not (_CLEARING.match(first) or is_echo):
        return None
    problem = "asks back" if is_echo else "announces or clears its throat"
    # The next two sentences take the first one's place, where they end the paragraph.
    opening = section.paragraphs[0].text
    answer = " ".join(sentences[1:3]) if len(sentences) > 1 and not is_echo else None
    last = sentences[min(2, len(sentences) - 1)]
    before = opening if answer and opening.endswith(last) else first
    after = answer if before != first else "[FACT NEEDED: the answer in one sentence]"
    return Fault(
        place=section.path,
        evidence=f"“{quote(first)}”",
        reason=f"The first sentence {problem}; engines quote what answers at once.",
        remedy="Start with the answer, and leave this sentence out.",
        before=before,
        after=after,
        n_words=15,
        passage_id=page.passage_of(first, section.path),
    )


def check_topics(page: PageView, _: SiteView) -> Outcome:
    """Return whether sections answer one question, not several that open their paragraphs."""
    sections = [section for section in page.sections if section.n_words >= _MIN_SECTION_WORDS]
    faults = [fault for section in sections if (fault := _find_several(page, section)) is not None]
    return Checked(len(sections), tuple(faults)) if sections else None


def _find_several(page: PageView, section: PageSection) -> Fault | None:
    """Return the fault of a section in which half of the paragraphs open with a question."""
    texts = [paragraph.text for paragraph in section.paragraphs if paragraph.kind == "text"]
    openings = [split_sentences(text)[0] for text in texts]
    questions = [
        sentence
        for sentence in openings
        if sentence.endswith("?") and len(sentence.split()) >= _MIN_QUESTION_WORDS
    ]
    if len(questions) < 2 or len(questions) < len(openings) / 2:
        return None
    quoted = "; ".join(f"“{quote(question, 70)}”" for question in questions[:_MAX_QUOTED])
    return Fault(
        place=section.path,
        evidence=f"{len(questions)} questions in one section: {quoted}",
        reason="Each question would be found under a heading of its own; together they dilute each "
        "other.",
        remedy="Make each of the questions a heading, with its answer below.",
        n_words=sum(len(question.split()) for question in questions),
        passage_id=page.passage_of(questions[0], section.path),
    )


CHECKS = (
    Check(
        name="answer_first",
        pillar="clarity",
        title="Sections start with the answer",
        weight="moderate",
        look=check_answers,
        languages=("en",),
    ),
    Check(
        name="one_topic",
        pillar="clarity",
        title="A section answers one question",
        weight="moderate",
        look=check_topics,
        languages=("en",),
    ),
)
