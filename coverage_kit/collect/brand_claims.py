"""What answers claim of your brand.

A claim is a sentence that names the brand, or a later one that continues about it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from coverage_kit.collect.claims import plain_sentences
from coverage_kit.collect.mentions import brand_finder
from coverage_kit.tables import CLAIMS, Answers, Claims, checked

# A sentence that continues about the brand of the sentence before it, such as "They also sell
# tea."
_CONTINUES = re.compile(
    r"(?:It|Its|They|Their|The (?:company|brand|firm|maker|manufacturer|site))\b"
)
# Longer sentences are lists or text without full stops. The number is assumed.
_MAX_CHARACTERS = 1_000
# A sentence in which the engine speaks of itself or of its search, such as "I could not find a
# price", "No scheme was found" or "Nothing turned up".
_OWN_VOICE = re.compile(
    r"\b(?:[Cc]an|[Cc]ould|[Dd]id|[Dd]o)(?:not| not|n['\u2019]t)? (?:\w+ )?"
    r"(?:find|see|confirm|verify|tell|locate)\b"
    r"|\bI\b|\bturned up\b|^No\b.*\b(?:found|described|listed)\b"
)


@checked
def split_brand_claims(answers: Answers, brands: Sequence[Sequence[str]]) -> Claims:
    """Return what each answer says of your brand, sentence by sentence, separately for each answer.

    A sentence is about the brand if it names it, or if it follows such a sentence of the same
    answer and starts with 'It', 'Its', 'They', 'Their' or 'The company'. Left out are questions,
    what the engine says in its own voice or of its own search ("I couldn't find…", "No scheme was
    found"), sentences that also name another brand, because it is not clear which brand is meant,
    and sentences of over 1,000 characters, which are lists or text without full stops.

    Further columns: engine, surface and asked_at of the answer, and `names_brand`, which is False
    where the sentence only continues about the brand.

    Args:
        answers: of one log.
        brands: the names of each brand, your own brand first.
    """
    if not brands or not brands[0]:
        return CLAIMS.empty()
    find_brands = brand_finder(brands)
    label = brands[0][0]
    rows = [
        {
            **row,
            "surface": row["surface"]
            if isinstance(row["surface"], str) and row["surface"]
            else "unknown",
        }
        for answer in answers.to_dict("records")
        for row in _claims_of(answer, find_brands, label)
    ]
    return CLAIMS.table(rows)


def _claims_of(
    answer: dict[Any, Any], find_brands: Callable[[str], list[str]], label: str
) -> Iterator[dict[str, Any]]:
    is_about = False
    answer_fields = {
        name: answer[name] for name in ("answer_id", "query_id", "engine", "surface", "asked_at")
    }
    for position, sentence in enumerate(plain_sentences(answer["text"])):
        labels = find_brands(sentence)
        names_brand = labels == [label]
        continues = is_about and not labels and _CONTINUES.match(sentence) is not None
        is_about = names_brand or continues
        is_short = len(sentence) <= _MAX_CHARACTERS
        if is_about and is_short and not sentence.endswith("?") and not _OWN_VOICE.search(sentence):
            claim_id = f"{answer['answer_id']}#brand-{position}"
            yield {
                **answer_fields,
                "claim_id": claim_id,
                "text": sentence,
                "names_brand": names_brand,
            }
