import pandas as pd

from benchmarks.names import write_names
from tests.encoder import WordEncoder


def test_names_are_written_alone_and_with_their_questions(tmp_path):
    folder = tmp_path / "dogs"
    folder.mkdir()
    texts = ["can i carry a dog", "carry a dog in the rain", "carry a dog far", "battery fires"]
    queries = pd.DataFrame({"query_id": [f"q{n}" for n in range(4)], "text": texts})
    queries.to_parquet(folder / "queries.parquet")
    out, members = write_names([str(folder)], WordEncoder(), tmp_path / "names.txt", tmp_path)
    names = out.read_text(encoding="utf-8")
    assert names.startswith(f"# {folder}\n\n1. ")
    assert "Battery fires" in names
    assert not any(text in names for text in texts[:3])
    with_questions = members.read_text(encoding="utf-8")
    assert all(f"   - {text}\n" in with_questions for text in texts)
