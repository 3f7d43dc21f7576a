"""Pictures of figures, drawn by a real browser."""

import builtins
import os
import shutil
import struct
from dataclasses import replace

import lxml.etree
import pytest

from coverage_kit.errors import PictureError
from coverage_kit.report.figures import FIGURES
from coverage_kit.report.pictures import save_pictures

needs_browser = pytest.mark.skipif(
    shutil.which("chromium") is None and not os.environ.get("CI"),
    reason="no chromium: make browser installs it",
)


@needs_browser
def test_a_picture_has_its_title_its_width_and_the_same_bytes_again(analysis, tmp_path):
    pictures = save_pictures(analysis, tmp_path / "a", names=("gaps", "checks"))
    assert [path.name for path in pictures.files] == [
        "gaps.png",
        "gaps.svg",
        "checks.png",
        "checks.svg",
    ]
    for name in ("gaps", "checks"):
        png, svg = ((tmp_path / "a" / f"{name}.{kind}").read_bytes() for kind in ("png", "svg"))
        height = FIGURES[name](analysis).layout.height
        assert struct.unpack(">II", png[16:24]) == (2200, 2 * height)
        text = "".join(lxml.etree.fromstring(svg).itertext())
        title = FIGURES[name](analysis).layout.title.text.replace("<br>", "")
        assert title in text
        assert b"fill: rgb(255, 255, 255); fill-opacity: 1" in svg, "white ground"
    save_pictures(analysis, tmp_path / "b", names=("checks", "gaps"))
    for path in pictures.files:
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@needs_browser
def test_hostile_labels_do_not_become_elements(analysis, tmp_path):
    hostile = analysis.gaps.assign(
        label="<a href='https://evil.example'>x</a><script>alert(1)</script>"
    )
    save_pictures(replace(analysis, gaps=hostile), tmp_path, ("svg",), ("gaps",))
    tree = lxml.etree.fromstring((tmp_path / "gaps.svg").read_bytes())
    assert {lxml.etree.QName(element).localname for element in tree.iter()}.isdisjoint(
        {"a", "script", "foreignObject", "image"}
    )
    assert "href='https://evil.example'>" in "".join(tree.itertext())
    values = [value for element in tree.iter() for value in element.attrib.values()]
    assert [value for value in values if "://" in value] == [], "nothing to fetch"


def test_a_figure_that_has_nothing_to_show_is_left_out_and_reported(empty, tmp_path):
    pictures = save_pictures(empty, tmp_path / "none")
    assert pictures.files == ()
    assert set(pictures.left_out) == set(FIGURES)
    assert pictures.left_out["gaps"] == "There is no gap to draw."
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"formats": ("gif",)}, "png, svg"), ({"names": ("pie",)}, "pie. Use one of gaps, map")],
)
def test_an_unknown_format_or_figure_is_an_error(analysis, tmp_path, options, message):
    with pytest.raises(PictureError, match=message):
        save_pictures(analysis, tmp_path, **options)


def test_a_missing_browser_is_an_error_that_says_how_to_install_it(analysis, tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(
        PictureError, match=r"nowhere. Install one \(Debian: apt install chromium\)"
    ):
        save_pictures(analysis, tmp_path, ("svg",), ("gaps",))
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_no_browser_is_an_error(analysis, tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", shutil.which("true"))
    with pytest.raises(PictureError, match="a browser that draws"):
        save_pictures(analysis, tmp_path, ("svg",), ("gaps",))


def test_a_missing_library_is_an_error_with_its_install_line(analysis, tmp_path, monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "kaleido":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(PictureError, match=r"pip install 'coverage_kit\[pictures\]'"):
        save_pictures(analysis, tmp_path, ("svg",), ("gaps",))
