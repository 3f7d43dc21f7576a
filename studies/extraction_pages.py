# ruff: noqa: E501 - the lines of a page are as long as they are on real sites
"""Pages written by hand as sites write them, each with the words and headings that a reader reads.

The words are in reading order, without marks. No page is taken from a site.
"""

from typing import NamedTuple


class WrittenPage(NamedTuple):
    """A page: its HTML, and the text and the headings that belong to its content."""

    name: str
    html: str
    text: str
    headings: tuple[str, ...]


_HEAD = "<!doctype html><html lang=en><head><meta charset=utf-8><title>{}</title></head>"
_MENU = (
    "<header class=site-header><a href=/>Kiln &amp; Co</a><nav><ul><li><a href=/a>Clay</a>"
    "<li><a href=/b>Glazes</a><li><a href=/c>Kilns</a></ul></nav></header>"
)
_FOOTER = (
    "<footer><ul><li><a href=/imprint>Imprint</a><li><a href=/privacy>Privacy</a></ul>"
    "<p>© 2025 Kiln &amp; Co. All rights reserved.</p></footer></body></html>"
)


def _page(title: str, body: str, menu: str = _MENU, footer: str = _FOOTER) -> str:
    return f"{_HEAD.format(title)}<body>{menu}{body}{footer}"


DOCS = WrittenPage(
    "documentation",
    _page(
        "Install the client | Kilnctl",
        """
<a class="skip-link" href="#content">Skip to main content</a>
<div class="layout"><aside class="sidebar"><ul><li><a href="/docs/start">Get started</a></li>
<li><a href="/docs/install">Install</a></li><li><a href="/docs/config">Configure</a></li></ul></aside>
<main id="content"><ul class="breadcrumbs"><li><a href="/">Home</a></li><li><a href="/docs">Docs</a></li>
<li>Install</li></ul>
<article><h1>Install the client<a class="hash-link" href="#install" aria-label="Direct link">#</a></h1>
<div class="toc"><p>On this page</p><ul><li><a href="#linux">Linux</a></li><li><a href="#mac">macOS</a></li>
<li><a href="#verify">Verify the download</a></li></ul></div>
<p>The client runs on Linux and macOS. It needs 40 MB of disk and a network connection for the first start.</p>
<h2 id="linux">Linux<a class="headerlink" href="#linux" title="Link to this heading">¶</a></h2>
<p>Add the package source and install the package with the tools of your distribution:</p>
<div class="highlight-bash"><div class="highlight"><pre><span></span>$ sudo apt install kilnctl
$ kilnctl --version
</pre><button class="copybtn">Copy</button></div></div>
<p>The second command prints the version.</p>
<h2 id="mac">macOS<a class="headerlink" href="#mac">¶</a></h2>
<p>Use the signed installer, or Homebrew:</p>
<div class="code"><table class="highlighttable"><tr><td class="linenos"><div class="linenodiv"><pre>1
2</pre></div></td><td class="code"><div><pre>brew tap kiln/tools
brew install kilnctl</pre></div></td></tr></table></div>
<div class="admonition note"><p class="admonition-title">Note</p><p>Homebrew installs the shell completion as well.</p></div>
<h2 id="verify">Verify the download</h2>
<p>Compare the checksum with the one on the release page before you run the installer.</p>
</article>
<div class="page-feedback"><p>Was this page helpful?</p><button>Yes</button><button>No</button></div>
<a class="theme-edit-this-page" href="https://git.example/edit">Edit this page</a>
<nav class="pagination-nav"><a href="/docs/start">Previous: Get started</a><a href="/docs/config">Next: Configure</a></nav>
</main></div>""",
    ),
    """Install the client
The client runs on Linux and macOS. It needs 40 MB of disk and a network connection for the first start.
Linux
Add the package source and install the package with the tools of your distribution:
$ sudo apt install kilnctl $ kilnctl --version
The second command prints the version.
macOS Use the signed installer, or Homebrew:
brew tap kiln/tools brew install kilnctl
Note Homebrew installs the shell completion as well.
Verify the download
Compare the checksum with the one on the release page before you run the installer.""",
    ("Install the client", "Linux", "macOS", "Verify the download"),
)

ACCORDION = WrittenPage(
    "FAQ accordion",
    _page(
        "Questions about delivery",
        """
<main><h1>Questions about delivery</h1><div class="accordion" id="faq">
<div class="accordion-item"><h2 class="accordion-header" id="h1"><button class="accordion-button collapsed"
 type="button" data-bs-toggle="collapse" data-bs-target="#c1" aria-expanded="false" aria-controls="c1">How
 long does delivery take?</button></h2><div id="c1" class="accordion-collapse collapse" aria-labelledby="h1">
<div class="accordion-body">Two to four working days within the country. Kilns come by freight and take up to
 three weeks, because the carrier makes an appointment with you first.</div></div></div>
<div class="accordion-item"><h2 class="accordion-header" id="h2"><button class="accordion-button collapsed"
 data-bs-toggle="collapse" data-bs-target="#c2" aria-expanded="false" aria-controls="c2">What does it
 cost?</button></h2><div id="c2" class="accordion-collapse collapse"><div class="accordion-body"><ul><li>Up to
 5 kg: 6 euros</li><li>Up to 30 kg: 14 euros</li><li>Freight: 89 euros</li></ul></div></div></div>
<div class="accordion-item"><h2 class="accordion-header" id="h3"><button class="accordion-button collapsed"
 data-bs-toggle="collapse" data-bs-target="#c3" aria-expanded="false" aria-controls="c3">Do you ship
 abroad?</button></h2><div id="c3" class="accordion-collapse collapse"><div class="accordion-body">Yes, to all
 countries of the European Union.</div></div></div></div></main>""",
    ),
    """Questions about delivery
How long does delivery take? Two to four working days within the country. Kilns come by freight and take up to
three weeks, because the carrier makes an appointment with you first.
What does it cost? Up to 5 kg: 6 euros Up to 30 kg: 14 euros Freight: 89 euros
Do you ship abroad? Yes, to all countries of the European Union.""",
    (
        "Questions about delivery",
        "How long does delivery take?",
        "What does it cost?",
        "Do you ship abroad?",
    ),
)

HIDDEN_ANSWERS = WrittenPage(
    "FAQ without roles",
    _page(
        "Studio rules",
        """
<div class="content"><h1>Studio rules</h1><p>These rules hold for everyone who works in the studio.</p>
<div class="faq-item"><div class="faq-question">Who may fire the kiln?</div>
<div class="faq-answer" style="display: none"><p>Only members with a firing card. You get the card after the
 short course on Saturday mornings.</p></div></div>
<div class="faq-item"><div class="faq-question">Where do I put wet pieces?</div>
<div class="faq-answer" style="display: none"><p>On the left shelf, with your name and the date on a slip of
 paper. Pieces without a name are recycled after four weeks.</p></div></div></div>
<div id="signup-modal" style="display:none"><h2>Stay in touch</h2><p>Get ten percent off your first course when
 you join our list of friends today.</p></div>""",
    ),
    """Studio rules
These rules hold for everyone who works in the studio.
Who may fire the kiln? Only members with a firing card. You get the card after the short course on Saturday mornings.
Where do I put wet pieces? On the left shelf, with your name and the date on a slip of paper.
Pieces without a name are recycled after four weeks.""",
    ("Studio rules",),
)

TABS = WrittenPage(
    "tabs",
    _page(
        "Mix a glaze",
        """
<main><h1>Mix a glaze</h1><p>The steps differ with the scale that you have. Choose yours.</p>
<div class="tabs-container"><ul role="tablist" class="tabs"><li role="tab" aria-selected="true" class="tabs__item">Digital
 scale</li><li role="tab" aria-selected="false" class="tabs__item">Balance</li><li role="tab" class="tabs__item">No scale</li></ul>
<div><div role="tabpanel" class="tabItem"><p>Set the scale to zero with the bowl on it and add each powder slowly.</p></div>
<div role="tabpanel" class="tabItem" hidden><p>Put the weights on the right, the bowl on the left, and wait until the
 needle rests.</p></div>
<div role="tabpanel" class="tabItem" hidden><p>Buy a mixed glaze instead: a spoon is not precise enough for colours
 with cobalt.</p></div></div></div>
<h2>Sieve it</h2><p>Pour the mix through a sieve of 80 mesh twice, and let it rest overnight before you use it.</p></main>""",
    ),
    """Mix a glaze
The steps differ with the scale that you have. Choose yours.
Digital scale Set the scale to zero with the bowl on it and add each powder slowly.
Balance Put the weights on the right, the bowl on the left, and wait until the needle rests.
No scale Buy a mixed glaze instead: a spoon is not precise enough for colours with cobalt.
Sieve it
Pour the mix through a sieve of 80 mesh twice, and let it rest overnight before you use it.""",
    ("Mix a glaze", "Sieve it"),
)

COMPARISON = WrittenPage(
    "comparison table",
    _page(
        "Compare our kilns",
        """
<main><h1>Compare our kilns</h1><p>Three sizes cover most studios. All of them run on the same controller.</p>
<table class="compare"><caption>Models of this year</caption>
<thead><tr><th></th><th scope="col">Ember 40</th><th scope="col">Ember 80</th></tr></thead>
<tbody><tr><th scope="row">Volume</th><td>40 litres</td><td>80 litres</td></tr>
<tr><th scope="row">In the box</th><td><ul><li>two shelves</li><li>six posts</li></ul></td>
<td><ul><li>four shelves</li><li>twelve posts</li><li>a stand</li></ul></td></tr>
<tr><th scope="row">Connection</th><td><p>230 volts</p><p>16 amperes</p></td><td><p>400 volts</p></td></tr>
</tbody></table>
<h2>Which size fits?</h2><p>Count the pieces that you make in a week; a shelf of the smaller kiln holds eight mugs.</p></main>""",
    ),
    """Compare our kilns
Three sizes cover most studios. All of them run on the same controller.
Models of this year
Ember 40 Ember 80
Volume 40 litres 80 litres
In the box two shelves six posts four shelves twelve posts a stand
Connection 230 volts 16 amperes 400 volts
Which size fits?
Count the pieces that you make in a week; a shelf of the smaller kiln holds eight mugs.""",
    ("Compare our kilns", "Which size fits?"),
)

DEFINITIONS = WrittenPage(
    "definition list",
    _page(
        "Words of the studio",
        """
<div id="main"><h1>Words of the studio</h1><p>Short meanings of the words that you hear in our courses.</p>
<dl><dt>Bisque</dt><dd>Clay after its first firing.</dd><dd>Also the firing itself, at about 950 degrees.</dd>
<dt>Grog</dt><dt>Chamotte</dt><dd>Fired clay that is ground and added to fresh clay, so that it shrinks less.</dd>
<dt>Slip</dt><dd><p>Clay with so much water that it pours.</p><p>It glues handles to cups.</p></dd></dl></div>""",
    ),
    """Words of the studio
Short meanings of the words that you hear in our courses.
Bisque Clay after its first firing. Also the firing itself, at about 950 degrees.
Grog Chamotte Fired clay that is ground and added to fresh clay, so that it shrinks less.
Slip Clay with so much water that it pours. It glues handles to cups.""",
    ("Words of the studio",),
)

OLD_PAGE = WrittenPage(
    "old page, bare text",
    """<html><head><title>Rules of the pottery club</title></head>
<h2>Rules of the pottery club</h2>
<font size="2">The rules hold for all members since the assembly in May and replace those of the years before.
<br><br>
Please read them once a year.
<ul><li>The room is open from eight to ten.<li>The last one turns off the kiln.</ul>
<center><h3>Fees</h3></center>
Adults pay 20 pounds a quarter, pupils 8 pounds. New members pay from the quarter in which they join.
<h3>Keys</h3>
Ask the board.
</font></html>""",
    """Rules of the pottery club
The rules hold for all members since the assembly in May and replace those of the years before.
Please read them once a year.
The room is open from eight to ten. The last one turns off the kiln.
Fees Adults pay 20 pounds a quarter, pupils 8 pounds. New members pay from the quarter in which they join.
Keys Ask the board.""",
    ("Rules of the pottery club", "Fees", "Keys"),
)

LAYOUT_TABLE = WrittenPage(
    "old page, layout table",
    """<html><head><title>Repairs</title></head><body bgcolor=white>
<table width=760><tr><td colspan=2><img src=logo.gif alt=logo></td></tr><tr>
<td width=150><a href=a.html>Home</a><br><a href=b.html>Kilns</a><br><a href=c.html>Contact</a></td>
<td><font face=Arial><b>Repairs</b><br><br>We repair kilns of all makes in our workshop. Bring the name plate or
 a photograph of it, so that we can order parts before you come.<br><br>Elements last for about 150 firings.
 A door seal lasts longer unless it gets wet.<br><br>
<table border=1><tr><td>Element</td><td>45 pounds</td></tr><tr><td>Door seal</td><td>20 pounds</td></tr></table>
</font></td></tr></table></body></html>""",
    """Repairs
We repair kilns of all makes in our workshop. Bring the name plate or a photograph of it, so that we can order
parts before you come.
Elements last for about 150 firings. A door seal lasts longer unless it gets wet.
Element 45 pounds Door seal 20 pounds""",
    (),
)

CONSENT = WrittenPage(
    "cookie banner",
    _page(
        "Dry clay slowly",
        """
<div id="onetrust-consent-sdk"><div id="onetrust-banner-sdk" role="region" aria-label="Cookie banner"><h2>Your
 privacy</h2><p>We and our partners store information on your device, such as cookies, and process personal data
 to show you better offers and to measure the use of our site. You can change your choice at any time.</p>
<button>Accept all</button></div></div>
<main><h1>Dry clay slowly</h1><p>Clay that dries too fast cracks at the rim, because the rim shrinks before the
 foot does. Cover the piece for two days.</p><h2>Plates</h2><p>Turn plates over once a day, so that the
 foot dries with the rim.</p></main>
<div class="cookie-notice"><p>This site uses cookies to make the visit pleasant for you.</p><a href="#">OK</a></div>
<div class="newsletter-signup"><h3>Letters from the kiln</h3><p>Once a month, no spam, one click to leave.</p>
<form><input name=email><button>Subscribe</button></form></div>""",
    ),
    """Dry clay slowly
Clay that dries too fast cracks at the rim, because the rim shrinks before the foot does. Cover the piece for two days.
Plates
Turn plates over once a day, so that the foot dries with the rim.""",
    ("Dry clay slowly", "Plates"),
)

BLOG = WrittenPage(
    "blog with related cards",
    _page(
        "A week of wood firing",
        """
<main><article><header><h1>A week of wood firing</h1><p class="byline">By Ada Fenn</p></header>
<div class="share-buttons"><a href=#>Share</a><a href=#>Post</a><a href=#>Pin</a></div>
<p>We began on a wet Monday with six helpers and four cubic metres of split pine. The kiln took the whole first
 night to get dry.</p><p>On the third day the cones fell at the front, while the back was a hundred degrees behind.</p>
<h2>What we would do again</h2><p>Shifts of four hours are short enough to stay awake. A thick log keeps the
 temperature, and thin sticks raise it.</p>
<ul class="tags"><li><a href=/t/wood>wood</a></li><li><a href=/t/kiln>kiln</a></li></ul></article>
<section class="related-posts"><h2>You may also like</h2>
<div class="card"><a href=/p1><h3>Ash glazes for beginners</h3></a><p>What is left of the fire makes a fine glaze, if you wash it.</p></div>
<div class="card"><a href=/p2><h3>Our new shed</h3></a><p>After two winters under a tarpaulin we have a roof at last.</p></div></section>
<div class="comments"><h2>2 comments</h2><div class="comment"><p>Great read, thank you for the pictures!</p></div></div>
</main>""",
    ),
    """A week of wood firing By Ada Fenn
We began on a wet Monday with six helpers and four cubic metres of split pine. The kiln took the whole first night to get dry.
On the third day the cones fell at the front, while the back was a hundred degrees behind.
What we would do again
Shifts of four hours are short enough to stay awake. A thick log keeps the temperature, and thin sticks raise it.""",
    ("A week of wood firing", "What we would do again"),
)

PRODUCT = WrittenPage(
    "product page",
    _page(
        "Ember 40 | Kiln & Co",
        """
<div class="breadcrumb"><a href=/>Home</a> / <a href=/kilns>Kilns</a> / Ember 40</div>
<div class="product"><h1>Ember 40</h1><div class="price">1,290 euros</div><button>Add to basket</button>
<div class="description"><p>A quiet kiln of 40 litres for the studio at home. It reaches 1,280 degrees in five hours.</p></div>
<ul class="nav nav-tabs" role="tablist"><li class="nav-item"><a class="nav-link active" data-toggle="tab" href="#specs">Specifications</a></li>
<li class="nav-item"><a class="nav-link" data-toggle="tab" href="#care">Care</a></li></ul>
<div class="tab-content"><div class="tab-pane active" id="specs"><table><tr><th>Volume</th><td>40 litres</td></tr>
<tr><th>Weight</th><td>68 kg</td></tr><tr><th>Connection</th><td>230 V, 16 A</td></tr></table></div>
<div class="tab-pane" id="care"><p>Vacuum the elements every twenty firings, and paint the shelves with wash once a year.</p></div></div>
<p class="d-none d-md-block">Free pickup in our workshop on weekdays from nine to five.</p>
<p class="d-md-none">Free pickup in our workshop on weekdays from nine to five.</p></div>
<div class="related products"><h2>Related products</h2><ul><li><a href=/p1>Ember 80</a></li><li><a href=/p2>Kiln wash</a></li></ul></div>""",
    ),
    """Ember 40 1,290 euros
A quiet kiln of 40 litres for the studio at home. It reaches 1,280 degrees in five hours.
Specifications Volume 40 litres Weight 68 kg Connection 230 V, 16 A
Care Vacuum the elements every twenty firings, and paint the shelves with wash once a year.
Free pickup in our workshop on weekdays from nine to five.""",
    ("Ember 40",),
)

NOSCRIPT_TWIN = WrittenPage(
    "noscript twin",
    _page(
        "Clay bodies",
        """
<noscript><iframe src=x></iframe></noscript><main><h1>Clay bodies</h1>
<p>Stoneware is fired at about 1,250 degrees and holds water without a glaze.</p>
<div class="lazy"><img data-src=a.jpg><noscript><img src=a.jpg alt=x><p>A mug of stoneware</p></noscript></div>
<p>Earthenware is fired lower and stays porous.</p><noscript><p>Earthenware is fired lower and stays porous.</p>
<p>Please enable JavaScript to see prices.</p></noscript><div class="skeleton">Loading…</div></main>""",
    ),
    """Clay bodies
Stoneware is fired at about 1,250 degrees and holds water without a glaze.
Earthenware is fired lower and stays porous.""",
    ("Clay bodies",),
)

NOSCRIPT_ONLY = WrittenPage(
    "content in noscript",
    f"""{_HEAD.format("Opening hours")}<body><div id="app"></div><noscript><h1>Opening hours</h1>
<p>The shop is open from Tuesday to Saturday, from ten in the morning to six in the evening. In August we close at
 four, and between the years we are closed.</p><h2>Collecting kilns</h2><p>Please make an appointment a day before,
 so that two of us can help you with the loading.</p></noscript><script src=app.js></script></body></html>""",
    """Opening hours
The shop is open from Tuesday to Saturday, from ten in the morning to six in the evening. In August we close at four,
and between the years we are closed.
Collecting kilns
Please make an appointment a day before, so that two of us can help you with the loading.""",
    ("Opening hours", "Collecting kilns"),
)

BARE_MAIN = WrittenPage(
    "main without paragraphs",
    _page(
        "Rent a wheel",
        """
<main><h1>Rent a wheel</h1>You can rent a wheel by the week. We bring it on Friday and fetch it on Thursday.
<div>A deposit of 100 euros is due on delivery.</div><h2>What is with it</h2>A bat, two sponges and a stool.
<div class=box><span>Clay is not included.</span></div><h2>Space</h2>The wheel needs two square metres and a socket.</main>""",
    ),
    """Rent a wheel
You can rent a wheel by the week. We bring it on Friday and fetch it on Thursday.
A deposit of 100 euros is due on delivery.
What is with it A bat, two sponges and a stool. Clay is not included.
Space The wheel needs two square metres and a socket.""",
    ("Rent a wheel", "What is with it", "Space"),
)

LINKED_HEADINGS = WrittenPage(
    "headings in links and buttons",
    _page(
        "Courses",
        """
<main><h1>Courses</h1><p>All courses take place in the studio and include clay and two firings.</p>
<a href=/wheel><h2>On the wheel</h2></a><p>Six evenings for beginners. You centre, open and pull a cylinder.</p>
<button aria-expanded=false><h2>Building by hand</h2></button><div><p>Three Saturdays with slabs and coils.</p></div>
<details><summary><h2>For children</h2></summary><p>One afternoon from the age of six, with one grown-up.</p></details>
<dl><dt><h3>Price</h3></dt><dd>90 euros for adults and 25 euros for children.</dd></dl>
<div role="heading" aria-level="2">How to book <span class="sr-only">(section)</span></div>
<p>Write to us with the date; we answer within two days.</p>
<h2><a href="#room">The room</a> <button class="copy-link">Copy link</button></h2><p>It is on the ground floor.</p></main>""",
    ),
    """Courses All courses take place in the studio and include clay and two firings.
On the wheel Six evenings for beginners. You centre, open and pull a cylinder.
Building by hand Three Saturdays with slabs and coils.
For children One afternoon from the age of six, with one grown-up.
Price 90 euros for adults and 25 euros for children.
How to book Write to us with the date; we answer within two days.
The room It is on the ground floor.""",
    (
        "Courses",
        "On the wheel",
        "Building by hand",
        "For children",
        "Price",
        "How to book",
        "The room",
    ),
)

REFERENCE = WrittenPage(
    "reference with code",
    _page(
        "kilnctl fire",
        """
<div class="document"><div class="body" role="main"><section id="kilnctl-fire"><h1>kilnctl fire</h1>
<p>Start a firing with a programme.</p><h2>Synopsis</h2>
<figure class="highlight"><pre><code class="language-bash" data-lang="bash">kilnctl fire PROGRAMME <span class="o">[</span>--delay MINUTES<span class="o">]</span></code></pre></figure>
<h2>Options</h2><dl class="option"><dt><code>--delay MINUTES</code></dt><dd><p>Wait before the start.</p></dd>
<dt><code>--dry-run</code></dt><dd><p>Print the temperatures and do nothing.</p></dd></dl>
<h2>Exit status</h2><table><thead><tr><th>Code</th><th>Meaning</th></tr></thead><tbody><tr><td>0</td><td>The firing started.</td></tr>
<tr><td>2</td><td>The door is open.</td></tr></tbody></table>
<h2>Example</h2><div class="code-toolbar"><pre class="line-numbers"><code>kilnctl fire bisque<span class="line-numbers-rows"><span></span></span><br>kilnctl status</code></pre><div class="toolbar"><button>Copied!</button></div></div>
</section></div><div class="sphinxsidebar" role="navigation"><h3>Contents</h3><ul><li><a href=#>kilnctl fire</a></li></ul></div></div>""",
    ),
    """kilnctl fire Start a firing with a programme.
Synopsis kilnctl fire PROGRAMME [--delay MINUTES]
Options --delay MINUTES Wait before the start. --dry-run Print the temperatures and do nothing.
Exit status Code Meaning 0 The firing started. 2 The door is open.
Example kilnctl fire bisque kilnctl status""",
    ("kilnctl fire", "Synopsis", "Options", "Exit status", "Example"),
)

PAGES = (
    DOCS,
    REFERENCE,
    ACCORDION,
    HIDDEN_ANSWERS,
    TABS,
    COMPARISON,
    DEFINITIONS,
    OLD_PAGE,
    LAYOUT_TABLE,
    CONSENT,
    BLOG,
    PRODUCT,
    NOSCRIPT_TWIN,
    NOSCRIPT_ONLY,
    BARE_MAIN,
    LINKED_HEADINGS,
)
