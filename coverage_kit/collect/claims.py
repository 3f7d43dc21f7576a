"""Claims: the sentences of logged answers, which say what content the engines want."""

import re

from coverage_kit.sentences import split_sentences
from coverage_kit.tables import CLAIMS, Answers, Claims, checked

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
    rows: list[dict[str, object]] = []
    for _, group in answers.groupby("query_id", sort=True):
        taken: set[str] = set()
        sentences = [(row, list(enumerate(_plain_sentences(row["text"])))) for row in group.to_dict("records")]
        turns = sorted((place, number) for number, (_, parts) in enumerate(sentences) for place, _ in parts)
        for place, number in turns:
            row, parts = sentences[number]
            text = parts[place][1]
            if text not in taken and len(taken) < MAX_CLAIMS_A_QUERY:
                taken.add(text)
                claim_id = f"{row['answer_id']}#{place}"
                rows.append({**{key: row[key] for key in ("answer_id", "query_id")}, "claim_id": claim_id, "text": text})
    return CLAIMS.table(rows)


def _plain_sentences(text: str) -> list[str]:
    plain = _MARKER.sub("", _LINK.sub(r"\1", text))
    lines = [_DECORATION.sub("", line).strip() for line in plain.splitlines()]
    sentences = [sentence for line in lines for sentence in split_sentences(line)]
    return [one for one in sentences if len(one.split()) >= _MIN_WORDS and _LETTER.search(one)]
