"""Claims: the sentences of logged answers, which show what content the engines look for."""

import re
from collections import defaultdict

from coverage_kit.tables import CLAIMS, Answers, Claims, checked
from coverage_kit.text.length import count_words
from coverage_kit.text.sentences import split_sentences

# Enough for what several answers say of a query. The number is assumed.
MAX_CLAIMS_A_QUERY = 24
# A Markdown link, such as "[the guide](https://example.com/)"; its words stay.
_LINK = re.compile(r"\[([^\]]+)\]\(https?://[^)\s]+\)")
# What points to a source: "[1]", private-use citation marks of ChatGPT, and bare URLs.
_MARKER = re.compile(r"\s*\[\d+\](?!\()|[\ue200-\ue202]\S*|https?://\S+")
# Markdown before or around words: "## ", "> ", "- ", "**", "__", "`" and "|".
_DECORATION = re.compile(r"^[\s>#*•-]+|\*\*|__|`|\|")
# A letter of any script: a line without letters, such as "12 15 20 25", is no claim.
_LETTER = re.compile(r"[^\W\d_]")
# Shorter lines are headings and labels rather than claims. The number is assumed.
_MIN_WORDS = 4


@checked
def split_claims(answers: Answers) -> Claims:
    """Return the distinct sentences of the answers, at most 24 a query.

    Markup and citation markers are removed from them. If a query has more, its answers take turns,
    each from its first sentence on.
    """
    by_query: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for query_id, answer_id, text in zip(
        answers["query_id"], answers["answer_id"], answers["text"], strict=True
    ):
        by_query[query_id].append((answer_id, text))
    rows = [
        {
            "claim_id": f"{answer_id}#{position}",
            "answer_id": answer_id,
            "query_id": query_id,
            "text": text,
        }
        for query_id in sorted(by_query)
        for position, answer_id, text in _in_turns(by_query[query_id])
    ]
    return CLAIMS.table(rows)


def _in_turns(answers: list[tuple[str, str]]) -> list[tuple[int, str, str]]:
    """Return position, answer_id and text of the distinct sentences.

    The first sentence of every answer comes first, then the second of every answer, and so on.
    """
    sentences = [
        (position, answer_index, answer_id, sentence)
        for answer_index, (answer_id, text) in enumerate(answers)
        for position, sentence in enumerate(plain_sentences(text))
    ]
    by_sentence: dict[str, tuple[int, str, str]] = {}
    # Sorted by position first: the answers take turns, and a long answer cannot fill the limit.
    for position, _, answer_id, sentence in sorted(sentences):
        by_sentence.setdefault(sentence, (position, answer_id, sentence))
    return list(by_sentence.values())[:MAX_CLAIMS_A_QUERY]


def plain_sentences(text: str) -> list[str]:
    """Return an answer's sentences of at least four words, without markup and citation markers."""
    plain = _MARKER.sub("", _LINK.sub(r"\1", text))
    lines = [" ".join(_DECORATION.sub("", line).split()) for line in plain.splitlines()]
    sentences = [sentence for line in lines for sentence in split_sentences(line)]
    return [
        sentence
        for sentence in sentences
        if count_words(sentence) >= _MIN_WORDS and _LETTER.search(sentence)
    ]
