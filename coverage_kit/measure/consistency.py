"""Whether the brand is described in one way everywhere.

These are names, facts and profiles on the site's pages, and facts that answers give.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from coverage_kit.tables import (
    DISAGREEMENTS,
    Disagreements,
    Statements,
    checked,
)

# Properties that are names.
_NAMES = ("name", "alternateName", "legalName")
# Facts with a single value: a page with two contradicts itself. Of other facts it may list several.
_SINGLE = ("founded", "numberOfEmployees")
# Facts that are compared.
_FACTS = (*_SINGLE, "url", "founder", "telephone", "email", "address")
# Facts of answers that are looked for on the site.
_ANSWER_FACTS = ("telephone", "email", "founded")
# Sources of statements that are on the site.
_OWN = ("page", "structured data")
# The kind of every disagreement on profiles.
_PROFILE = "missing or odd sameAs"


@checked
def find_disagreements(statements: Statements) -> Disagreements:
    """Return what is stated about the brand in more than one way.

    Each way except the usual one (that of most pages of the site) is a row:

    - name variant: a spelling that is none of the settings' names, nor a legal or alternate name of
      the site. Case and legal forms such as Ltd are no variants.
    - conflicting fact: structured data of different pages give different sites, phones, addresses,
      founders and so on, or e-mails of different domains. Values that one page lists together
      belong together, and so do addresses if one just has more parts. A founding year also counts
      in words that name the brand. A phone number of structured data that no page shows counts
      where its own page shows others.
    - missing or odd sameAs: a profile that some of the pages with profiles lack; or one that is the
      site itself, names no account, or is another account at a host whose account most pages name.
    - unsupported by the site: a phone, e-mail or founding year that an answer gives and no page of
      the site has.

    Args:
        statements: of `collect_statements`. Where its column `names_brand` is False, a statement
            supports others, but contradicts nothing.
    """
    own = statements[statements["source"].isin(_OWN)]
    rows = [
        *_name_variants(statements, own),
        *_conflicts(own),
        *_hidden_phones(own),
        *_profiles(own),
    ]
    rows += _unsupported(statements[statements["source"] == "answer"], own)
    # Of two rows on one form the first counts.
    by_form = {(row["property"], row["compared_as"]): row for row in reversed(rows)}
    ordered = sorted(
        by_form.values(),
        key=lambda row: (
            row["kind"],
            row["property"],
            -row["n_pages"] - row["n_answers"],
            row["value"],
        ),
    )
    return DISAGREEMENTS.table(ordered)


def _name_variants(statements: pd.DataFrame, own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    names = statements[statements["property"] == "name"]
    chosen = names[names["source"] == "settings"]
    usual = chosen if len(chosen) else own[own["property"] == "name"]
    main = _most_common(usual)
    aliases = own[own["property"].isin(_NAMES[1:])]
    accepted = {
        *chosen["compared_as"],
        *aliases["compared_as"],
        *(usual["compared_as"] if usual.empty else [main["compared_as"]]),
    }
    for _, variants in names[~names["compared_as"].isin(accepted)].groupby("compared_as"):
        yield _row(
            variants,
            "name variant",
            main["value"],
            f"Write {main['value']!r}, or list it under [site] brand or alternateName.",
        )
    legal = own[own["property"] == "legalName"]
    if legal["compared_as"].nunique() > 1:
        yield from _other_forms(
            legal,
            [{form} for form in legal["compared_as"].unique()],
            "name variant",
            "Use one legal name.",
        )


def _conflicts(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    is_base = _head(own["property"], " (").isin(_FACTS)
    is_counted = (own["source"] == "structured data") | (
        (own["property"] == "founded") & _names_brand(own)
    )
    for prop, statements in own[is_base & is_counted].groupby("property"):
        groups = _join_forms(str(prop), statements)
        if len(groups) > 1:
            cure = (
                "Correct the one that is wrong; where both hold, list both on the same page's "
                "structured data."
            )
            yield from _other_forms(statements, groups, "conflicting fact", cure)


def _join_forms(prop: str, statements: pd.DataFrame) -> list[set[str]]:
    """Return the forms in groups of those that do not contradict each other."""
    groups: list[set[str]] = []
    if prop not in _SINGLE:
        groups = [set(forms) for _, forms in statements.groupby("place")["compared_as"]]
    forms = list(statements["compared_as"].unique())
    if prop == "email":
        groups += [
            {other for other in forms if other.rpartition("@")[2] == form.rpartition("@")[2]}
            for form in forms
        ]
    if prop.startswith("address"):
        groups += [
            {other for other in forms if set(other.split()) <= set(form.split())} for form in forms
        ]
    return _connect([*groups, *({form} for form in forms)])


def _connect(sets: Iterable[set[str]]) -> list[set[str]]:
    groups: list[set[str]] = []
    for members in sets:
        joined = set(members).union(*(group for group in groups if group & members))
        groups = [group for group in groups if not group & members] + [joined]
    return groups


def _hidden_phones(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    phones = own[own["property"].str.startswith("telephone")]
    visible, declared = (phones[phones["source"] == source] for source in _OWN)
    hidden = declared[
        ~declared["compared_as"].isin(visible["compared_as"])
        & declared["place"].isin(visible["place"])
    ]
    for _, statements in hidden.groupby("compared_as"):
        shown_value = _most_common(visible[visible["place"].isin(statements["place"])])["value"]
        cure = "The page shows another number than its structured data: correct one, or show both."
        yield _row(statements, "conflicting fact", shown_value, cure)


def _profiles(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    profiles = own[own["property"] == "sameAs"].assign(
        host=lambda table: _head(table["compared_as"], "/")
    )
    sites = set(own.loc[own["property"] == "url", "compared_as"]) | set(_head(own["place"], "/"))
    usual = (
        profiles.groupby(["host", "compared_as"])["place"]
        .nunique()
        .sort_values()
        .groupby(level="host")
        .tail(1)
    )
    # For each host, the account that most pages name.
    best = dict(usual.index)
    n_pages = profiles["place"].nunique()
    for form, statements in profiles.groupby("compared_as"):
        host = statements["host"].iloc[0]
        usual_statements = profiles[profiles["compared_as"] == best[host]]
        is_other_account = set(usual_statements["place"]).isdisjoint(statements["place"])
        if host in sites or host == form:
            yield _row(
                statements,
                _PROFILE,
                "a profile elsewhere",
                "sameAs names profiles at other sites: name the account's page, or none.",
            )
        elif is_other_account and best[host] != form:
            yield _row(
                statements,
                _PROFILE,
                _most_common(usual_statements)["value"],
                "Most pages name another account there: keep the right one.",
            )
        elif statements["place"].nunique() < n_pages:
            cure = (
                f"Of {n_pages} pages with profiles, {n_pages - statements['place'].nunique()} "
                "lack it: list the same ones on all."
            )
            yield _row(statements, _PROFILE, "not listed", cure)


def _unsupported(answers: pd.DataFrame, own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    base = _head(own["property"], " (")
    for prop in _ANSWER_FACTS:
        stated = own[base == prop]
        unsupported = answers[
            (answers["property"] == prop) & ~answers["compared_as"].isin(stated["compared_as"])
        ]
        other = _most_common(stated)["value"] if len(stated) else "nothing"
        for _, form_statements in unsupported.groupby("compared_as"):
            cure = (
                f"Answers say it, the site does not (it says {other}): state the right one "
                "where engines read it."
            )
            yield _row(form_statements, "unsupported by the site", other, cure)


def _other_forms(
    statements: pd.DataFrame, groups: list[set[str]], kind: str, cure: str
) -> Iterator[dict[str, Any]]:
    """Yield a row for each form outside the group that most pages use."""
    tables = [statements[statements["compared_as"].isin(group)] for group in groups]
    main = max(tables, key=lambda form_statements: form_statements["place"].nunique())
    for _, form_statements in statements[
        ~statements["compared_as"].isin(main["compared_as"])
    ].groupby("compared_as"):
        yield _row(form_statements, kind, _most_common(main)["value"], cure)


def _row(statements: pd.DataFrame, kind: str, other: str, cure: str) -> dict[str, Any]:
    """Return the row of statements that give one property in one form."""
    example = _most_common(statements)
    is_own = statements["source"].isin(_OWN)
    is_answer = statements["source"] == "answer"
    return {
        "property": example["property"],
        "compared_as": example["compared_as"],
        "value": example["value"],
        "kind": kind,
        "n_pages": statements.loc[is_own, "place"].nunique(),
        "n_answers": statements.loc[is_answer, "place"].nunique(),
        "example": example["place"],
        "other_value": other,
        "what_to_do": cure,
    }


def _most_common(statements: pd.DataFrame) -> dict[str, str]:
    """Return the first statement in the most common form; empty texts where there is none."""
    if statements.empty:
        return dict.fromkeys(("property", "compared_as", "value", "place"), "")
    counts = statements.groupby(["compared_as", "value"])["place"].transform("nunique")
    return {
        str(key): str(value) for key, value in statements[counts == counts.max()].iloc[0].items()
    }


def _head(texts: "pd.Series[str]", sign: str) -> "pd.Series[str]":
    """Return each text up to the sign."""
    return texts.map(lambda text: text.partition(sign)[0])


def _names_brand(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each statement names the brand; without the column all do."""
    if "names_brand" in table:
        return table["names_brand"].astype(bool)
    return pd.Series(True, index=table.index)
