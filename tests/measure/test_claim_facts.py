"""Facts of claims, on two invented sites: an invoicing service and a campsite."""

import pytest

from coverage_kit.measure.brand_claims import PlainClaimJudge
from coverage_kit.measure.claim_facts import SiteFacts, find_facts
from coverage_kit.vocabulary import WRONG_VERDICTS


def passages(text):
    """Return the passages of a text, which empty lines separate."""
    return [" ".join(passage.split()) for passage in text.split("\n\n")]


# Claims are right, wrong, wrong without a figure or name that could be looked up ("no fact"), or
# nothing that a site could state ("opinion").
INVOICING = passages("""
Quillmere invoicing > Prices. The Solo plan costs £9 a month and the Studio plan £24 a month.
Paying by the year saves two months. There is no set-up fee.

Quillmere invoicing > Prices > Trial. You can try every plan for 30 days without a card. After
that the account becomes read-only.

Quillmere invoicing > Limits. Solo sends up to 50 invoices a month. Studio has no limit and allows
five users. Each further user is £4 a month.

Quillmere invoicing > Payments. Customers pay by card or bank transfer. Card fees are 1.4% plus
20p. Money arrives within three working days.

Quillmere invoicing > Connections. Quillmere exports to Xero, Sage and FreeAgent. A connection to
HMRC for VAT returns is included in Studio.

Quillmere invoicing > Support. We answer e-mails from 8 am to 6 pm on weekdays. The average answer
took 3 hours in 2025. There is no telephone line.

Quillmere invoicing > About us. Quillmere was founded in Hexham in 2016 by Ana Prowse. We are 14
people, and 11,000 businesses use the service.

Quillmere invoicing > Security. Data is kept in Dublin and backed up every hour. Backups are
deleted after 90 days.
""")
INVOICING_CLAIMS = [
    ("Quillmere's Solo plan is £9 a month.", "right"),
    ("Quillmere lets you try any plan for 30 days without a card.", "right"),
    ("Quillmere was founded in Hexham in 2016.", "right"),
    ("With Quillmere, card payments cost 1.4% plus 20p each.", "right"),
    ("Quillmere exports to Xero and Sage.", "right"),
    ("About 11,000 businesses use Quillmere, a firm of 14 people.", "right"),
    ("Quillmere's backups are kept for 90 days, roughly three months.", "right"),
    (
        "On the Studio plan of Quillmere five people can work for £24, which is £4.80 a head.",
        "right",
    ),
    ("Quillmere's Studio plan costs £29 a month.", "wrong"),
    ("Quillmere was founded in 2012.", "wrong"),
    ("Quillmere's trial lasts 14 days and needs no card.", "wrong"),
    ("Quillmere deletes backups after 30 days.", "wrong"),
    ("Quillmere's Solo plan sends up to 20 invoices a month.", "wrong"),
    ("Quillmere raised $12 million from Harbour Ventures in 2024.", "wrong"),
    ("Quillmere has an office in Lisbon.", "wrong"),
    ("Quillmere won Fintech Startup of the Year at the Tyne Awards.", "wrong"),
    ("Quillmere also integrates with QuickBooks and Salesforce.", "wrong"),
    ("Quillmere answers the phone at weekends.", "no fact"),
    ("Quillmere is easy to use and looks good on a phone.", "opinion"),
    ("Quillmere suits freelancers who send few invoices.", "opinion"),
    ("Quillmere is cheaper by £6 than most rivals.", "opinion"),
    ("For your 40 customers Quillmere would do nicely.", "opinion"),
    ("Quillmere has no office in Scotland.", "opinion"),
    ("Quillmere keeps reminders polite; in Germany dunning fees of €40 are usual.", "opinion"),
]
CAMPSITE = passages("""
Camping Holmwath > Pitches. We have 62 pitches, 18 of them for motorhomes. Each has a 10 amp hook-
up. Pitches are 9 m by 12 m.

Camping Holmwath > Prices 2026. A pitch with two adults costs £31 a night in July and August and
£22 at other times. Children under 5 stay free. A dog costs £3.

Camping Holmwath > Opening. We open on 27 March and close on 1 November. Reception is open from 9
am to 7 pm. Arrivals are after 2 pm.

Camping Holmwath > How to get here. The site is 4 km from Ulverston station. The bus to Coniston
stops at the gate every hour. There is no need for a car.

Camping Holmwath > Cancelling. Cancel up to 14 days before arrival and we refund all but £10.
Later there is no refund.

Camping Holmwath > Washing and cooking. Showers are free and hot. There is one washing machine, £4
a load, and a kitchen with three hobs.

Camping Holmwath > The farm shop. Milk from the Tyson family, bread from Grange, and eggs. It is
open daily from 8 am.
""")
CAMPSITE_CLAIMS = [
    ("Camping Holmwath has 62 pitches with a 10 amp hook-up.", "right"),
    ("At Camping Holmwath a pitch is £31 a night in August, or about £15 a person.", "right"),
    ("Camping Holmwath refunds all but £10 if you cancel two weeks before you come.", "right"),
    ("It's about 2.5 miles from Camping Holmwath to Ulverston station.", "right"),
    ("Camping Holmwath sells bread from Grange.", "right"),
    ("Camping Holmwath charges £3 for a dog.", "right"),
    ("Camping Holmwath charges £5 for a dog.", "wrong"),
    ("Camping Holmwath has 80 pitches.", "wrong"),
    ("Camping Holmwath opens on 27 March and closes in mid December.", "no fact"),
    ("Camping Holmwath rents out six wooden pods with underfloor heating.", "wrong"),
    ("Camping Holmwath was named Campsite of the Year by Cool Camping.", "wrong"),
    ("Camping Holmwath has a heated swimming pool.", "no fact"),
    ("You can hire kayaks from Camping Holmwath for £18 an hour.", "wrong"),
    ("Camping Holmwath belongs to the Greenfield Parks group.", "wrong"),
    ("Camping Holmwath is lovely in spring.", "opinion"),
    ("Camping Holmwath, unlike sites in Keswick, feels quiet.", "opinion"),
    ("Camping Holmwath doesn't take bookings through Pitchup.", "opinion"),
    ("A week at Camping Holmwath for your family of 6 would be fine.", "opinion"),
]


def wordings(claim, *names):
    return [fact.wording for fact in find_facts(claim, names or ("Quillmere",))]


def reason_of(claim, site=INVOICING):
    return PlainClaimJudge(["Quillmere"], site).compare(claim, site).reason


@pytest.mark.parametrize(
    ("claim", "truth", "names", "site"),
    [
        *((*row, ["Quillmere"], INVOICING) for row in INVOICING_CLAIMS),
        *((*row, ["Camping Holmwath", "Holmwath"], CAMPSITE) for row in CAMPSITE_CLAIMS),
    ],
)
def test_wrong_claims_are_flagged_and_no_other(claim, truth, names, site):
    support = PlainClaimJudge(names, site).compare(claim, site)
    assert (support.verdict in WRONG_VERDICTS) == (truth == "wrong"), support
    if truth in ("no fact", "opinion"):
        assert support.verdict == "not assessed"


def test_a_fact_far_from_the_nearest_passages_is_on_the_site_all_the_same():
    claim = "Quillmere has 14 people in Hexham."
    judge = PlainClaimJudge(["Quillmere"], INVOICING)
    assert judge.compare(claim, INVOICING[:2]).verdict == "not assessed"
    near = PlainClaimJudge(["Quillmere"], INVOICING[:2]).compare(claim, INVOICING[:2])
    assert near.verdict == "unsupported"


def test_one_fact_of_several_that_the_site_lacks_is_not_enough():
    claim = "Quillmere of Hexham, founded in 2016 by Ana Prowse, once had 77 people."
    judge = PlainClaimJudge(["Quillmere"], INVOICING)
    assert judge.compare(claim, INVOICING).verdict == "not assessed"


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("Quillmere won the Northern Design Prize.", "the Northern Design Prize"),
        ("Quillmere has sold 40,000 of them.", "“sold 40,000 of them”"),
        ("Quillmere rents out six wooden pods.", "six wooden pods"),
        ("Quillmere fits 2.7-inch belted tyres.", "“2.7-inch belted tyres”"),
        ("Quillmere moves to Glasgow in 2027.", "Glasgow or 2027"),
        ("Quillmere has shops in Bath, Leeds, Derby and Truro.", "Bath, Leeds or Derby"),
    ],
)
def test_the_reason_says_in_words_what_the_site_lacks(claim, reason):
    assert reason_of(claim) == f"Your site does not mention {reason}."


def test_a_contradiction_speaks_of_your_site():
    assert reason_of("Quillmere was founded in 2012.") == "The claim says 2012, your site 2016."


@pytest.mark.parametrize(
    ("claim", "facts"),
    [
        ("Quillmere is lighter by 7 kg on one and 6 kg on another.", []),
        ("Quillmere is 7 kg lighter.", []),
        ("Quillmere sends two invoices.", []),
        ("Quillmere has no office in Leeds, and 9 people.", ["9 people"]),
        ("Quillmere suits your team of 8 people.", []),
        ("Quillmere keeps data for 90 days, roughly three months.", ["90 days"]),
        ("Some take 7%; Quillmere takes 5%, which is £9 of £180.", ["5%"]),
        ("Quillmere takes 5% against 9% elsewhere.", ["5%"]),
        ("Quillmere is open on Friday and in May.", []),
        ("It costs £9 at Quillmere in Leeds.", ["£9", "Leeds"]),
    ],
)
def test_facts_are_figures_and_names_that_are_said_of_the_brand(claim, facts):
    assert wordings(claim) == facts


@pytest.mark.parametrize(
    ("claim", "text", "is_there"),
    [
        ("Quillmere takes 36 months.", "It takes three years.", True),
        ("Quillmere goes 56 miles.", "Expect 90 km.", True),
        ("Quillmere goes 80 miles.", "Expect 90 km.", False),
        ("Quillmere holds 180 kg.", "It holds up to 200 kg.", False),
        ("Quillmere holds up to 200 kg.", "Up to 200 kg may be loaded.", True),
        ("Quillmere holds about 190 kg.", "It holds 200 kg.", True),
        ("Quillmere has 12 shops.", "There are twelve shops.", True),
        ("Quillmere holds 40 kg.", "There are 40 seats.", False),
    ],
)
def test_a_figure_is_looked_up_with_its_unit_and_exactly(claim, text, is_there):
    (fact,) = find_facts(claim, ["Quillmere"])
    assert SiteFacts([text]).has(fact) == is_there
