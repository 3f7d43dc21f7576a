"""A PDF is a page with headings and paragraphs; what has no text says why."""

# ruff: noqa: E501 (samples as they are)
import io
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from pypdf import PdfWriter

from tests.collect.sources.reading import read, texts


def escape(text):
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def pdf(pages, title="", extra=b"", language=""):
    """Return a PDF whose pages have lines as (x, y, size, text)."""
    contents = [
        extra
        + b"".join(
            f"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({escape(text)}) Tj ET\n".encode("cp1252")
            for x, y, size, text in lines
        )
        for lines in pages
    ]
    n_pages = len(pages)
    kids = " ".join(f"{5 + 2 * index} 0 R" for index in range(n_pages))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {f'/Lang ({language})' if language else ''} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {n_pages} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({title}) /CreationDate (D:20240305102030Z) /ModDate (D:20250102030405Z) >>".encode(),
    ]
    for index, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {6 + 2 * index} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, 2)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer << /Size %d /Root 1 0 R /Info 4 0 R >>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF" % start)
    return out.getvalue()


def paragraph(y, *lines, size=10, step=12, x=50):
    return [(x, y - step * index, size, line) for index, line in enumerate(lines)]


MANUAL = [
    [
        (50, 780, 8, "Pump manual 2024"),
        (50, 720, 24, "Pump manual"),
        *paragraph(690, "The pump moves water from the well to", "the tank. It needs no oil."),
        *paragraph(655, "Keep it clean. A clog-", "ged filter stops it."),
        (50, 600, 16, "Cleaning the filter"),
        *paragraph(580, "Clean the filter every four weeks, and"),
        (50, 20, 8, "Page 1 of 2"),
    ],
    [
        (50, 780, 8, "Pump manual 2024"),
        *paragraph(740, "rinse it with water."),
        *paragraph(715, "• Open the lid.", "• Take the filter out and", "  wash it."),
        (50, 600, 16, "Winter"),
        *paragraph(580, "Empty the pump before the frost."),
        (50, 20, 8, "Page 2 of 2"),
    ],
]


def written(tmp_path, content, name="manual.pdf"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_headings_paragraphs_and_lists_are_those_of_the_page(tmp_path):
    pages, unread = read(written(tmp_path, pdf(MANUAL)), "https://pump.example/guides/")
    assert texts(pages) == {
        "https://pump.example/guides/manual.pdf": (
            "# Pump manual\n\n"
            "The pump moves water from the well to the tank. It needs no oil.\n\n"
            "Keep it clean. A clogged filter stops it.\n\n"
            "## Cleaning the filter\n\n"
            "Clean the filter every four weeks, and rinse it with water.\n\n"
            "- Open the lid.\n\n- Take the filter out and wash it.\n\n"
            "## Winter\n\nEmpty the pump before the frost."
        )
    }
    assert unread == {}
    assert pages[0].html_path is None


def test_title_language_and_dates_are_those_of_the_file(tmp_path):
    content = pdf(MANUAL, title="The pump", language="en-GB")
    extract = read(written(tmp_path, content))[0][0].extract
    assert (extract.title, extract.language) == ("The pump", "en")
    assert extract.published_at == datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)
    assert extract.modified_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("title", ["Microsoft Word - pump.docx", "untitled", "pump.indd"])
def test_a_title_that_a_program_wrote_is_none(tmp_path, title):
    assert read(written(tmp_path, pdf(MANUAL, title=title)))[0][0].extract.title == "Pump manual"


def test_text_beside_much_small_print_is_no_heading(tmp_path):
    text = paragraph(
        760, *["These are words of the text of the page, as one reads it."] * 6, size=12
    )
    notes = paragraph(
        600, *["This is small print that nobody reads before he signs it."] * 12, size=8
    )
    assert "##" not in read(written(tmp_path, pdf([text + notes])))[0][0].extract.text


def test_a_word_with_a_hyphen_of_its_own_keeps_it(tmp_path):
    lines = paragraph(700, "A well-known pump. This is the well-", "known pump of the town.")
    text = read(written(tmp_path, pdf([lines])))[0][0].extract.text
    assert text.endswith("This is the well-known pump of the town.")


def test_chapters_with_numbers_are_no_page_numbers(tmp_path):
    pages = [
        [
            (50, 760, 16, f"{number} Chapter of {name}"),
            *paragraph(
                700, f"Words on {name}, of which there are", *["more than one may want."] * 3
            ),
            (300, 20, 10, str(number)),
        ]
        for number, name in enumerate(("tanks", "pumps", "wells"), 1)
    ]
    text = read(written(tmp_path, pdf(pages)))[0][0].extract.text
    assert "## 2 Chapter of pumps\n\nWords on pumps, of which" in text
    assert not [line for line in text.split("\n") if line.isdecimal()]


def test_a_password_is_a_status_and_an_empty_one_is_none(tmp_path, caplog):
    for password, status in (("key", "password"), ("", "ok")):
        writer = PdfWriter(io.BytesIO(pdf(MANUAL)))
        writer.encrypt(password, "owner", algorithm="RC4-128")
        out = io.BytesIO()
        writer.write(out)
        assert read(written(tmp_path, out.getvalue()))[0][0].status == status
    assert "without a password" in caplog.text


def with_picture(pages):
    """Return a PDF in which each page without lines shows a picture."""
    writer = PdfWriter(io.BytesIO(pdf(pages)))
    from pypdf.generic import DictionaryObject, NameObject, NumberObject, StreamObject  # noqa: PLC0415

    for page, lines in zip(writer.pages, pages, strict=True):
        if not lines:
            picture = StreamObject()
            picture.update(
                {
                    NameObject("/Type"): NameObject("/XObject"),
                    NameObject("/Subtype"): NameObject("/Image"),
                    NameObject("/Width"): NumberObject(1),
                    NameObject("/Height"): NumberObject(1),
                }
            )
            page["/Resources"][NameObject("/XObject")] = DictionaryObject(
                {NameObject("/I"): writer._add_object(picture)}
            )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_scan_says_that_it_is_only_images(tmp_path, caplog):
    pages, _ = read(written(tmp_path, with_picture([[], []])))
    assert pages[0].status == "only images"
    assert "OCR" in caplog.text
    pages, unread = read(written(tmp_path, with_picture([MANUAL[0], []])))
    assert pages[0].status == "ok"
    assert unread == {"pages of a PDF that are only pictures": (1, True)}


def test_an_empty_page_has_no_text(tmp_path):
    assert read(written(tmp_path, pdf([[]])))[0][0].status == "no text"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", "unreadable: no PDF"),
        (b"<html><p>Hello</p>", "unreadable: no PDF"),
        (b"%PDF-1.4\n" + b"x" * 10_000, "unreadable: a damaged PDF"),
        (pdf(MANUAL)[:600], "unreadable: a damaged PDF"),
        (b"%PDF-1.4\n" + b"1 0 obj\n" * 600_000, "too large"),
        (b"%PDF-1.4\n" + b"<<" * 100_000, "unreadable: a damaged PDF"),
    ],
)
def test_a_broken_file_is_a_status(tmp_path, content, status):
    assert read(written(tmp_path, content))[0][0].status == status


def test_hostile_content_ends_in_time(tmp_path):
    start = time.perf_counter()
    for extra in (b"q " * 50_000, b"[" * 100_000, b"(" * 100_000, b"BT " * 30_000):
        read(written(tmp_path, pdf([MANUAL[0]], extra=extra)))
    many = [paragraph(790 - index / 100, "x y z")[0] for index in range(5_000)]
    assert read(written(tmp_path, pdf([many])))[0][0].status == "ok"
    assert time.perf_counter() - start < 30


def test_without_the_extra_the_status_names_it(tmp_path):
    path = written(tmp_path, pdf(MANUAL))
    (tmp_path / "a.rst").write_text("A\n=\n\nWords.", encoding="utf-8")
    (tmp_path / "a.warc").write_bytes(b"WARC/1.0\r\n")
    script = f"""
import sys
for name in ("pypdf", "docutils", "warcio"):
    sys.modules[name] = None
from pathlib import Path
from coverage_kit.collect.sources import find_reader
for name in ("manual.pdf", "a.rst", "a.warc"):
    path = Path({str(tmp_path)!r}, name)
    print(find_reader(path)(path, "", None)[0].status)
"""
    assert path.exists()
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.split("\n")[:3] == [
        "needs the extra pdf",
        "needs the extra rst",
        "needs the extra warc",
    ]
    assert "pip install 'coverage_kit[pdf]'" in result.stderr
