"""The audit of a site's pages: every check on every page, and the places that failed."""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm

from coverage_kit.measure.pillars import (
    authority,
    clarity,
    freshness,
    quality,
    relevance,
    self_contained,
)
from coverage_kit.measure.pillars.check import (
    Check,
    Checked,
    Fault,
    NotAssessed,
    Outcome,
)
from coverage_kit.measure.pillars.site import (
    PageView,
    SiteTables,
    SiteView,
    view_site,
)
from coverage_kit.tables import AUDITS, FINDINGS, Audits, Findings, checked

# In the order of the pillars, in which the findings of a page are listed.
CHECKS: tuple[Check, ...] = (
    *relevance.CHECKS,
    *authority.CHECKS,
    *clarity.CHECKS,
    *self_contained.CHECKS,
    *freshness.CHECKS,
    *quality.CHECKS,
)
# Findings of one check on one page; n_failed in the audit counts all of them (assumed: more would
# repeat themselves on the page).
MAX_FINDINGS = 5


@checked
def audit_pages(site: SiteTables) -> tuple[Audits, Findings]:
    """Return the outcome of each check on each page of the site, and the places that failed.

    Findings are ordered by page, then by check. An outcome is 'passed', 'failed', 'not applicable'
    (there is nothing on the page that the check examines) or 'not assessed' (the page is in a
    language that the check cannot read, its source is not stored, or there is no log). Checks of
    the whole site are listed under the page nearest to its root, whether it has text or not. On
    other pages without text only scripted text is assessed.

    Args:
        site: the site's tables, and those of a log if there is one.
    """
    view = view_site(site)
    pages = tqdm(
        view.pages,
        desc="auditing",
        unit=" pages",
        file=sys.stderr,
        leave=False,
        disable=None,
    )
    outcomes = [
        (page, check, _assess(page, check, view))
        for page in pages
        for check in _checks_of(page, view)
    ]
    rows = [_audit(page, check, outcome) for page, check, outcome in outcomes]
    findings = [row for page, check, outcome in outcomes for row in _findings(page, check, outcome)]
    return AUDITS.table(rows), FINDINGS.table(findings)


def _checks_of(page: PageView, site: SiteView) -> Iterable[Check]:
    return (check for check in CHECKS if not check.is_of_site or page.page_id == site.home)


def _assess(page: PageView, check: Check, site: SiteView) -> Outcome:
    if page.status != "ok" and not check.is_of_site and check.name != "scripted_text":
        return NotAssessed("the page has no text")
    if check.languages and not check.is_of_site and page.read_as not in check.languages:
        return NotAssessed("the page is in another language than the check reads")
    return check.look(page, site)


def _audit(page: PageView, check: Check, outcome: Outcome) -> dict[str, Any]:
    row = {
        "page_id": page.page_id,
        "pillar": check.pillar,
        "check": check.name,
    }
    if not isinstance(outcome, Checked):
        return {
            **row,
            "outcome": "not applicable" if outcome is None else "not assessed",
            "n_examined": 0,
            "n_failed": 0,
        }
    n_failed = len(outcome.faults)
    return {
        **row,
        "outcome": "failed" if n_failed else "passed",
        "n_examined": outcome.n_examined,
        "n_failed": n_failed,
    }


def _findings(page: PageView, check: Check, outcome: Outcome) -> list[dict[str, Any]]:
    faults = outcome.faults[:MAX_FINDINGS] if isinstance(outcome, Checked) else ()
    return [_finding(page, check, number, fault) for number, fault in enumerate(faults)]


def _finding(page: PageView, check: Check, number: int, fault: Fault) -> dict[str, Any]:
    columns = {name: value for name, value in fault._asdict().items() if name != "is_of_heading"}
    return {
        "finding_id": f"{page.page_id}!{check.name}!{number}",
        "page_id": page.page_id,
        "pillar": check.pillar,
        "check": check.name,
        "operation": _operation(page, fault),
        **columns,
    }


def _operation(page: PageView, fault: Fault) -> str:
    """Return how a fault's `after` can replace its `before`.

    It is 'reword_heading' in a heading, 'rewrite' in a passage's words, and 'by_hand' otherwise.
    """
    if fault.before is None or fault.after is None:
        return "by_hand"
    if fault.is_of_heading:
        return "reword_heading"
    return "rewrite" if fault.before in page.words_of(fault.passage_id) else "by_hand"
