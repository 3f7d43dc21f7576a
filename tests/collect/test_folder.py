import logging
import os
import time

import pytest

from coverage_kit.collect.folder import read_folder
from coverage_kit.collect.folder_files import list_files
from coverage_kit.collect.rows import PageRows, page_rows
from coverage_kit.collect.site import read_site, read_source
from coverage_kit.collect.unread import UnreadItems
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


def unread_rows(folder):
    """Return what is not read of a folder, by reason."""
    return read_source(SiteSettings(source=str(folder))).unread.set_index("reason")


def write_run(folder):
    """Write what a run leaves in its folder, as far as it could be taken for pages."""
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "summary.json").write_text("{}")
    (folder / "todo").mkdir()
    for name in ("page.html", "comparison.md", "todo/index.md", "todo/a.md"):
        (folder / name).write_text("# Every question\n\nEvery question is answered here.")


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


def test_pages_of_equal_text_are_duplicates_of_the_page_with_the_best_url(folder):
    same = "Wool is warm and light."
    write(
        folder,
        print__wool_html=page("Wool", same),
        wool_html=page("Wool", same),
        **{"wool?sid=8_html": page("Wool", f"  {same.upper()} ")},
        tea_html=page("Tea", "Green tea."),
    )
    pages = read(folder, "https://shop.com")
    assert pages["status"].to_dict() == {
        "shop.com/print/wool.html": "duplicate of https://shop.com/wool.html",
        "shop.com/tea.html": "ok",
        "shop.com/wool.html": "ok",
        "shop.com/wool%3Fsid=8.html": "duplicate of https://shop.com/wool.html",
    }
    assert pages["text"].isna().sum() == 2


def test_equal_pages_without_base_url_name_the_file_of_the_page_that_stays(folder):
    write(folder, **{f"copy{n}_html": page("Tea", "Green tea.") for n in range(10)})
    pages = read(folder)
    assert pages["status"].tolist() == ["ok", *[f"duplicate of {folder / 'copy0.html'}"] * 9]


def test_equal_pages_of_two_sites_both_stay(folder):
    write(folder, a_html=page("A", "One.", head=canonical("https://a.com/x")))
    write(folder, b_html=page("A", "One.", head=canonical("https://b.com/x")))
    assert set(read(folder)["status"]) == {"ok"}


@pytest.mark.parametrize("other", ["Updated 4 May 2024.", "10 mm of wool.", "Price: £5"])
def test_pages_that_differ_by_a_date_a_number_or_a_sign_both_stay(folder, other):
    changed = {"4": "5", "10": "12", "£": "€"}
    word = next(word for word in changed if word in other)
    write(folder, a_html=page("A", other))
    write(folder, b_html=page("A", other.replace(word, changed[word])))
    assert set(read(folder)["status"]) == {"ok"}


def test_runs_caches_and_copies_inside_the_folder_are_counted(folder, caplog):
    write(folder, a_html=page("A", "One."), docs__b_html=page("B", "Two."))
    write_run(folder / "runs" / "latest")
    write_run(folder / "docs" / "old results")
    write(folder, copy__a_html=page("A", "Changed."), fetched__x_html=page("X", "Fetched."))
    (folder / "copy" / ".coverage-kit-copy.json").write_text("{}")
    (folder / "fetched" / f"crawl-{'0' * 32}.json").write_text("{}")
    with caplog.at_level(logging.INFO):
        assert read(folder).index.tolist() == ["shop/a.html", "shop/docs/b.html"]
    not_read = "files are not read: in"
    assert caplog.messages == [
        f"{folder}: 2 {not_read} copy: a changed copy of a site, such as "
        "copy/.coverage-kit-copy.json",
        f"{folder}: 5 {not_read} docs/old results: a run, such as docs/old results/comparison.md",
        f"{folder}: 2 {not_read} fetched: a cache, such as fetched/crawl-{'0' * 32}.json",
        f"{folder}: 5 {not_read} runs/latest: a run, such as runs/latest/comparison.md",
    ]


def test_a_run_without_its_tables_is_passed_over_too(folder):
    write(folder, a_html=page("A", "One."), sent__page_html=page("P", "Every answer."))
    for name in ("gaps.xlsx", "edits.json"):
        (folder / "sent" / name).write_bytes(b"")
    assert read(folder).index.tolist() == ["shop/a.html"]


def test_where_the_run_is_in_the_sites_own_folder_only_its_names_are_passed_over(folder):
    write(folder, a_html=page("A", "One."), todo_html=page("T", "Our plans."))
    write_run(folder)
    assert read(folder).index.tolist() == ["shop/a.html", "shop/todo.html"]


def test_a_page_of_a_run_that_lies_alone_is_no_content(folder):
    kicker = '<div class="kicker"><span>coverage_kit</span></div>'
    write(folder, a_html=page("A", "One."), report_html=page("R", f"{kicker}Every answer."))
    write(folder, list_md="# A\n\nto cover 9 more queries asked (predicted under model m).")
    assert read(folder)["status"].tolist() == ["ok", *["written by coverage_kit"] * 2]


def test_paths_that_are_no_part_of_the_site_are_passed_over(folder):
    write(folder, a_html=page("A", "One."), results__b_html=page("B", "Two."))
    write(folder, rival__c_html=page("C", "Three."), store__d_html=page("D", "Four."))
    others = [folder / "results", folder / "rival", folder, folder.parent, "https://a.com/results"]
    pages = read_site(SiteSettings(source=str(folder)), cache=folder / "store", others=others)
    assert pages["page_id"].tolist() == ["shop/a.html"]


def test_installed_packages_are_passed_over(folder):
    write(folder, a_html=page("A", "One."), node_modules__x__readme_md="Use it.")
    write(folder, env__lib__help_html=page("H", "Help."))
    (folder / "env" / "pyvenv.cfg").write_text("")
    assert read(folder).index.tolist() == ["shop/a.html"]


def test_every_file_is_a_page_or_is_counted(folder, tmp_path):
    write(folder, a_html=page("A", "One."), b_txt="no", c__d_md="Two.", _git__e_html="x")
    write_run(folder / "runs")
    (folder / ".hidden").write_text("")
    (folder / "leaving.html").symlink_to(tmp_path / "outside.html")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.md")
    unread = UnreadItems()
    files = list_files(folder, unread=unread)
    n_files = sum(len(names) for _, _, names in os.walk(folder))
    n_linked_folders = 1
    rows = unread.table("shop", "shop").set_index("reason")
    assert len(files.pages) + rows["n_items"].sum() == n_files + n_linked_folders
    assert rows["n_items"].to_dict() == {
        "a link to a folder, which is not followed": 1,
        "a link to nothing": 1,
        "hidden files": 1,
        "in runs: a run": 5,
        "no ending": 1,
        "no file": 1,
    }
    examples = rows["examples"].str.split("; ").explode()
    assert all(os.path.lexists(example) for example in examples)


@pytest.mark.parametrize(
    ("name", "url", "page_id"),
    [
        (b"caf\xe9.html", "https://shop.com/caf%E9.html", "shop/caf\\xe9.html"),
        (b"line\nend.html", "https://shop.com/line%0Aend.html", "shop/line\\x0aend.html"),
        (b"100%.html", "https://shop.com/100%25.html", "shop/100%.html"),
        (b"a%20b.html", "https://shop.com/a%2520b.html", "shop/a%20b.html"),
        (b"x" * 250 + b".html", f"https://shop.com/{'x' * 250}.html", f"shop/{'x' * 250}.html"),
    ],
    ids=["no UTF-8", "line end", "percent", "escape", "255 bytes"],
)
def test_a_file_of_any_name_is_a_page_that_tables_can_hold(folder, tmp_path, name, url, page_id):
    (folder / os.fsdecode(name)).write_text(page("A", "One."))
    assert read(folder, "https://shop.com")["url"].tolist() == [url]
    pages = read(folder)
    assert pages.index.tolist() == [page_id]
    assert pages["status"].tolist() == ["ok"]
    pages.to_parquet(tmp_path / "pages.parquet")
    # A name that a table cannot hold is no path from which the source is read again.
    is_plain = b"\n" not in name and b"\xe9" not in name
    assert pages["html_path"].notna().tolist() == [is_plain]


def test_two_names_that_are_written_alike_stay_two_pages(folder):
    write(folder, **{"caf\\xe9_html": page("A", "One.")})
    (folder / os.fsdecode(b"caf\xe9.html")).write_text(page("B", "Two."))
    assert len(read(folder)) == 2


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.html", b"<p " + b" ".join(b"a%d=1" % n for n in range(300_000)), "unreadable: a tag"),
        ("a.html", bytes(range(256)) * 99, "unreadable: no text, but a file of another kind"),
        ("a.html", b"%PDF-1.7\nplain words", "unreadable: no text, but a file of another kind"),
        ("a.md", b"\0" * 1000 + b"words", "unreadable: no text, but a file of another kind"),
    ],
    ids=["attributes", "random bytes", "PDF", "zeros"],
)
def test_a_page_that_cannot_be_read_has_a_status_and_the_run_goes_on(
    folder, caplog, name, content, status
):
    write(folder, ok_html=page("A", "One."))
    (folder / name).write_bytes(content)
    pages = read(folder)
    assert pages.loc[f"shop/{name}", "status"].startswith(status)
    assert pages.loc["shop/ok.html", "status"] == "ok"
    assert any("unreadable" in message for message in caplog.messages)


def test_a_folder_of_pages_that_all_fail_is_reported_with_counts(folder):
    write(folder, a_html=b"%PDF-1.4", b_html=b"%PDF-1.5", c_md="")
    with pytest.raises(SiteError, match=r"2 x unreadable: no text.*, 1 x no text"):
        read(folder)


def test_a_folder_that_cannot_be_opened_is_counted(folder, monkeypatch):
    write(folder, a_html=page("A", "One."), closed__b_html=page("B", "Two."))
    real = os.scandir

    def scandir(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    rows = unread_rows(folder)
    assert rows.loc["in closed: Permission denied", "may_be_pages"]


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


def test_a_folder_without_pages_names_the_texts_that_are_there_and_the_cure(folder):
    write(folder, **{f"guide{n}.adoc": "Words." for n in range(283)})
    write(folder, **{"logo.png": b"", "notes.txt": "Words."})
    message = r"none, but 283 x the ending \.adoc, 1 x the ending \.txt.* Read the built HTML"
    with pytest.raises(SiteError, match=message):
        read(folder)


def test_texts_that_are_not_read_are_warned_of_by_their_ending(folder, caplog):
    write(folder, a_html=page("A", "One."), **{"b/c.adoc": "Words.", "logo.png": b""})
    rows = unread_rows(folder)
    assert rows["n_items"].to_dict() == {"pictures, films and sounds": 1, "the ending .adoc": 1}
    assert rows.loc["the ending .adoc", "examples"] == "b/c.adoc"
    assert "1 file is not read: the ending .adoc, such as" in caplog.text
    assert "pictures" not in caplog.text


def test_html_without_an_ending_is_counted_as_text(folder):
    write(folder, a_html=page("A", "One."), about=page("B", "Two."), license="Free.")
    rows = unread_rows(folder)
    assert rows["may_be_pages"].to_dict() == {
        "HTML files without an ending": True,
        "no ending": False,
    }


def test_many_folders_that_are_left_out_share_a_row(folder):
    write(folder, a_html=page("A", "One."))
    for number in range(30):
        write_run(folder / f"run{number:02}")
    rows = unread_rows(folder)
    assert rows["n_items"].sum() == 150
    assert rows.loc["in further folders", "n_items"] == 50
    assert len(rows) == 21


def test_many_unknown_endings_share_a_row(folder):
    write(folder, a_html=page("A", "One."), **{f"b.x{number}": "" for number in range(50)})
    rows = unread_rows(folder)
    assert rows["n_items"].sum() == 50
    assert rows.loc["further endings that are not known", "n_items"] == 30


def test_packages_hidden_files_and_version_control_have_a_row_each(folder):
    write(folder, a_html=page("A", "One."))
    write(folder, **{"node_modules/x/readme.md": "Use.", "b/node_modules/y/readme.md": "Use."})
    write(folder, **{".git/HEAD": "ref", ".github/x.md": "X", ".env": "A=1"})
    rows = unread_rows(folder)
    assert rows["n_items"].to_dict() == {"hidden files": 3, "installed packages": 2}
    assert not rows["may_be_pages"].any()


def test_folders_within_one_another_without_end_are_counted(folder):
    deep = folder / "/".join(["d"] * 150)
    deep.mkdir(parents=True)
    (deep / "a.html").write_text(page("A", "One."))
    write(folder, b_html=page("B", "Two."))
    assert unread_rows(folder)["n_items"].to_dict() == {
        "more than 100 folders within one another": 1
    }


def test_a_file_that_goes_while_the_folder_is_read_is_a_row(folder, monkeypatch):
    write(folder, a_html=page("A", "One."), b_html=page("B", "Two."))
    real = type(folder).stat

    def stat(path, **options):
        if path.name == "b.html":
            path.unlink(missing_ok=True)
        return real(path, **options)

    monkeypatch.setattr(type(folder), "stat", stat)
    assert read(folder)["status"].tolist() == ["ok", "unreadable: No such file or directory"]


def test_ten_megabytes_of_one_line_are_rows_and_end_soon(folder):
    write(folder, a_md="word " * 2_000_000, b_html=page("B", "x" * 10_000_000), c_md="Words.")
    assert read(folder)["status"].tolist() == ["too large", "too large", "ok"]


@pytest.mark.parametrize("sign", ["/", "_", "-", "1-", "%", ".", "é", "(", ":"])
def test_a_slug_of_one_sign_repeated_is_read_soon(folder, sign):
    slug = sign * (50_000 // len(sign))
    write(folder, a_md=f"---\nslug: '{slug}'\n---\nWords.\n", b_md="import x from '@theme/x'\n")
    start = time.process_time()
    assert len(read(folder, "https://shop.com")) == 2
    assert time.process_time() - start < 2


def test_a_front_matter_of_html_is_no_text_of_the_page(folder):
    write(folder, a_html=f"---\nlayout: x\nslug: /b\n---\n{page('A', 'One.')}")
    pages = read(folder, "https://shop.com")
    assert pages.index.tolist() == ["shop.com/b"]
    assert "layout" not in pages.loc["shop.com/b", "text"]


def test_a_file_that_another_reader_knows_is_read_by_it(folder):
    write(folder, a_html=page("A", "One."), **{"b.pdf": b"%PDF", "c.pdf": b"x"})
    reader = object()
    files = list_files(folder, find_reader=lambda path: reader if path.name == "b.pdf" else None)
    assert files.others == [("b.pdf", reader)]
    assert files.pages == ["a.html"]


def test_front_matter_that_is_not_read_is_counted_and_its_page_is_read(folder):
    words = "Words are here for people to read.\n"
    write(
        folder,
        **{
            "broken.md": f'---\ntitle: "a: b\nx: [\n---\n{words}One.',
            "list.md": f"---\n- a\n---\n{words}Two.",
            "guess.md": f"---\ntitle: A\ndate: 03/04/2024\n---\n{words}Three.",
            "guess_too.md": f"---\ntitle: B\ndate: 05/04/2024\n---\n{words}Four.",
            "right.md": f"---\ntitle: C\ndate: 2024-04-03\n---\n{words}Five.",
        },
    )
    unread = UnreadItems()
    pages = read_folder(folder, unread=unread)
    assert [page.status for page in pages] == ["ok"] * 5
    rows = unread.table("x", str(folder)).set_index("reason")
    assert rows["n_items"].to_dict() == {
        "a date that cannot be read without a guess": 2,
        "front matter that is a list, not keys and values": 1,
        "front matter that is no YAML": 1,
    }
    assert rows["examples"].iloc[0] == (
        "guess.md (date: 03/04/2024); guess_too.md (date: 05/04/2024)"
    )
    assert set(rows["kind"]) == {"part"}
