"""A climbing hall: 12 pages, and 60 questions of 20 topics, ten of which no page answers.

Every name and figure is invented.
"""

from pathlib import Path

import pandas as pd

PAGES = {
    "index": """# Gritstone Hall

Gritstone Hall is an indoor climbing centre in an old mill, with roped walls up to 14 metres, a
bouldering room and a cafe.

## What there is

The main hall has 62 rope lines. The bouldering room has 140 problems in nine colours. A balcony
overlooks both.
""",
    "prices": """# Prices

## Day tickets

A day ticket costs £11 for adults, £8 for students and people over 60, and £6 for children under
16. You can leave and come back on the same day.

## Ten-visit cards

A card of ten visits costs £95. It is valid for a year, and friends can share it.
""",
    "membership": """# Membership

## Monthly membership

Membership costs £39 a month by direct debit. It includes all climbing, and one guest pass a month.

## Cancelling

You can cancel with 30 days of notice. There is no minimum term. Write to the desk or use the form
in your account. You can freeze a membership for up to three months, for example when you are ill.
""",
    "opening-hours": """# Opening hours

We are open from 10:00 to 22:00 from Monday to Friday, and from 9:00 to 19:00 at weekends.

## Holidays

We close on 25 and 26 December and on New Year's Day. On bank holidays the weekend hours apply.
The quietest times are weekday mornings.
""",
    "first-visit": """# Your first visit

## What you need

You need no experience to boulder. Everyone watches a five-minute safety film and signs a form.
Wear clothes in which you can move. Shoes can be hired at the desk.

## Registering

Fill in the form online before you come, and bring a photo ID. Registration is free.
""",
    "hire": """# Hiring equipment

Climbing shoes cost £4 a visit, a harness £3, a chalk bag £1.50, and a full set £7.

## Sizes

We have shoes from children's size 28 to adults' size 50. Hired shoes are disinfected after each
use. Socks must be worn.
""",
    "courses": """# Courses

## Learn the ropes

The beginners' course in top-roping takes two evenings of two hours and costs £58. After it you may
belay on your own. A group has at most six people.

## Learn to lead

The lead climbing course takes three evenings and costs £96. You should climb grade 5 first.
""",
    "children": """# Children

## Ages

Children may boulder from the age of four, and climb with ropes from six. Under 14s must be
supervised by an adult: one adult to two children.

## Kids' club

The kids' club meets on Saturdays from 9:30 to 11:00 for ages 7 to 11, at £14 a session.
""",
    "parties": """# Birthday parties

A party lasts two hours, with 90 minutes of climbing under two instructors and 30 minutes in the
party room. It costs £180 for up to ten children. Bring your own cake.

## Booking a party

Book two weeks ahead with a deposit of £40.
""",
    "safety": """# Safety

## Belay test

To belay you must pass our test: tie in with a figure of eight, use the belay device and hold a
fall. It takes ten minutes and is free. If you fail, you may try again another day.

## Auto belays

Twelve lines have auto belays. Clip in before you climb. They are inspected every six months.
""",
    "cafe": """# Cafe

The cafe serves coffee, soup, toasties and cake from 10:00 to 20:00. The kitchen closes at 19:00.
There are vegan dishes each day. You may eat your own food on the balcony.
""",
    "getting-here": """# Getting here

## By bus and train

Bus 14 stops outside. The railway station is twelve minutes away on foot.

## Parking

There are 40 free parking spaces behind the mill, and racks for 30 bicycles in the yard.
""",
}

ANSWERED = {
    "day ticket": [
        "how much is a day ticket at gritstone hall",
        "what does one session cost for a student",
        "can i leave and come back in on the same ticket",
    ],
    "membership": [
        "monthly membership price for the climbing wall",
        "how do i cancel my gritstone membership",
        "can i freeze membership while i'm ill",
    ],
    "opening hours": [
        "what time does gritstone hall open on sunday",
        "is the climbing centre open on bank holidays",
        "when is it quietest to go climbing",
    ],
    "first visit": [
        "do i need experience to go bouldering",
        "what should i wear for indoor climbing the first time",
        "do i have to register before my first climb",
    ],
    "shoe hire": [
        "can i hire climbing shoes and what does it cost",
        "do you have hire shoes in size 49",
        "are rental shoes cleaned between people",
    ],
    "beginner course": [
        "how long is the beginners rope course",
        "price of learning to top rope",
        "lead climbing course, what grade do i need",
    ],
    "children's ages": [
        "from what age can kids climb with ropes",
        "how many children can one adult look after",
        "saturday kids club for a 9 year old",
    ],
    "birthday party": [
        "birthday party at the climbing wall, how much for ten kids",
        "how long does a climbing party last",
        "how far ahead do i book a party",
    ],
    "belaying": [
        "what is in the belay test",
        "can i try again if i fail the belay check",
        "how many auto belay lines are there",
    ],
    "parking": [
        "is there parking at gritstone hall",
        "which bus goes to the climbing centre",
        "where can i leave my bike while climbing",
    ],
}

UNANSWERED = {
    "injuries": [
        "how do i treat a torn finger pulley",
        "elbow pain after bouldering, should i rest",
        "when can i climb again after a sprained ankle",
    ],
    "outdoor trips": [
        "do you run trips to real rock outdoors",
        "guided sport climbing weekend in the peak",
        "how to move from indoor walls to outdoor crags",
    ],
    "competitions": [
        "when is the next bouldering competition",
        "how does scoring work in a boulder comp",
        "can beginners enter the winter league",
    ],
    "disabled climbers": [
        "is the wall accessible for wheelchair users",
        "climbing sessions for blind people",
        "para climbing coach for an amputee",
    ],
    "strength training": [
        "hangboard routine for intermediates",
        "is there a campus board and moon board",
        "how to get stronger for overhangs",
    ],
    "buying shoes": [
        "which climbing shoes should i buy as a beginner",
        "where to get climbing shoes resoled",
        "how tight should new climbing shoes be",
    ],
    "pregnancy": [
        "is it safe to boulder when pregnant",
        "full body harness for pregnant climbers",
        "second trimester climbing advice",
    ],
    "company outings": [
        "team building climbing event for 25 colleagues",
        "can we invoice our firm for a group booking",
        "corporate discount for a company of 80",
    ],
    "route setting": [
        "how often are the routes reset",
        "who sets the boulder problems",
        "what do the colours of the holds mean in font grades",
    ],
    "fear of heights": [
        "how do i get over fear of heights when climbing",
        "scared of falling on lead, any tips",
        "panic attack at the top of the wall",
    ],
}


def write_climbing_hall(folder: Path) -> tuple[Path, Path]:
    """Write the site and the log below a folder; return the site's folder and the log's file."""
    site = folder / "gritstone"
    site.mkdir(parents=True)
    for name, text in PAGES.items():
        (site / f"{name}.md").write_text(text, encoding="utf-8")
    log = folder / "questions.csv"
    list_questions()[["query", "count"]].to_csv(log, index=False)
    return site, log


def list_questions() -> pd.DataFrame:
    """Return each question with its topic, how often it was asked, and whether a page answers."""
    rows = [
        {"query": text, "topic": topic, "count": 9 - 2 * number, "is_answered": is_answered}
        for topics, is_answered in ((ANSWERED, True), (UNANSWERED, False))
        for topic, texts in topics.items()
        for number, text in enumerate(texts)
    ]
    return pd.DataFrame(rows)
