import os

import pytest

from coverage_kit.collect.folder import read_folder
from coverage_kit.collect.rows import PageRows, page_rows
from coverage_kit.collect.site import read_site
from coverage_kit.errors import SiteError
from coverage_kit.settings import CrawlSettings, SiteSettings
from tests.collect.local_site import page


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "shop"
    home.mkdir()
    return home


def write(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_html", ".html").replace(
            "_md", ".md"
        ).replace("_htm", ".htm")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def read(folder, base_url="", **crawl):
    return read_site(
        SiteSettings(source=str(folder), base_url=base_url), CrawlSettings(**crawl)
    ).set_index("page_id")


def canonical(url):
    return f"<link rel='canonical' href='{url}'>"


def test_a_folder_of_html_and_markdown_with_a_base_url(folder):
    write(
        folder,
        index_html=page("Home", "Welcome."),
        help__faq_html=page("FAQ", "Ask."),
        help__wool_md="# Wool\n\nWarm.",
    )
    write(folder, help__index_md="# Help\n\nHere.", notes_txt="no page")
    pages = read(folder, "https://www.shop.com/")
    assert pages["url"].to_dict() == {
        "shop.com/help/faq.html": "https://www.shop.com/help/faq.html",
        "shop.com/help": "https://www.shop.com/help",
        "shop.com/help/wool": "https://www.shop.com/help/wool",
        "shop.com/": "https://www.shop.com/",
    }
    assert set(pages["site"]) == {"shop.com"}
    assert set(pages["status"]) == {"ok"}
    assert pages.loc["shop.com/help/wool", "text"] == "# Wool\n\nWarm."
    assert pages.loc["shop.com/help/faq.html", ["title", "language"]].tolist() == ["FAQ", "en"]
    assert pages.loc["shop.com/", "html_path"] == str(folder / "index.html")
    assert pages["fetched_at"].isna().all()


def test_without_base_url_and_own_urls_the_folder_names_the_site(folder):
    write(folder, a__b_html=page("B", "Words."))
    pages = read(folder)
    assert pages.index.tolist() == ["shop/a/b.html"]
    assert pages["site"].tolist() == ["shop"]
    assert pages["url"].tolist() == [str(folder / "a" / "b.html")]


def test_pages_with_own_urls_make_one_site_a_host(folder):
    write(folder, a_html=page("A", "One.", head=canonical("https://www.a.com/x")))
    write(folder, b_md="---\nurl: https://b.com/y\n---\nTwo.", c_html=page("C", "Three."))
    write(
        folder, d_html=page("D", "Four.", head="<meta property='og:url' content='https://a.com/z'>")
    )
    assert read(folder)["site"].to_dict() == {
        "a.com/x": "a.com",
        "b.com/y": "b.com",
        "shop/c.html": "shop",
        "a.com/z": "a.com",
    }


def test_a_base_url_makes_one_site_and_believes_only_its_own_urls(folder):
    write(folder, a_html=page("A", "One.", head=canonical("https://shop.com/x")))
    write(
        folder,
        b_html=page("B", "Two.", head=canonical("https://copied.com/y")),
        c_md="---\nurl: /z\n---\nThree.",
    )
    assert read(folder, "https://shop.com")["site"].to_dict() == dict.fromkeys(
        ["shop.com/x", "shop.com/b.html", "shop.com/z"], "shop.com"
    )


def test_duplicates_are_rows_that_name_the_page_that_stays(folder):
    write(
        folder,
        a_html=page("A", "One.", head=canonical("https://shop.com/c.html")),
        b_html=page("B", "Own."),
    )
    write(folder, c_html=page("C", "One.", head=canonical("https://shop.com/c.html")))
    pages = read(folder, "https://shop.com")
    assert pages["status"].to_dict() == {
        "shop.com/a.html": "duplicate of https://shop.com/c.html",
        "shop.com/b.html": "ok",
        "shop.com/c.html": "ok",
    }
    assert pages.loc["shop.com/c.html", "title"] == "C"
    assert pages["text"].isna().tolist() == [True, False, False]


def test_pages_that_all_name_the_home_page_keep_their_own_urls(folder):
    home = canonical("https://shop.com/")
    write(folder, index_html=page("H", "Hello.", head=home), a_html=page("A", "One.", head=home))
    assert read(folder, "https://shop.com")["status"].to_dict() == {
        "shop.com/": "ok",
        "shop.com/a.html": "ok",
    }


def test_two_files_at_one_url_get_two_ids(folder):
    write(folder, index_html=page("A", "One."), index_htm=page("B", "Two."))
    assert read(folder, "https://shop.com")["status"].to_dict() == {
        "shop.com/": "ok",
        "shop.com/ (2)": "duplicate of https://shop.com/",
    }


def test_rejected_pages_are_rows(folder):
    write(
        folder,
        ok_html=page("A", "One."),
        scripts_html="<body><script>go()</script><noscript>On!</noscript></body>",
    )
    write(
        folder, huge_md="word " * 250_000
    )  # Markdown beyond a megabyte is rejected whatever the setting
    write(folder, empty_md="", large_html=page("L", "x " * 600_000))
    pages = read(folder, max_page_megabytes=1.0)
    assert pages["status"].to_dict() == {
        "shop/empty.md": "no text",
        "shop/huge.md": "too large",
        "shop/large.html": "too large",
        "shop/ok.html": "ok",
        "shop/scripts.html": "no text",
    }


def test_an_unreadable_file_is_a_row(folder, monkeypatch):
    write(folder, a_html=page("A", "One."), b_html=page("B", "Two."))
    real = type(folder).read_bytes

    def read_bytes(path):
        if path.name == "b.html":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(type(folder), "read_bytes", read_bytes)
    assert read(folder)["status"].tolist() == ["ok", "unreadable: Permission denied"]


def test_hidden_files_and_links_that_leave_the_folder_are_passed_over(folder, tmp_path):
    write(folder, a_html=page("A", "One."))
    write(tmp_path / "outside", secret_html=page("S", "Secret."))
    (folder / ".hidden.html").write_text(page("H", "Hidden."))
    (folder / ".git").mkdir()
    (folder / ".git" / "b.html").write_text(page("B", "Hidden."))
    (folder / "leaving.html").symlink_to(tmp_path / "outside" / "secret.html")
    (folder / "away").symlink_to(tmp_path / "outside")
    (folder / "loop").symlink_to(folder)
    (folder / "broken.html").symlink_to(folder / "nothing.html")
    os.mkfifo(folder / "pipe.html")
    assert read(folder).index.tolist() == ["shop/a.html"]


def test_mixed_encodings_are_read(folder):
    write(
        folder,
        a_md="# Größe\n\nÄpfel.".encode("utf-16"),
        b_md="# Größe\n\nÄpfel.".encode("utf-8-sig"),
    )
    write(
        folder,
        c_md="# Größe\n\nÄpfel.".encode("cp1252"),
        d_html=page("Größe", "Äpfel.").encode("latin-1"),
    )
    assert set(read(folder)["title"]) == {"Größe"}


def test_reading_twice_gives_the_same_table(folder):
    write(folder, b_html=page("B", "Two."), a_md="One.", c__a_html=page("C", "Three."))
    assert read(folder).equals(read(folder))
    assert read(folder).index.tolist() == ["shop/a.md", "shop/b.html", "shop/c/a.html"]


def test_names_are_quoted_in_urls(folder):
    write(folder, **{"wool & käse_html": page("W", "One.")})
    assert read(folder, "https://shop.com/x").index.tolist() == [
        "shop.com/x/wool%20&%20k%C3%A4se.html"
    ]


def test_missing_and_empty_folders_are_reported(folder, tmp_path):
    with pytest.raises(SiteError, match="a folder of HTML or Markdown files; found nothing there"):
        read(tmp_path / "missing")
    with pytest.raises(SiteError, match=r"files ending in .*; found none"):
        read(folder)
    write(folder, a_html="")
    with pytest.raises(SiteError, match="found a file"):
        read(folder / "a.html")
    with pytest.raises(SiteError, match="an http"):
        read_folder(folder, "shop.com")


def test_a_folder_without_any_readable_page_is_reported_with_counts(folder):
    write(folder, a_html="", b_html="", c_html=page("L", "x " * 600_000))
    with pytest.raises(
        SiteError, match="at least one readable page; found 2 x no text, 1 x too large"
    ):
        read(folder, max_page_megabytes=1.0)


def test_rejected_pages_with_the_same_place_stay_apart():
    rows = page_rows(
        [
            PageRows("https://a.com/x", "a.com", "http 404"),
            PageRows("https://a.com/x/", "a.com", "timeout"),
        ]
    )
    assert [row["page_id"] for row in rows] == ["a.com/x", "a.com/x (2)"]
