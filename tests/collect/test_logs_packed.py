"""Logs that gzip or zip packed are read as they are, and broken ones say what to do."""

import gzip
import json
import logging
import tracemalloc
import zipfile

import pandas as pd
import pytest

from coverage_kit.collect.logs import packed, read_log
from coverage_kit.collect.logs.parts import merge_log_parts, plan_log, read_log_part
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings

CSV = "question,answer\nis slate heavy?,Yes.\n"


def read(*paths):
    return read_log(LogSettings(files=tuple(map(str, paths))))


def texts(log):
    return sorted(log.queries["text"])


def gz(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def lines(*questions):
    return "".join(f"{json.dumps({'question': text, 'answer': 'Yes.'})}\n" for text in questions)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.csv.gz", CSV),
        ("log.csv", CSV),
        ("2026-09.log.tsv.GZ", CSV.replace(",", "\t")),
        ("log.jsonl.gz", lines("is slate heavy?")),
        ("log.gz", lines("is slate heavy?")),
        ("log.json.gz", '[{"question": "is slate heavy?", "answer": "Yes."}]'),
    ],
)
def test_a_gzip_file_is_read_by_the_ending_below(tmp_path, name, text):
    log = read(gz(tmp_path / name, text))
    assert texts(log) == ["is slate heavy?"]
    assert log.sources["file"].tolist() == [str(tmp_path / name)]


def test_packed_tables_of_other_kinds_are_read(tmp_path):
    frame = pd.DataFrame({"question": ["a?", "b?"], "answer": ["x", "y"]})
    for name, write in (("t.parquet", frame.to_parquet), ("t.xlsx", frame.to_excel)):
        write(tmp_path / name)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        assert texts(read(tmp_path / f"{name}.gz")) == ["a?", "b?"]


def test_gzip_files_in_a_folder_are_read_beside_others_and_in_parts(tmp_path):
    folder = tmp_path / "logs"
    gz(folder / "a.jsonl.gz", lines("a?"))
    (folder / "b.jsonl").write_text(lines("b?"), encoding="utf-8")
    zipped(folder / "c.zip", {"c.jsonl": lines("c?"), "d/d.csv.gz": gzip.compress(b"query\nd?\n")})
    log = LogSettings(files=(str(folder),))
    whole = read_log(log)
    assert texts(whole) == ["a?", "b?", "c?", "d?"]
    plan = plan_log(log)
    parts = merge_log_parts([read_log_part(log, file, plan) for file in plan.files], log)
    pd.testing.assert_frame_equal(whole.queries, parts.queries)
    pd.testing.assert_frame_equal(whole.sources, parts.sources)


def test_a_zip_file_of_several_logs_leaves_out_what_is_hidden_and_names_what_is_no_log(
    tmp_path, caplog
):
    path = zipped(
        tmp_path / "export.zip",
        {
            "week1/a.csv": CSV,
            "week2/b.csv": "question,answer\nb?,No\n",
            "__MACOSX/week1/._a.csv": "junk",
            ".hidden/c.csv": "question\nc?\n",
            "readme.txt": "hello",
            "empty/": "",
        },
    )
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert texts(log) == ["b?", "is slate heavy?"]
    assert log.sources["file"].tolist() == [f"{path}/week1/a.csv", f"{path}/week2/b.csv"]
    assert "left out readme.txt" in caplog.text


def test_packed_files_that_are_passed_over_in_a_folder_are_named(tmp_path, caplog):
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    gz(tmp_path / "access.log.gz", "127.0.0.1 - -")
    (tmp_path / "old.tar").write_bytes(b"x")
    (tmp_path / "old.7z").write_bytes(b"x")
    with caplog.at_level(logging.WARNING):
        assert texts(read(tmp_path)) == ["is slate heavy?"]
    assert all(f"{name} is left out" in caplog.text for name in ("access.log.gz", "tar", "7z"))


def encrypted(path):
    zipped(path, {"a.csv": CSV})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the header of the file
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(data)


def bomb(path):
    zipped(path, {"a.csv": b"question\n" + b"a" * 200_000_000})


@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        (
            "half.csv.gz",
            lambda path: path.write_bytes(gzip.compress(CSV.encode() * 9)[:-12]),
            ["a whole packed file", "its end is missing", "Download or copy it again"],
        ),
        (
            "flipped.csv.gz",
            lambda path: path.write_bytes(gzip.compress(CSV.encode())[:-8] + b"12345678"),
            ["it is damaged", "Download or copy it again"],
        ),
        (
            "half.zip",
            lambda path: path.write_bytes(b"PK\x03\x04" + b"x" * 50),
            ["its end is missing"],
        ),
        ("plain.csv.gz", lambda path: path.write_text(CSV), ["not packed", "Name it plain.csv"]),
        ("bomb.csv.gz", lambda path: gz(path, "question\n" + "a" * 200_000_000), ["trap"]),
        ("bomb.zip", bomb, ["1 files of 200,000,009 bytes", "trap"]),
        ("outside.zip", lambda path: zipped(path, {"../../a.csv": CSV}), ["a path outside"]),
        ("root.zip", lambda path: zipped(path, {"/etc/a.csv": CSV}), ["a path outside"]),
        ("secret.zip", encrypted, ["encrypted files", "Unpack it with its password"]),
        ("none.zip", lambda path: zipped(path, {"a.txt": "x"}), ["a zip file with logs", "a.txt"]),
        ("server.log.gz", lambda path: gz(path, "127.0.0.1 - -"), [".gz", "Name it after"]),
        ("old.tar", lambda path: path.write_bytes(b"x"), ["Unpack it, or pack it as .zip or .gz"]),
    ],
)
def test_packed_files_that_cannot_be_read_say_why(tmp_path, name, write, words):
    write(tmp_path / name)
    with pytest.raises(LogError) as raised:
        read(tmp_path / name)
    assert all(word in str(raised.value) for word in [name, *words])


def test_what_was_unpacked_is_deleted_and_takes_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(packed.tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    text = CSV + "".join(f"question {n}?,{n * 7919} and so on\n" for n in range(400_000))
    path = gz(tmp_path / "log.csv.gz", text)
    tracemalloc.start()
    unpacked = packed.unpack(path, (".csv",))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert unpacked.files[0].read_text(encoding="utf-8") == text
    assert peak < 5_000_000 < len(text)
    del unpacked
    assert not list((tmp_path / "t").iterdir())
