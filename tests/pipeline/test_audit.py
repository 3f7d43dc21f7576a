"""The audit within a run: costs of findings, edits for closable gaps, runs with little input."""

import pytest

from coverage_kit.pipeline.analyze import analyze
from coverage_kit.rank.repairs import price_finding
from coverage_kit.settings import RankSettings, make_settings
from tests.encoder import WordEncoder
from tests.world import write_small


def test_every_finding_of_the_sample_has_a_cost_and_a_known_check(sample_analysis):
    findings = sample_analysis.findings
    assert len(findings) > 20
    costs = RankSettings()
    assert list(findings["cost_minutes"]) == pytest.approx(
        [price_finding(row, costs) for row in findings.to_dict("records")]
    )
    assert set(findings["check"]) <= set(sample_analysis.checks["check"])
    assert set(sample_analysis.audits["page_id"]) == set(
        sample_analysis.pages.loc[sample_analysis.pages["site"] == "larkmoor.example", "page_id"]
    )


def test_repairs_are_edits_of_closable_gaps_with_a_change_to_make(sample_analysis):
    edits = sample_analysis.edits
    site_edits = edits[edits["operation"].isin(["repair", "state_fact"])]
    closable = set(
        sample_analysis.gaps.loc[sample_analysis.gaps["is_closable"].astype(bool), "cluster_id"]
    )
    assert set(site_edits["cluster_id"]) <= closable
    assert set(site_edits["edit_id"]) <= set(sample_analysis.changes["edit_id"])
    repairs = site_edits[site_edits["operation"] == "repair"]
    # The coverage model reads headings. What other repairs mend it does not read, so they gain
    # nothing by themselves.
    changes = sample_analysis.changes
    rewords = changes.loc[changes["action"] == "replace_heading", "edit_id"]
    assert (repairs.loc[~repairs["edit_id"].isin(rewords), "gain"] <= 1.0).all()


def test_a_run_without_brand_answers_or_times_is_audited_too(tmp_path):
    options = write_small(
        tmp_path, queries=("how do I bleed a brake", "bleed a brake lever"), pages=3
    )
    settings = make_settings(
        {
            "site": {"source": options["--site"]},
            "log": {"files": [options["--log"]]},
            "cache": str(tmp_path / "cache"),
        }
    )
    analysis = analyze(settings, WordEncoder())
    assert analysis.brand_claims.empty
    assert analysis.claim_rates.empty
    assert set(analysis.audits["pillar"]) == {"relevance", "authority", "clarity", "freshness"}
    assert analysis.checks["difference"].isna().all()


def test_competitors_are_no_third_parties(sample_analysis):
    """The check of third parties knows all sites that were read, not only your site."""
    audited = sample_analysis.audits[sample_analysis.audits["check"] == "third_parties"]
    assert list(audited["outcome"]) == ["passed"]
    cited = sample_analysis.citations[sample_analysis.citations["kind"] == "cited"]
    third_parties = cited[
        ~cited["site"].isin(["larkmoor.example", "haulwright.example", "pedalhaven.example"])
    ]
    assert len(third_parties) > 0


def test_repairs_that_gain_have_a_marginal_gain_in_the_ranking(sample_analysis):
    edits = sample_analysis.edits
    site_edits = edits[edits["operation"].isin(["repair", "state_fact"])]
    gaining = site_edits[site_edits["gain"] > 0.01]
    assert (gaining["marginal_gain"] > 0).all()
