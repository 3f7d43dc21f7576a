"""Whether the brand is told one way everywhere: names, facts and profiles on the own pages, and facts that answers tell."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from coverage_kit.tables import (
    DISAGREEMENTS,
    Disagreements,
    Statements,
    checked,
)

_NAMES = ("name", "alternateName", "legalName")
_SINGLE = (
    "founded",
    "numberOfEmployees",
)  # a page that tells two contradicts itself; of the rest it may list several
_FACTS = (*_SINGLE, "url", "founder", "telephone", "email", "address")
_TOLD_BY_ANSWERS = ("telephone", "email", "founded")
_OWN = ("page", "structured data")


@checked
def find_disagreements(statements: Statements) -> Disagreements:
    """Return what is told of the brand in more than one way, each way but the usual one (that of most own pages) as a row.

    - name variant: a spelling that is none of the settings' names nor a legal or alternate name of
      the site. Case and legal forms such as Ltd are no variants.
    - conflicting fact: structured data of different pages tell different sites, phones, addresses,
      founders and so on, or e-mails of different domains; values that one page lists together
      belong together, and so do addresses of which one only has more parts. A founding year counts
      in words that name the brand too. So does a phone number of structured data that no page
      shows, where its own page shows others.
    - missing or odd sameAs: a profile that some of the pages with profiles lack; one that is the
      own site, names no account, or is another account at a host whose account most pages name.
    - unsupported by the site: a phone, e-mail or founding year that an answer gives and no own page
      has.

    Args:
        statements: of `collect_statements`. Where its column `names_brand` is False, a statement
            supports, and contradicts nothing.
    """
    own = statements[statements["source"].isin(_OWN)]
    rows = [
        *_name_variants(statements, own),
        *_conflicts(own),
        *_hidden_phones(own),
        *_profiles(own),
    ]
    rows += _unsupported(statements[statements["source"] == "answer"], own)
    kept = {(row["property"], row["compared_as"]): row for row in reversed(rows)}
    order = sorted(
        kept.values(),
        key=lambda row: (
            row["kind"],
            row["property"],
            -row["n_pages"] - row["n_answers"],
            row["value"],
        ),
    )
    return DISAGREEMENTS.table(order)


def _name_variants(statements: pd.DataFrame, own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    names = statements[statements["property"] == "name"]
    chosen = names[names["source"] == "settings"]
    usual = chosen if len(chosen) else own[own["property"] == "name"]
    main = _most_told(usual)
    aliases = own[own["property"].isin(_NAMES[1:])]
    known = {
        *chosen["compared_as"],
        *aliases["compared_as"],
        *(usual["compared_as"] if usual.empty else [main["compared_as"]]),
    }
    for _, told in names[~names["compared_as"].isin(known)].groupby("compared_as"):
        yield _row(
            told,
            "name variant",
            main["value"],
            f"Write {main['value']!r}, or list it under [site] brand or alternateName.",
        )
    legal = own[own["property"] == "legalName"]
    if legal["compared_as"].nunique() > 1:
        yield from _others(
            legal,
            [{form} for form in legal["compared_as"].unique()],
            "name variant",
            "Use one legal name.",
        )


def _conflicts(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    is_base = _head(own["property"], " (").isin(_FACTS)
    is_said = (own["source"] == "structured data") | (
        (own["property"] == "founded") & _names_brand(own)
    )
    for prop, told in own[is_base & is_said].groupby("property"):
        groups = _join_forms(str(prop), told)
        if len(groups) > 1:
            cure = "Correct the one that is wrong; where both hold, list both on the same page's structured data."
            yield from _others(told, groups, "conflicting fact", cure)


def _join_forms(prop: str, told: pd.DataFrame) -> list[set[str]]:
    """Return the forms in groups of those that do not contradict each other."""
    places = (
        [] if prop in _SINGLE else [set(forms) for _, forms in told.groupby("place")["compared_as"]]
    )
    forms = list(told["compared_as"].unique())
    if prop == "email":
        places += [
            {form for form in forms if form.rpartition("@")[2] == one.rpartition("@")[2]}
            for one in forms
        ]
    if prop.startswith("address"):
        places += [
            {form for form in forms if set(form.split()) <= set(one.split())} for one in forms
        ]
    return _connect([*places, *({form} for form in forms)])


def _connect(sets: Iterable[set[str]]) -> list[set[str]]:
    groups: list[set[str]] = []
    for one in sets:
        joined = set(one).union(*(group for group in groups if group & one))
        groups = [group for group in groups if not group & one] + [joined]
    return groups


def _hidden_phones(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    phones = own[own["property"].str.startswith("telephone")]
    shown, declared = (phones[phones["source"] == source] for source in _OWN)
    hidden = declared[
        ~declared["compared_as"].isin(shown["compared_as"]) & declared["place"].isin(shown["place"])
    ]
    for _, told in hidden.groupby("compared_as"):
        beside = _most_told(shown[shown["place"].isin(told["place"])])["value"]
        cure = "The page shows another number than its structured data: correct one, or show both."
        yield _row(told, "conflicting fact", beside, cure)


def _profiles(own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    told = own[own["property"] == "sameAs"].assign(
        host=lambda table: _head(table["compared_as"], "/")
    )
    sites = set(own.loc[own["property"] == "url", "compared_as"]) | set(_head(own["place"], "/"))
    usual = (
        told.groupby(["host", "compared_as"])["place"]
        .nunique()
        .sort_values()
        .groupby(level="host")
        .tail(1)
    )
    best = dict(usual.index)
    n_pages = told["place"].nunique()
    for form, same in told.groupby("compared_as"):
        host = same["host"].iloc[0]
        rival = told[told["compared_as"] == best[host]]
        is_alone = set(rival["place"]).isdisjoint(same["place"])
        if host in sites or host == form:
            yield _row(
                same,
                _PROFILE,
                "a profile elsewhere",
                "sameAs names profiles at other sites: name the account's page, or none.",
            )
        elif is_alone and best[host] != form:
            yield _row(
                same,
                _PROFILE,
                _most_told(rival)["value"],
                "Most pages name another account there: keep the right one.",
            )
        elif same["place"].nunique() < n_pages:
            cure = f"Of {n_pages} pages with profiles, {n_pages - same['place'].nunique()} lack it: list the same ones on all."
            yield _row(same, _PROFILE, "not listed", cure)


_PROFILE = "missing or odd sameAs"


def _unsupported(answers: pd.DataFrame, own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    base = _head(own["property"], " (")
    for prop in _TOLD_BY_ANSWERS:
        stated = own[base == prop]
        told = answers[
            (answers["property"] == prop) & ~answers["compared_as"].isin(stated["compared_as"])
        ]
        other = _most_told(stated)["value"] if len(stated) else "nothing"
        for _, same in told.groupby("compared_as"):
            cure = f"Answers tell it, the site does not (it says {other}): state the right one where engines read it."
            yield _row(same, "unsupported by the site", other, cure)


def _others(
    told: pd.DataFrame, groups: list[set[str]], kind: str, cure: str
) -> Iterator[dict[str, Any]]:
    """Yield a row for each form outside the group that most pages tell."""
    by_pages = [told[told["compared_as"].isin(group)] for group in groups]
    main = max(by_pages, key=lambda same: same["place"].nunique())
    for _, same in told[~told["compared_as"].isin(main["compared_as"])].groupby("compared_as"):
        yield _row(same, kind, _most_told(main)["value"], cure)


def _row(told: pd.DataFrame, kind: str, other: str, cure: str) -> dict[str, Any]:
    """Return the row of statements that tell one property in one form."""
    most = _most_told(told)
    is_own = told["source"].isin(_OWN)
    return {
        **{
            "property": most["property"],
            "compared_as": most["compared_as"],
            "value": most["value"],
            "kind": kind,
        },
        **{"n_pages": told.loc[is_own, "place"].nunique()},
        **{"n_answers": told.loc[told["source"] == "answer", "place"].nunique()},
        **{"example": most["place"], "other_value": other, "what_to_do": cure},
    }


def _most_told(told: pd.DataFrame) -> dict[str, str]:
    """Return the first of the statements that tell it as most do; empty texts where there are none."""
    if told.empty:
        return dict.fromkeys(("property", "compared_as", "value", "place"), "")
    counts = told.groupby(["compared_as", "value"])["place"].transform("nunique")
    return {str(key): str(value) for key, value in told[counts == counts.max()].iloc[0].items()}


def _head(texts: "pd.Series[str]", sign: str) -> "pd.Series[str]":
    """Return each text up to the sign."""
    return texts.map(lambda text: text.partition(sign)[0])


def _names_brand(table: pd.DataFrame) -> "pd.Series[bool]":
    return (
        table["names_brand"].astype(bool)
        if "names_brand" in table
        else pd.Series(True, index=table.index)
    )
