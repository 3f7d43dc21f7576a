"""Pages of a web archive are its HTML answers; the rest is counted."""

import gzip
from datetime import UTC, datetime

import pytest

from coverage_kit.errors import SiteError
from tests.collect.sources.reading import read, texts


def one(kind, url, date, block, more=""):
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n{more}"
    return f"{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def archive(tmp_path, *records, name="site.warc.gz"):
    written = [one("warcinfo", "urn:x", "2024-01-01T00:00:00Z", b"software: test\r\n")]
    for url, body, options in records:
        fields = [("Content-Type", options.get("type", "text/html")), *options.get("more", [])]
        lines = "".join(f"{key}: {value}\r\n" for key, value in fields)
        answer = f"HTTP/1.1 {options.get('status', '200 OK')}\r\n{lines}\r\n".encode() + body
        kind = "Content-Type: application/http; msgtype=response\r\n"
        date = options.get("date", "2024-01-02T03:04:05Z")
        written.append(one(options.get("kind", "response"), url, date, answer, kind))
    path = tmp_path / name
    packed = map(gzip.compress, written) if name.endswith(".gz") else written
    path.write_bytes(b"".join(packed))
    return path


def record(path, words, host="www.tea.example", **options):
    body = f"<html><body><h1>{path}</h1><p>{words}</p></body></html>"
    return f"https://{host}/{path}", body.encode(options.get("encoding", "utf-8")), options


@pytest.mark.parametrize("name", ["site.warc", "site.warc.gz", "capture"])
def test_answers_with_html_are_pages(tmp_path, name):
    path = archive(
        tmp_path,
        record("a", "All about tea."),
        record("b", "Größe", encoding="latin-1", type="text/html; charset=iso-8859-1"),
        name=name,
    )
    pages, unread = read(path)
    assert texts(pages) == {
        "https://www.tea.example/a": "# a\n\nAll about tea.",
        "https://www.tea.example/b": "# b\n\nGröße",
    }
    assert pages[0].fetched_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (pages[0].site, pages[0].html_path) == ("tea.example", None)
    assert unread == {"records of the type warcinfo": (1, False)}


def test_the_last_capture_of_a_page_counts(tmp_path):
    dates = ("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", "2024-01-01T00:00:00Z")
    records = [record("a", f"Of {date}.", date=date) for date in dates]
    pages, unread = read(archive(tmp_path, *records))
    assert list(texts(pages).values()) == ["# a\n\nOf 2024-03-01T00:00:00Z."]
    assert unread["earlier captures of a page"] == (2, False)


def test_other_answers_and_other_sites_are_counted(tmp_path):
    path = archive(
        tmp_path,
        record("a", "Words."),
        record("b", "Words."),
        record("c", "Gone.", status="404 Not Found"),
        record("d", "", status="301 Moved"),
        record("e", "x", type="image/png"),
        record("f", "x", more=[("Content-Encoding", "br")]),
        record("g", "x", kind="revisit"),
        record("h", "Buy.", host="ads.example"),
        record("i", "x" * 9_000_000),
    )
    for base in ("", "https://tea.example"):
        pages, unread = read(path, base)
        assert list(texts(pages)) == ["https://www.tea.example/a", "https://www.tea.example/b"]
        assert unread == {
            "records of the type warcinfo": (1, False),
            "http 404": (1, True),
            "http 301": (1, False),
            "the kind of content image/png": (1, False),
            "packed by br": (1, True),
            "records of the type revisit": (1, True),
            "pages of other sites": (1, False),
            "too large": (1, True),
        }


def test_a_cut_archive_gives_the_whole_pages(tmp_path):
    path = archive(tmp_path, record("a", "Words."), record("b", "x y z " * 500), name="a.warc")
    path.write_bytes(path.read_bytes()[:-1500])
    pages, unread = read(path)
    assert list(texts(pages)) == ["https://www.tea.example/a"]
    assert any("damaged" in reason for reason in unread)


@pytest.mark.parametrize("content", [b"", b"WARC/1.0\r\n", b"\x1f\x8b\x08broken", b"x" * 100_000])
def test_an_archive_without_pages_is_refused(tmp_path, content):
    path = tmp_path / "site.warc.gz"
    path.write_bytes(content)
    with pytest.raises(SiteError, match="HTML pages"):
        read(path)
