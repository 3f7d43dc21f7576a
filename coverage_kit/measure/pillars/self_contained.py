"""Clarity, of passages: whether each stands alone, explains its abbreviations, answers first and keeps to one topic."""

import re
from collections.abc import Iterator

from coverage_kit.measure.pillars.abbreviations import look_at_abbreviations
from coverage_kit.measure.pillars.check import (
    Check,
    Checked,
    Fault,
    Outcome,
    quote,
    unquoted,
)
from coverage_kit.measure.pillars.site import PageSection, PageView, SiteView
from coverage_kit.text.sentences import split_sentences

_TOLD = (
    r"(?:mentioned|described|noted|discussed|explained|stated|said|outlined|listed|defined|covered|shown|seen"
    r"|introduced|detailed"
    r"|specified|given|set out)"
)
_PLACES = r"(?:section|chapter)"
_BACK = re.compile(
    rf"\b{_TOLD} (?:above|earlier|previously|before(?=[,.;:]))|\bsee above\b|\b(?:afore|above-)(?:mentioned|said)\b"
    rf"|\b(?:as|like) (?:we|you)(?: have|'ve)? (?:saw|seen|said|mentioned|read|learnt|learned) (?:above|earlier|before)\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    rf"\b(?:in|from|see|of) the (?:previous|preceding|last|next|following|earlier) {_PLACES}\b"
    rf"|\b(?:earlier|later) (?:in|on) this (?:page|article|guide|chapter|document|post)\b",
    re.IGNORECASE,
)
_MANY_BEFORE = 80  # words, among which what a sentence refers to may well be
_TELLING = 3  # longer words of a sentence from which on they tell what it is about
_AHEAD = re.compile(rf"\b{_TOLD} below\b|\bsee below\b", re.IGNORECASE)

_DEPENDENT = re.compile(
    r"(?:However|Therefore|Thus|Hence|Consequently|Furthermore|Moreover|Additionally|In addition(?! to)|Likewise|Nevertheless"
    r"|Nonetheless|That said(?=,)|Even so(?=,)|In other words|As such(?=,)|The same (?:applies|goes|is true|holds)|The latter"
    r"|On the other hand|By contrast|In contrast(?! (?:to|with))|As a result(?! of)|For (?:this|that) reason"
    r"|For these reasons|Because of (?:this|that)(?! \w)|Also)\b,?(?! (?:known|called))"
    r"|(?:This|That)(?: is|'s|\u2019s) (?:why|because|due to)\b|(?!It is also \w+ (?:to|that)\b)(?:It|They|This|These|That"
    r"|Those) (?:\w+ )?(?:also|too|therefore|however)\b"
)
_CONSEQUENT = re.compile(
    r"(?:This|That) (?:makes|means|saves|reduces|lets|allows|ensures|explains|causes|leads|helps|happens|applies|is because)\b"
)
_PLURAL = re.compile(
    r"(?:They|These|Those) (?:are|were|have|had|can|could|will|would|may|might|must|should|do|come|need|work|cost)\b"
)

_CLEARING = re.compile(
    r"In this (?:section|article|guide|chapter|post|page|part),? (?:we|you|I)\b|(?:This|The following) (?:section|article|guide"
    r"|chapter|post|part) (?:will |aims to |looks|explains|covers|discusses|explores|describes how we)"
    r"|Let(?:'s|\u2019s| us) (?:take|have) (?:a |an )?(?:closer |quick |good )?look|Let(?:'s|\u2019s| us) (?:look|dive"
    r"|explore|find out|break)|Before we (?:answer|get|begin|dive|start|look)"
    r"|(?:This is|That(?:'s|\u2019s| is)) (?:a |an |one )?(?:great|good|common|frequent|popular|frequently|interesting"
    r"|tricky)\b.{0,30}"
    r"question|We(?: are|'re|\u2019re| get)(?: \w+)? asked\b|(?:Many|Lots of|Some"
    r"|Most) (?:people|of"
    r" (?:you|our \w+)|customers|visitors|readers|users) (?:ask|wonder|want to know)\b|Have you ever (?:wondered|asked)"
    r"|Choosing .{3,60} can be (?:difficult|hard|daunting|tricky|confusing|overwhelming)|It(?:'s| is"
    r"|\u2019s) important to (?:note"
    r"|understand|remember|consider)\b|There(?:'s| is|\u2019s) no (?:simple|easy|single|one) answer\b|To answer th(?:is|at)\b"
    r"|In today(?:'s|\u2019s) |It(?:'s| is|\u2019s) no secret|When it comes to .{3,60}, (?:there are|it is|many)"
    r"|There (?:are|is) (?:many|a lot of|several|lots of|a number of) (?:things|factors|aspects|reasons|ways|questions)\b[^:]*$"
    r"|(?:As|Since) (?:everybody|everyone|we all) knows?\b|Thank you for (?:your|asking)",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"(?:how|what|which|why|when|where|who|can|could|do|does|is|are|will|should|may|must)\b.*|.*\?\s*",
    re.IGNORECASE,
)


def look_at_references(page: PageView, _: SiteView) -> Outcome:
    """Whether passages refer to nothing outside them: 'as mentioned above', 'in the previous section'."""
    places = list(_running(page))
    faults = [
        Fault(
            part.path,
            f"“{found}” in “{quote(sentence)}”",
            "An engine quotes the passage alone: what it refers to is not there.",
            "Say here what it refers to, or name and link the place.",
            sentence,
            f"{sentence} [FACT NEEDED: what “{found}” refers to]",
            8,
            0,
            page.passage_of(sentence, part.path),
        )
        for part, sentence, before, is_last in places
        if (found := _outside(sentence, before, is_last))
    ]
    return Checked(len(places), tuple(faults)) if places else None


def _running(page: PageView) -> Iterator[tuple[PageSection, str, str, bool]]:
    """Yield section, sentence, what stands before it in the section, and whether nothing stands after it."""
    for part in page.parts:
        before = ""
        for at, one in enumerate(part.paragraphs):
            sentences = split_sentences(one.text) if one.kind == "text" else []
            for number, sentence in enumerate(sentences):
                yield (
                    part,
                    sentence,
                    before,
                    number == len(sentences) - 1 and at == len(part.paragraphs) - 1,
                )
                before += f" {sentence}"
            before += "" if sentences else f" {one.text}"


def _outside(sentence: str, before: str, is_last: bool) -> str:
    """Return the words of a sentence that refer to something outside its section, empty where there are none.

    What is said to stand above stands in the section where that holds one of the sentence's longer
    words before it; where the sentence has too few of them to tell, or the section is long, that is
    taken for granted.
    """
    plain = unquoted(sentence)
    found = _ELSEWHERE.search(plain)
    back = _BACK.search(plain)
    ahead = _AHEAD.search(plain)
    if found is None and back is not None and not _has_own(plain, back):
        told = _long_stems(_BACK.sub(" ", plain))
        is_inside = (
            not told.isdisjoint(_long_stems(before))
            or (bool(before) and len(told) < _TELLING)
            or len(before.split()) > _MANY_BEFORE
        )
        found = None if is_inside else back
    if found is None and ahead is not None and is_last and not _has_own(plain, ahead):
        found = ahead
    return found[0] if found else ""


def _long_stems(text: str) -> set[str]:
    """Return the first five letters of a text's longer words."""
    return {word[:5].lower() for word in re.findall(r"[^\W\d_]{5,}", text)}


def _has_own(sentence: str, found: "re.Match[str]") -> bool:
    """Return whether a sentence names the place that it refers to, or has said enough before it."""
    beside = sentence[found.end() : found.end() + 40]
    is_named = re.match(r"\s*(?:in|under|for)\s+[A-Z\"\u201c(]|\s*\(", beside) is not None
    return is_named or len(sentence[: found.start()].split()) > 20


def look_at_openings(page: PageView, _: SiteView) -> Outcome:
    """Whether sections open with a sentence that can be understood without what stands before them."""
    opened = [
        (part, part.paragraphs[0].text)
        for part in page.parts
        if part.heading and _opens_with_text(part)
    ]
    faults = [
        Fault(
            part.path,
            f"“{quote(first)}”",
            f"The section opens with “{found}”, which leans on words that stand elsewhere.",
            "Name what it is about in the first sentence.",
            first,
            f"[FACT NEEDED: what “{found}” stands for] {first}",
            4,
            0,
            page.passage_of(first, part.path),
        )
        for part, text in opened
        if (first := split_sentences(text)[0]) and (found := _leans(first, part))
    ]
    return Checked(len(opened), tuple(faults)) if opened else None


def _opens_with_text(part: PageSection) -> bool:
    return bool(part.paragraphs) and part.paragraphs[0].kind == "text"


def _leans(sentence: str, part: PageSection) -> str:
    if found := _DEPENDENT.match(sentence):
        return found[0].rstrip(",")
    if (found := _CONSEQUENT.match(sentence)) and _ASKING.fullmatch(part.heading):
        return found[0]
    words = re.findall(r"[^\W\d_]+", part.path.lower())
    if (found := _PLURAL.match(sentence)) and not any(
        (word.endswith("s") and len(word) > 3)
        or word
        in {
            "people",
            "children",
            "men",
            "women",
            "and",
            "or",
            "who",
            "against",
            "versus",
            "vs",
            "between",
        }
        for word in words
    ):
        return found[0]
    return ""


def look_at_answers(page: PageView, _: SiteView) -> Outcome:
    """Whether sections under a question answer it in their first sentence."""
    asked = [part for part in page.parts if part.heading and _opens_with_text(part)]
    faults = [fault for part in asked if (fault := _late(page, part)) is not None]
    return Checked(len(asked), tuple(faults)) if asked else None


def _late(page: PageView, part: PageSection) -> Fault | None:
    sentences = part.sentences
    first = sentences[0]
    is_question = _ASKING.fullmatch(part.heading) is not None and part.heading.rstrip().endswith(
        "?"
    )
    is_asked_back = (
        is_question and part.level > 1 and first.endswith("?") and len(first.split()) > 3
    )
    if not (_CLEARING.match(first) or is_asked_back):
        return None
    why = "asks back" if is_asked_back else "announces or clears its throat"
    reason = f"The first sentence {why}; engines quote what answers at once."
    after = " ".join(sentences[1:3]) if len(sentences) > 1 and not is_asked_back else None
    before = (
        part.paragraphs[0].text
        if after and part.paragraphs[0].text.endswith(sentences[min(2, len(sentences) - 1)])
        else first
    )
    remedy = "Start with the answer, and leave this sentence out."
    proposed = after if before != first else "[FACT NEEDED: the answer in one sentence]"
    return Fault(
        part.path,
        f"“{quote(first)}”",
        reason,
        remedy,
        before,
        proposed,
        15,
        0,
        page.passage_of(first, part.path),
    )


def look_at_topics(page: PageView, _: SiteView) -> Outcome:
    """Whether a section answers one question: not several that open paragraphs under one heading."""
    parts = [part for part in page.parts if part.n_words >= 20]
    faults: list[Fault] = []
    for part in parts:
        opened = [split_sentences(one.text) for one in part.paragraphs if one.kind == "text"]
        asked = [one[0] for one in opened if one[0].endswith("?") and len(one[0].split()) >= 4]
        if len(asked) >= 2 and len(asked) >= len(opened) / 2:
            told = "; ".join(f"“{quote(one, 70)}”" for one in asked[:4])
            reason = "Each question would be found under a heading of its own; together they dilute each other."
            remedy = "Make each of the questions a heading, with its answer below."
            place = page.passage_of(asked[0], part.path)
            evidence = f"{len(asked)} questions in one section: {told}"
            n_words = sum(len(one.split()) for one in asked)
            faults.append(
                Fault(
                    part.path,
                    evidence,
                    reason,
                    remedy,
                    n_words=n_words,
                    passage_id=place,
                )
            )
    return Checked(len(parts), tuple(faults)) if parts else None


_EN = ("en",)
CHECKS = (
    Check(
        "no_references",
        "clarity",
        "Passages refer to nothing outside them",
        "weak",
        look_at_references,
        _EN,
    ),
    Check(
        "clear_openings",
        "clarity",
        "Sections open with what they are about",
        "weak",
        look_at_openings,
        _EN,
    ),
    Check(
        "abbreviations",
        "clarity",
        "Abbreviations are written out once",
        "weak",
        look_at_abbreviations,
        _EN,
    ),
    Check(
        "answer_first",
        "clarity",
        "Sections start with the answer",
        "moderate",
        look_at_answers,
        _EN,
    ),
    Check(
        "one_topic",
        "clarity",
        "A section answers one question",
        "moderate",
        look_at_topics,
        _EN,
    ),
)
