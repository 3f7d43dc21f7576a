"""A small site of another trade, with planted pairs: an answered question, and a related one.

The site is a maker of kilns. In each pair, both questions are on subjects of the site, but the
second asks for something that no page states: a price where there are only instructions, a figure
of the other model, this year's date where there is last year's.
"""

import json
from pathlib import Path

SITE = Path(__file__).parent / "site"

# By what separates them: pairs of an answered question and a merely related one.
PAIRS = {
    "price": [
        ("How much does a bisque firing cost?", "How much does it cost to replace an element?"),
        ("what does delivery to an island cost", "what does moving a kiln that I own cost"),
        ("How much is a stoneware glaze firing?", "How much is a lustre firing?"),
    ],
    "steps": [
        ("How do I replace an element?", "How do I do a glaze firing in my own kiln?"),
        ("How do I become a member of the studio?", "How do I apply for the bursary?"),
    ],
    "model": [
        ("How long does the Tarn need to cool?", "How long does the Corrie need to cool?"),
        ("What supply of power does the Tarn need?", "What supply of power does the Corrie need?"),
        (
            "How many programs does the Corrie's controller hold?",
            "How many programs does the Tarn's controller hold?",
        ),
        (
            "How much does a Tarn cost with its controller?",
            "How much does a Corrie cost with its controller?",
        ),
    ],
    "year": [
        (
            "What is the closing date for membership in 2026?",
            "What is the closing date for the bursary in 2026?",
        ),
        ("How much does membership cost this year?", "How much does the bursary pay this year?"),
    ],
    "eligibility": [
        ("Who can apply for the maker's bursary 2025?", "Who can join the evening class?"),
        ("who is eligible for the children's club", "who is eligible for the raku day"),
    ],
    "place": [
        ("Where is the weekend course held?", "Where is the raku day held?"),
    ],
    "date": [
        ("When is the raku day?", "When is the weekend course?"),
        ("when does lustre go into the kiln", "when does the evening class start"),
    ],
    "permission": [
        (
            "Can I bring clay from another maker to be fired?",
            "Can I leave clay on a shelf in the damp room over Christmas?",
        ),
        ("May members bring a guest?", "Am I allowed to recycle clay in the studio?"),
    ],
}
# Further questions, so that the calibration has enough: answered by the site, and not.
ANSWERED = (
    "Who runs the workshop's orders?",
    "phone number of marlpit kilns",
    "how big is the chamber of the Tarn",
    "how heavy is the Tarn kiln",
    "what fits into the Corrie, is a vase of 50 cm too tall",
    "how thick are the props under the first shelf",
    "change thermocouple myself",
    "crack in a kiln brick, how to fill it",
    "what does an engineer's visit cost",
    "do I need experience for a class",
    "what do I wear for raku",
    "how old must children be for the club",
    "how much is the bursary of 2025",
    "are dogs allowed in the studio",
    "what does the membership fee include",
    "can i return a kiln I have not fired",
    "how wide must the path be when the kiln is delivered",
    "how do I mix glaze powder",
    "which glazes are food safe",
    "how do I keep clay soft",
    "how to recycle clay scraps",
    "can you fire paper clay",
    "how long have you built kilns",
    "how do I start a program on the controller of the Corrie",
)
UNANSWERED = (
    "does a kiln raise my house insurance",
    "is a gas kiln cheaper to run than an electric one",
    "can I build a wood kiln in my garden",
    "what is the best clay for porcelain jewellery",
    "how do I photograph pots for a web shop",
    "do you sell potter's wheels with a kick plate",
    "which apron keeps slip off",
    "is clay dust bad for my lungs",
    "how do I price my mugs for a market",
    "does a kiln need planning permission",
    "are there pottery holidays in Spain",
    "what wax resist works on bisque",
)


def write_project(folder: Path) -> Path:
    """Write a coverage.toml and a log of all questions into the folder; return its path."""
    questions = [question for pairs in PAIRS.values() for pair in pairs for question in pair]
    questions += [*ANSWERED, *UNANSWERED]
    rows = [{"query": question, "asked_at": "2026-02-10T09:00:00Z"} for question in questions]
    log = folder / "questions.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = folder / "coverage.toml"
    path.write_text(
        f'out = "run"\ncache = "cache"\n[site]\nsource = "{SITE.as_posix()}"\n'
        'base_url = "https://www.marlpit.example"\nbrand = ["Marlpit"]\n'
        '[log]\nfiles = ["questions.jsonl"]\n[match]\nprecision = "fp32"\n',
        encoding="utf-8",
    )
    return path
