"""A page full of payloads in a real browser: nothing runs, and nothing leaves it."""

import pytest

from coverage_kit.report.page import write_page
from tests.reliability.payloads import PAYLOADS, poison
from tests.reliability.rounds import rounds
from tests.report.conftest import make_analysis


@pytest.mark.parametrize("shift", range(0, len(PAYLOADS), rounds(40, 1)))
def test_nothing_in_a_page_of_payloads_acts(open_page, tmp_path, shift):
    path = write_page(poison(make_analysis(60), PAYLOADS, shift), tmp_path / "page.html")
    page = open_page(path)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for view in ("overview", "gaps", "edits", "visibility", "pages", "engine"):
        page.click(f"#tab-{view}")
        for plot in page.locator(".view.shown .plot").all():
            plot.scroll_into_view_if_needed()
    for text in PAYLOADS[:: rounds(9, 3)]:
        page.fill("#search", text[:80])
    acting = (
        "[...document.querySelectorAll('*')].filter((element) => "
        "['IMG', 'IFRAME', 'OBJECT', 'EMBED', 'BASE'].includes(element.tagName) || "
        "[...element.attributes].some((one) => one.name.startsWith('on') || "
        "(['href', 'src', 'xlink:href'].includes(one.name) && "
        "/^\\s*(javascript|vbscript|data:text)/i.test(one.value)))).length"
    )
    assert page.evaluate(acting) == 0, f"shift {shift}"
