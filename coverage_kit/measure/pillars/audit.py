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

CHECKS: tuple[Check, ...] = (
    *relevance.CHECKS,
    *authority.CHECKS,
    *clarity.CHECKS,
    *self_contained.CHECKS,
    *freshness.CHECKS,
    *quality.CHECKS,
)
MOST_FINDINGS = 5  # of one check on one page; the audit's n_failed tells how many there are


@checked
def audit_pages(site: SiteTables) -> tuple[Audits, Findings]:
    """Return the outcome of each check on each own page, and the places that failed, by page and in the checks' order.

    An outcome is 'passed', 'failed', 'not applicable' (there is nothing on the page for the check
    to look at) or 'not told' (the page is in a language that the check cannot read, its source is
    not stored, or there is no log to tell it from). Checks of the whole site stand at the page
    nearest to the site's root, whether it has text or not; else of a page without text only
    scripted text is told.

    Args:
        site: the own site's tables, and those of a log where there is one.
    """
    view = view_site(site)
    bar = tqdm(
        view.pages,
        desc="auditing",
        unit=" pages",
        file=sys.stderr,
        leave=False,
        disable=None,
    )
    looked = [
        (page, check, _look(page, check, view)) for page in bar for check in _checks_of(page, view)
    ]
    rows = [_audit(page, check, outcome) for page, check, outcome in looked]
    findings = [row for page, check, outcome in looked for row in _findings(page, check, outcome)]
    return AUDITS.table(rows), FINDINGS.table(findings)


def _checks_of(page: PageView, site: SiteView) -> Iterable[Check]:
    return (check for check in CHECKS if not check.is_of_site or page.page_id == site.home)


def _look(page: PageView, check: Check, site: SiteView) -> Outcome:
    if page.status != "ok" and not check.is_of_site and check.name != "scripted_text":
        return NotAssessed("the page has no text")
    if check.languages and not check.is_of_site and page.read_as not in check.languages:
        return NotAssessed("the page is in another language than the check reads")
    return check.look(page, site)


def _audit(page: PageView, check: Check, outcome: Outcome) -> dict[str, Any]:
    told = {
        "page_id": page.page_id,
        "pillar": check.pillar,
        "check": check.name,
    }
    if not isinstance(outcome, Checked):
        return {
            **told,
            "outcome": "not applicable" if outcome is None else "not told",
            "n_examined": 0,
            "n_failed": 0,
        }
    n_failed = len(outcome.faults)
    return {
        **told,
        "outcome": "failed" if n_failed else "passed",
        "n_examined": outcome.n_examined,
        "n_failed": n_failed,
    }


def _findings(page: PageView, check: Check, outcome: Outcome) -> list[dict[str, Any]]:
    faults = outcome.faults[:MOST_FINDINGS] if isinstance(outcome, Checked) else ()
    return [_finding(page, check, number, fault) for number, fault in enumerate(faults)]


def _finding(page: PageView, check: Check, number: int, fault: Fault) -> dict[str, Any]:
    told = {name: value for name, value in fault._asdict().items() if name != "is_of_heading"}
    return {
        **{
            "finding_id": f"{page.page_id}!{check.name}!{number}",
            "page_id": page.page_id,
            "pillar": check.pillar,
        },
        **{"check": check.name, "operation": _operation(page, fault)},
        **told,
    }


def _operation(page: PageView, fault: Fault) -> str:
    """Return how a fault's `after` can take the place of its `before`: in a heading, in a passage's words, or by hand alone."""
    if fault.before is None or fault.after is None:
        return "by_hand"
    if fault.is_of_heading:
        return "reword_heading"
    return "rewrite" if fault.before in page.words_of(fault.passage_id) else "by_hand"
