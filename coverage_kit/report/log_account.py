"""The account of a log in a line: what became of each of its records."""

from coverage_kit.report.texts import is_missing
from coverage_kit.report.wording import count
from coverage_kit.tables import Sources


def describe_account(sources: Sources) -> str:
    """Return how many records the files of a log hold, and how these add up; '' without records.

    >>> import pandas as pd
    >>> describe_account(pd.DataFrame({"n_records": [8], "n_merged": [0], "n_aside": [1],
    ...                                "n_rejected": [1]}))
    '10 records = 8 read + 1 set aside + 1 not read'
    """
    parts = {
        "read": "n_records",
        "merged with another": "n_merged",
        "set aside": "n_aside",
        "not read": "n_rejected",
    }
    numbers = {words: int(sources[name].fillna(0).sum()) for words, name in parts.items()}
    total = sum(numbers.values())
    if not total:
        return ""
    summands = [f"{n:,} {words}" for words, n in numbers.items() if n or words == "read"]
    return f"{count(total, 'record')} = {' + '.join(summands)}"


def count_doubts(sources: Sources) -> int:
    """Return the number of different doubts about how the files of a log were read."""
    texts = [str(text) for text in sources["doubts"] if not is_missing(text)]
    return len({doubt for text in texts for doubt in text.split("\n")})
