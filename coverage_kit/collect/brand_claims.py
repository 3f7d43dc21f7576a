"""What answers claim of the own brand: the sentences that name it, and those after them that go on about it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from coverage_kit.collect.claims import plain_sentences
from coverage_kit.collect.mentions import brand_finder
from coverage_kit.tables import CLAIMS, Answers, Claims, checked

_GOES_ON = re.compile(r"(?:It|Its|They|Their|The (?:company|brand|firm|maker|manufacturer|site))\b")
_LONGEST = 1_000
_OWN_VOICE = re.compile(
    r"\b(?:[Cc]an|[Cc]ould|[Dd]id|[Dd]o)(?:not| not|n['\u2019]t)? (?:\w+ )?(?:find|see|confirm|verify|tell|locate)\b"
    r"|\bI\b|\bturned up\b|^No\b.*\b(?:found|described|listed)\b"
)


@checked
def split_brand_claims(answers: Answers, brands: Sequence[Sequence[str]]) -> Claims:
    """Return what each answer says of the own brand, sentence by sentence, each answer for itself.

    A sentence is the brand's where it names it, or follows such a one with 'It', 'Its', 'They',
    'Their' or 'The company' in the same answer. Left out: questions, what the engine says in its
    own voice or of its own search ("I couldn't find…", "No scheme was found"), sentences that name
    another brand too, as it cannot be told which is meant, and those of over 1,000 characters,
    which are lists or text without full stops.

    Further columns: engine, surface and asked_at of the answer, and `names_brand` (else the
    sentence goes on about it).

    Args:
        answers: of one log.
        brands: the names of each brand, the own one first.
    """
    if not brands or not brands[0]:
        return CLAIMS.empty()
    named = brand_finder(brands)
    label = brands[0][0]
    rows = [
        {
            **row,
            "surface": row["surface"]
            if isinstance(row["surface"], str) and row["surface"]
            else "unknown",
        }
        for answer in answers.to_dict("records")
        for row in _claims_of(answer, named, label)
    ]
    return CLAIMS.table(rows)


def _claims_of(answer: dict[Any, Any], named: Any, label: str) -> Iterator[dict[str, Any]]:
    is_about = False
    told = {
        name: answer[name] for name in ("answer_id", "query_id", "engine", "surface", "asked_at")
    }
    for place, sentence in enumerate(plain_sentences(answer["text"])):
        brands = named(sentence)
        names_brand = brands == [label]
        is_about = names_brand or (is_about and not brands and _GOES_ON.match(sentence) is not None)
        is_short = len(sentence) <= _LONGEST
        if is_about and is_short and not sentence.endswith("?") and not _OWN_VOICE.search(sentence):
            claim_id = f"{answer['answer_id']}#brand-{place}"
            yield {
                **told,
                "claim_id": claim_id,
                "text": sentence,
                "names_brand": names_brand,
            }
