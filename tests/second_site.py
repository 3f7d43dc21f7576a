"""A second site with a log, of another trade than the sample: a maker of tents.

Eight pages answer eight topics, two of them in jargon that nobody uses. Two topics are missing, two
are off the subject. Everything is invented.
"""

import json
from dataclasses import dataclass
from pathlib import Path

OWN = "https://www.fernhollow.example"
RIVAL = "https://www.marlcamp.example"
PRESS = "https://www.fieldpress.example"

PAGES = {
    "pitching": (
        "Pitching a Fernhollow tent",
        "How long does it take to pitch?",
        "Two people pitch the Alder in 14 minutes, one person in 25. Peg the four corners first, "
        "thread the blue poles, then raise the middle. Tension the guy lines last, at 45 degrees.",
        "Which pegs for hard ground?",
        "On gravel or baked clay use the 30 cm steel rock pegs and a hammer. In sand use the wide "
        "snow pegs, laid flat and buried.",
    ),
    "waterproof": (
        "How waterproof is a tent?",
        "What does the hydrostatic head mean?",
        "Our flysheets have a hydrostatic head of 4,000 mm and the groundsheets 6,000 mm. Rain in "
        "a storm presses with about 1,500 mm, a knee on wet grass with 5,000 mm.",
        "When should I proof it again?",
        "Proof the fly with a spray when water no longer beads, after about 60 nights. Seal "
        "leaking "
        "seams from the inside with a brush-on sealant and let it cure for 12 hours.",
    ),
    "condensation": (
        "Condensation in a tent",
        "Why is the inside of my tent wet in the morning?",
        "Four sleepers breathe out about a litre of water a night. It condenses on the cold fly "
        "and "
        "drips. It is not a leak.",
        "How do I get rid of condensation?",
        "Open both top vents and leave a gap of 10 cm at the door. Do not cook or dry clothes "
        "inside. Wipe the fly with a cloth before you pack the tent.",
    ),
    "warranty": (
        "Tent warranty",
        "How long is a Fernhollow covered?",
        "Five years for poles and seams, two years for zips. Storm damage and ultraviolet fading "
        "are not covered. Send photographs of the fault and your order number.",
        "What does a repair cost?",
        "A broken pole section costs £9, a new zip £35 with labour. Repairs take eight working "
        "days "
        "at our Hexham workshop.",
    ),
    "sizes": (
        "Tent sizes: how many people sleep in it?",
        "Which tent for a family of four?",
        "The Alder 6 gives four people room for mats of 60 cm and bags. A tent for four sleeps "
        "four "
        "with nothing else. The Rowan 4 is 240 cm wide, the Alder 6 is 380 cm wide.",
        "Can I stand up in it?",
        "The Alder is 205 cm high in the middle, the Rowan 150 cm. Most adults stand upright in "
        "the "
        "Alder only.",
    ),
    "delivery": (
        "Tent delivery and returns",
        "How long does delivery take?",
        "Orders before noon leave the same day and arrive in two working days. Delivery is free "
        "from £80. To the islands add three days and £12.",
        "Can I send a tent back?",
        "You have 45 days to return a tent that was not pitched outdoors. Collection costs £7, and "
        "we refund within five working days.",
    ),
    "flue-aperture": (
        "Aperture flange, tent series A",
        "Thermal egress interface",
        "The series A panel accepts a silicone-coated aramid collar of 100 mm bore for a flue of "
        "vertical orientation. A clearance of 35 cm to adjacent textile surfaces is stipulated, "
        "and "
        "a sensor for carbon monoxide is mandatory for the duration of combustion.",
        "Ordering data",
        "Collar AF-100, £48, with a closure flap. Retrofit is effected by the Hexham works at £65. "
        "Admissible appliances are rated at 3 kW and below.",
    ),
    "cell-specification": (
        "Inner tent cell specification",
        "Photopic attenuation",
        "Inner cells of the Alder are of 185T carbon-pigmented polyester, with a transmission of "
        "under 1% of incident luminance. Relative to untreated fabric the interior temperature at "
        "07:00 is lower by 4 degrees.",
        "Cell replacement",
        "Cells are interchangeable by toggles, part C-22, £85 for each two-berth module.",
    ),
}


@dataclass(frozen=True)
class Topic:
    """A topic of the log: what was planted, its questions with their answers, and what is cited."""

    planted: str
    cited: tuple[str, ...]
    asked: tuple[tuple[str, str], ...]
    page: str = ""


TOPICS = {
    "pitching": Topic(
        "covered",
        (f"{OWN}/pitching.html",),
        (
            (
                "how long does it take to pitch a family tent",
                "Two people pitch the Fernhollow Alder in 14 minutes, and one person needs 25.",
            ),
            (
                "can i put up the Alder tent on my own",
                "Yes, one person pitches it in 25 minutes. "
                "Peg the four corners first, thread the blue poles and raise the middle.",
            ),
            (
                "pegs keep bending in the ground, campsite is like concrete",
                "On gravel or baked clay use 30 cm steel rock pegs and a hammer.",
            ),
            ("which tent pegs for sand", "Use wide snow pegs in sand, laid flat and buried."),
        ),
    ),
    "waterproof": Topic(
        "covered",
        (f"{OWN}/waterproof.html", f"{PRESS}/proofing"),
        (
            (
                "is 4000 mm hydrostatic head enough for a tent",
                "A fly of 4,000 mm is plenty, as "
                "storm rain presses with about 1,500 mm. The groundsheet needs more, such as "
                "6,000.",
            ),
            (
                "when to reproof a tent",
                "Spray the fly again when water no longer beads, which is after about 60 nights.",
            ),
            (
                "tent seam leaking how to fix",
                "Seal the seam from the inside with a brush-on "
                "sealant and let it cure for 12 hours.",
            ),
            (
                "knees come through wet when I kneel, tent broken?",
                "A knee presses with 5,000 mm of "
                "head on wet grass, so a thin groundsheet lets water through. It takes 6,000 mm.",
            ),
        ),
    ),
    "condensation": Topic(
        "covered",
        (f"{OWN}/condensation.html",),
        (
            (
                "why is my tent wet inside in the morning",
                "It is condensation. Four sleepers breathe "
                "out about a litre of water a night, which condenses on the cold fly.",
            ),
            (
                "how to stop condensation in a tent",
                "Open both top vents, leave a gap at the door, "
                "and do not cook or dry clothes inside.",
            ),
            (
                "woke up soaked, walls dripping, whats going on",
                "That is breath and not a leak: it "
                "condenses on the cold fly and drips. Leave the vents open.",
            ),
            (
                "is a wet tent in the morning a leak",
                "Usually not. It is a litre of breath that "
                "condenses on the fly; wipe it with a cloth before you pack.",
            ),
        ),
    ),
    "warranty": Topic(
        "covered",
        (f"{OWN}/warranty.html",),
        (
            (
                "fernhollow tent warranty how long",
                "Fernhollow covers poles and seams for five years and zips for two.",
            ),
            (
                "tent pole snapped who pays",
                "Poles are covered for five years, storm damage is not. "
                "A broken pole section costs £9.",
            ),
            (
                "zip went on my Rowan, worth mending?",
                "A new zip costs £35 with labour, and zips are covered for two years.",
            ),
            (
                "is sun fading covered by tent warranty",
                "No, ultraviolet fading and storm damage are not covered by the warranty.",
            ),
        ),
    ),
    "sizes": Topic(
        "covered",
        (f"{OWN}/sizes.html", f"{RIVAL}/sizes"),
        (
            (
                "what size tent for a family of 4",
                "Take a tent for six, such as the Alder 6, which "
                "gives four people room for mats and bags.",
            ),
            ("can you stand up in the Alder", "Yes, the Alder is 205 cm high in the middle."),
            ("4 man tent really sleeps how many", "A tent for four sleeps four with nothing else."),
            (
                "im 6ft 4 and hate crouching, which tent",
                "The Alder is 205 cm high, so you can stand upright in it; the Rowan is 150 cm.",
            ),
        ),
    ),
    "delivery": Topic(
        "covered",
        (f"{OWN}/delivery.html",),
        (
            ("fernhollow delivery time", "Orders before noon arrive in two working days."),
            (
                "can I return a tent after opening it",
                "You have 45 days, if the tent was not pitched outdoors. Collection costs £7.",
            ),
            ("tent delivery to orkney", "The islands take three days more and cost £12."),
            (
                "changed my mind about the tent, money back when?",
                "Fernhollow refunds within five working days of the return.",
            ),
        ),
    ),
    "stove": Topic(
        "mis-worded",
        (f"{RIVAL}/wood-burner", f"{PRESS}/tent-stoves"),
        (
            (
                "can I put a wood burner in my tent",
                "Only in a tent with a heat-proof collar for "
                "the flue. Keep 35 cm between stove and canvas and use a carbon monoxide alarm.",
            ),
            (
                "tent stove chimney hole kit",
                "A silicone collar for a 100 mm chimney is sewn into "
                "the panel; the makers fit one later for about £65.",
            ),
            (
                "log burner in the Alder safe?",
                "Owners report that a 100 mm collar is sold for it at "
                "£48. Choose a stove of 3 kW or less, and fit a carbon monoxide sensor.",
            ),
            (
                "how far from the canvas should a hot stove be",
                "Keep a clearance of 35 cm to the "
                "fabric, and never burn without a carbon monoxide sensor.",
            ),
        ),
        page="flue-aperture",
    ),
    "dark": Topic(
        "mis-worded",
        (f"{RIVAL}/dark-room", f"{PRESS}/blackout-test"),
        (
            (
                "blackout tent for toddler who wakes at 5",
                "Look for bedrooms of dark pigmented "
                "polyester that let in under 1% of the light, and stay about 4 degrees cooler at "
                "7.",
            ),
            (
                "dark bedroom tent worth it",
                "Carbon-pigmented bedrooms keep out 99% of the light and "
                "are 4 degrees cooler in the morning than plain fabric.",
            ),
            (
                "can i swap the bedrooms of the Alder for black ones",
                "Its bedrooms hang on toggles "
                "and are interchangeable; a module for two costs about £85.",
            ),
            (
                "sun comes through and kids are up at dawn",
                "Bedrooms of carbon-pigmented polyester let through under 1% of the light.",
            ),
        ),
        page="cell-specification",
    ),
    "dogs": Topic(
        "missing",
        (f"{RIVAL}/dogs",),
        (
            (
                "camping with a dog, will claws tear the tent floor",
                "Put a blanket down, as claws "
                "pierce thin floors. Marlcamp sells a dog mat for £29.",
            ),
            (
                "dog bed for tent",
                "Marlcamp's raised dog bed for £45 keeps a labrador off the cold.",
            ),
            (
                "where does the dog sleep in a tent",
                "Most dogs sleep in the porch on a raised bed, on a short lead.",
            ),
            (
                "can I leave my dog alone in the tent",
                "Never on a warm day. Dogs overheat and most campsites forbid it.",
            ),
        ),
    ),
    "second hand": Topic(
        "missing",
        (f"{RIVAL}/used", f"{PRESS}/used-tents"),
        (
            (
                "what is a used family tent worth",
                "A used tent keeps about half of its price after "
                "two summers if it is clean and dry.",
            ),
            ("sell my old tent", "Marlcamp buys used tents for vouchers of up to £120."),
            (
                "second hand tent what to check",
                "Smell for mould, look along the poles for cracks and pull on each seam.",
            ),
            (
                "trade in old tent for a new one",
                "Marlcamp takes old tents in exchange for vouchers.",
            ),
        ),
    ),
    "cinema": Topic(
        "out of scope",
        (f"{PRESS}/cinema",),
        (
            (
                "cheap cinema tickets on a wednesday",
                "Two for one codes come with an insurance "
                "comparison and work on Tuesdays and Wednesdays.",
            ),
            (
                "what is on at the imax this weekend",
                "The programme changes on Fridays; see the cinema's own listing.",
            ),
            (
                "can I get my money back for a film ticket",
                "Chains refund a booking up to two hours before the film begins.",
            ),
            (
                "loudest seat in a cinema hall",
                "Two thirds back in the middle row, where the speakers are balanced.",
            ),
        ),
    ),
    "mortgage": Topic(
        "out of scope",
        (f"{PRESS}/mortgages",),
        (
            (
                "fixed or tracker mortgage 2026",
                "A fixed rate is safer when rates may rise; trackers follow the bank's base rate.",
            ),
            ("how much deposit for a first flat", "Lenders ask for 5 to 10% of the price."),
            ("mortgage overpayment fee", "Most fixed loans allow 10% a year without a fee."),
            (
                "do I need a solicitor to remortgage",
                "The new lender usually pays for a conveyancer.",
            ),
        ),
    ),
}


def planted_topics() -> dict[str, str]:
    """Return the topic of each question, by its text."""
    return {text: name for name, topic in TOPICS.items() for text, _ in topic.asked}


def write_second_site(folder: Path, with_citations: bool = True, with_answers: bool = True) -> Path:
    """Write site, log and coverage.toml into the folder; return the path of coverage.toml.

    The log has an answer of two engines to each question.
    """
    _write_pages(folder / "site", PAGES)
    rival = {
        "dogs": ("Dogs in a tent", "Where do dogs sleep?", TOPICS["dogs"].asked[1][1]),
        "wood-burner": ("Wood burners in a tent", "Is it safe?", TOPICS["stove"].asked[0][1]),
    }
    _write_pages(folder / "rival", rival)
    rows = [
        {
            "query": text,
            "engine": engine,
            **({"answer": answer} if with_answers else {}),
            **({"citations": list(topic.cited)} if with_citations else {}),
        }
        for topic in TOPICS.values()
        for text, answer in topic.asked
        for engine in ("alpha", "beta")
    ]
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = folder / "coverage.toml"
    path.write_text(
        'out = "run"\ncache = "cache"\n'
        f'[site]\nsource = "site"\nbase_url = "{OWN}"\nbrand = ["Fernhollow"]\n'
        f'[[competitors]]\nsource = "rival"\nbase_url = "{RIVAL}"\nbrand = ["Marlcamp"]\n'
        '[log]\nfiles = ["log.jsonl"]\n[match]\nprecision = "fp32"\n',
        encoding="utf-8",
    )
    return path


def _write_pages(folder: Path, pages: dict[str, tuple[str, ...]]) -> None:
    folder.mkdir(parents=True)
    for name, (title, *sections) in pages.items():
        body = "".join(
            f"<h2>{heading}</h2><p>{text}</p>"
            for heading, text in zip(sections[::2], sections[1::2], strict=True)
        )
        (folder / f"{name}.html").write_text(
            f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1>{body}</main>"
            "</body></html>",
            encoding="utf-8",
        )
