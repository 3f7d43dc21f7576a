"""Claims: the sentences of logged answers, which say what content the engines want."""

import re
from collections import defaultdict

from coverage_kit.tables import CLAIMS, Answers, Claims, checked
from coverage_kit.text.sentences import split_sentences

MAX_CLAIMS_A_QUERY = 24
_LINK = re.compile(r"\[([^\]]+)\]\(https?://[^)\s]+\)")
_MARKER = re.compile(r"\s*\[\d+\](?!\()|[\ue200-\ue202]\S*|https?://\S+")
_DECORATION = re.compile(r"^[\s>#*•-]+|\*\*|__|`|\|")
_LETTER = re.compile(r"[^\W\d_]")
_MIN_WORDS = 4


@checked
def split_claims(answers: Answers) -> Claims:
    """Return the distinct sentences of the answers, without markup and citation markers, at most 24 a query.

    Where a query has more, its answers take turns, each from its first sentence on.
    """
    by_query: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for query_id, answer_id, text in zip(
        answers["query_id"], answers["answer_id"], answers["text"], strict=True
    ):
        by_query[query_id].append((answer_id, text))
    rows = [
        {
            "claim_id": f"{answer_id}#{place}",
            "answer_id": answer_id,
            "query_id": query_id,
            "text": text,
        }
        for query_id in sorted(by_query)
        for place, answer_id, text in _in_turns(by_query[query_id])
    ]
    return CLAIMS.table(rows)


def _in_turns(said: list[tuple[str, str]]) -> list[tuple[int, str, str]]:
    """Return place, answer_id and text of the distinct sentences: every answer's first, then its second."""
    sentences = [
        (place, number, answer_id, sentence)
        for number, (answer_id, text) in enumerate(said)
        for place, sentence in enumerate(plain_sentences(text))
    ]
    first: dict[str, tuple[int, str, str]] = {}
    for place, _, answer_id, sentence in sorted(sentences):
        first.setdefault(sentence, (place, answer_id, sentence))
    return list(first.values())[:MAX_CLAIMS_A_QUERY]


def plain_sentences(text: str) -> list[str]:
    """Return the sentences of an answer of at least four words, without markup and citation markers."""
    plain = _MARKER.sub("", _LINK.sub(r"\1", text))
    lines = [" ".join(_DECORATION.sub("", line).split()) for line in plain.splitlines()]
    sentences = [sentence for line in lines for sentence in split_sentences(line)]
    return [one for one in sentences if len(one.split()) >= _MIN_WORDS and _LETTER.search(one)]
