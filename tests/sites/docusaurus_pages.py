"""What readers of the site in tests/sites/docusaurus see, page by page, as Docusaurus shows it."""

from dataclasses import dataclass
from pathlib import Path

SITE = Path(__file__).parent / "docusaurus"
BASE_URL = "https://docs.hearthgate.example"


@dataclass(frozen=True)
class Expected:
    """One published page.

    Attributes:
        file: its source in the site's folder.
        title: its title.
        headings: the headings above its passages, in order; "" for words before the first heading,
            and ' > ' between a heading and those above it.
        shown: texts of the page in the order in which readers see them, outside of code.
        values: sentences with the values of expressions such as {port}.
        hidden: what is in the source, and readers never see.
        code: its blocks of code, complete.
        signs: texts that look like signs of MDX, and are words of the page.
        edited: a sentence of a single line of the source, which an edit changes.
        spliced: such a sentence whose passage also has words of a partial.
    """

    file: str
    title: str
    headings: tuple[str, ...]
    shown: tuple[str, ...]
    edited: str
    values: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    spliced: str = ""


SAFETY = (
    "Mains voltage",
    "Only an electrician may open the meter cabinet. Switch off the main breaker first.",
    "The safety hotline answers day and night at +49 30 5550 112.",
)

PAGES = {
    "docs": Expected(
        "docs/intro.md",
        "What Hearthgate does",
        ("", "What you need", "Where to go next"),
        (
            "It reads the meter every two seconds and decides which device may draw power.",
            "A digital meter with an optical port",
            "A free slot of 36 mm on the rail",
            "Install the box",
            "Twenty minutes with a screwdriver.",
            "Charge your car",
            "Use the sun before the grid.",
            "Rules -> goals",
            "Move your rules to the new version.",
            "The estate plan",
            "serves up to forty flats.",
        ),
        "It reads the meter every two seconds and decides which device may draw power.",
        values=("This page was made for What Hearthgate does 2.x.",),
        hidden=("marketing team", "Remove this comment", "/docs/start/setup", "col--6", "lamp--on"),
    ),
    "docs/start": Expected(
        "docs/01-start/index.md",
        "Start: from box to first reading",
        ("", "How long each step takes"),
        (
            "The first reading appears about half an hour after you open the box.",
            "Unbox",
            "Mount",
            "an electrician",
            "Pair",
        ),
        "Read the pages of this chapter in order.",
        hidden=("01-unboxing", "#pair-a-meter", ":---"),
    ),
    "docs/start/unboxing": Expected(
        "docs/01-start/01-unboxing.md",
        "Unbox the gateway",
        ("", "Check the seal", "Write down the code"),
        (
            "The box holds the gateway, a cable of two metres, an optical head and four screws.",
            "Send it back, or export the serial number and ask us.",
            "A line may also begin with import duties, which we pay for you.",
            "below the words pair me. It has eight digits.",
            "Keep it with your passport.",
        ),
        "A red seal means that the box was opened before you.",
    ),
    "docs/start/setup": Expected(
        "docs/01-start/02-install.mdx",
        "Install the gateway",
        ("", "Choose your system", "Remove it again"),
        (
            "The gateway hangs on the rail of your fuse board.",
            *SAFETY,
            "Debian and Ubuntu",
            "Install the command line tool with apt and log in once.",
            "Fedora",
            "Install the tool with dnf. A restart is not needed.",
            "macOS",
            "On a Mac the tool comes from our tap.",
            "The gateway needs a network cable for the first start.",
            "Stop the service before you delete its folder.",
        ),
        "Stop the service before you delete its folder.",
        spliced="Install the tool with dnf. A restart is not needed.",
        values=("Its web page listens on port 8443.",),
        code=(
            "sudo apt install ./hearthctl.deb\nhearthctl login --port 8443",
            "sudo dnf install ./hearthctl.rpm",
        ),
        hidden=("operating-systems",),
    ),
    "docs/start/pair-devices": Expected(
        "docs/01-start/03-pairing.mdx",
        "Pair your devices",
        ("", "Pair a meter", "Pair a car charger new"),
        (
            "Press Ctrl+P in the app to begin.",
            "Optical head",
            "Put the magnet of the head on the meter's window.",
            "9600",
            "Wireless M-Bus",
            "Type the key of your network operator.",
            "2400",
            "S0 pulse",
            "Wire the two terminals of the counter.",
            "300",
            "Keep the lid open",
            "The lamp blinks while the gateway searches.",
            "Open the charger's menu.",
            "Some chargers call this menu backend.",
            "wss://gateway.local/ocpp/<serial>",
        ),
        "Each device is paired once.",
        signs=("<serial>",),
    ),
    "docs/first-week": Expected(
        "docs/01-start/04-first-week.mdx",
        "Your first week",
        ("", "On the eighth day"),
        (
            "In the first week the gateway only listens.",
            "Why does it not switch anything yet?",
            "Without a week of readings the forecast would be a guess.",
            "Can I watch it learn?",
            "Yes, open the page Forecast.",
            "The gateway sends you a proposal.",
            "What changes",
            "Devices that can wait will wait for the sun.",
            "The freezer",
            "A freezer never waits.",
            "Never put medical devices on a switched socket.",
        ),
        "It shows the error of each day.",
        hidden=("A headline for search engines only", "og:image"),
    ),
    "docs/concepts": Expected(
        "docs/concepts/concepts.mdx",
        "How the gateway thinks",
        ("", "Sources", "Stores"),
        (
            "The gateway balances them every two seconds.",
            "The roof, the grid and the car can all be sources.",
            "A battery is a store, and a tank of hot water is a store too.",
            "Name the store.",
            "Battery",
            "Type its capacity in kilowatt hours.",
            "Tank",
            "Type its volume in litres.",
            "Save the page.",
        ),
        "The roof, the grid and the car can all be sources.",
        hidden=("graph LR",),
    ),
    "docs/concepts/energy-model": Expected(
        "docs/concepts/energy-model.mdx",
        "The energy model",
        ("", "The formula", "Errors"),
        (
            "The forecast of an hour is a weighted mean of the same hour on earlier days.",
            r"\hat{e} = \frac{\sum_i w_i e_i}{\sum_i w_i}",
            "Weights halve every nine days, so that old habits fade.",
            "Most homes see an error of 11 percent for the next hour",
            "Days with guests can be left out by hand.",
            "We measure the mean absolute error of thirty days.",
        ),
        "Weights halve every nine days, so that old habits fade.",
        hidden=("legend", "weight:"),
    ),
    "docs/glossary": Expected(
        "docs/concepts/glossary.md",
        "Glossary",
        ("", "Feed-in", "Ripple control"),
        (
            "Words that this manual uses, and what we mean by them.",
            "Power that flows from your home into the grid.",
            "A signal of the network operator",
            "It is described at https://grid.example/ripple and on www.grid.example/faq.",
            "Standing load",
            "What a home draws at three in the morning.",
        ),
        "Power that flows from your home into the grid.",
    ),
    "docs/guides": Expected(
        "docs/guides/README.md",
        "Guides",
        ("",),
        (
            "Each guide solves one problem of a home and takes less than an hour.",
            "Write to guides@hearthgate.example and name your devices.",
        ),
        "Each guide solves one problem of a home and takes less than an hour.",
    ),
    "docs/guides/solar": Expected(
        "docs/guides/solar.mdx",
        "Use your solar power first",
        ("", "Set the limits of your inverter", "Which plan is enough?"),
        (
            "The lamp is green while the sun is enough.",
            "Fronta",
            "In the app",
            "Open Fronta's page and set the limit to 70 percent.",
            "On the command line",
            "Run the command and wait for the word accepted.",
            "Solvend",
            "Solvend's inverters keep their limit in the fuse board.",
            "Zero feed-in",
            "Some networks allow no feed-in at all. Set the limit to zero there.",
            "Estate",
            "10 years",
            "Most roofs need the Home plan.",
        ),
        "Open Fronta's page and set the limit to 70 percent.",
        hidden=("ask Solvend again", "borderRadius", "25c2a0", "children"),
        code=("hearthctl inverter limit --percent 70",),
    ),
    "docs/guides/ev-charging": Expected(
        "docs/guides/ev-charging.mdx",
        "Charge your car",
        ("", "Pick a mode", "Write your own schedule"),
        (
            *SAFETY,
            "Sun only",
            "The car charges while the roof gives more than 1.4 kilowatts.",
            "Sun and night",
            "The car charges from the sun, and between one and five at night.",
            "Right now",
            "The car charges with full power. This costs most.",
            "A schedule is a file with hours and limits.",
            "A limit below 1.4 kilowatts stops most cars.",
        ),
        "The car charges with full power. This costs most.",
        code=('{\n  "from": "18:00",\n  "limit": 3.7\n}',),
        hidden=("raw-loader", "showLineNumbers", "unique-tabs"),
    ),
    "docs/guides/heat-pump": Expected(
        "docs/guides/heat-pump.mdx",
        "Heat pump: use cheap hours",
        (
            "",
            "Wire the two relays",
            "If the pump does not answer",
            "If the pump does not answer > Factory reset",
        ),
        (
            "The gateway speaks SG Ready, which most heat pumps made since 2013 understand.",
            "Relay one lifts the hot water by five degrees.",
            "Relay two blocks the pump for at most two hours.",
            "Colours of the cable",
            "Brown is relay one and white is relay two.",
            "Then reset the gateway.",
            "until the lamp goes out.",
            "All rooms and rules are deleted.",
        ),
        "Relay two blocks the pump for at most two hours.",
        values=(
            "Begin with the mode Eco.",
            "Hold the side button of the HG-2 for 15 seconds until the lamp goes out.",
        ),
        hidden=("Children", "props.", "others", "Spliced into"),
    ),
    "docs/guides/2.0-upgrade": Expected(
        "docs/guides/2.0-upgrade.mdx",
        "Upgrade to 2.0",
        (
            "",
            "Back up first",
            "Back up first > Copy to a card",
            "Back up first > Copy over the network",
            "Change your settings",
            "What was removed",
        ),
        (
            "Version 2.0 replaces rules by goals. Your rules are kept for a year.",
            "A backup takes less than <5 minutes> on most gateways.",
            "Memory card",
            "Put an empty card into the slot and press the button twice.",
            "Network share",
            "Only with SMB 3",
            "Old shares are refused.",
            "The rule editor of the web page",
            "The old port answered without a password.",
            "Support for the meter HG-Pulse",
        ),
        "Put an empty card into the slot and press the button twice.",
        signs=("<5 minutes>",),
        code=(
            '- [rules]\n- night = "charge"\n+ [goals]\n+ car_full_at = "07:00"',
            '[goals]\ncar_full_at = "07:00"',
        ),
    ),
    "docs/cli": Expected(
        "docs/02_cli/index.mdx",
        "The command line: hearthctl",
        ("", "Log in", "Exit codes"),
        (
            "Everything that the app can do, hearthctl can do. All commands have their own page.",
            "The tool keeps a key for ninety days.",
            "Press Esc to leave a menu.",
            "The tool ends with 0 when all went well, with 2 for a wrong argument",
        ),
        "The tool ends with 0 when all went well, with 2 for a wrong argument and with 7 when "
        "the gateway does not answer.",
        code=("npm install --global hearthctl",),
        hidden=("require(", "Clock", "maxHeadingLevel", "cli.login"),
    ),
    "docs/cli/commands": Expected(
        "docs/02_cli/1-commands.mdx",
        "Commands",
        ("", "hearthctl meter list", "hearthctl export", "hearthctl goal set <goal>"),
        (
            "Commands have a noun and a verb, such as meter list.",
            "Lists every meter with its last reading.",
            "table | json",
            "<time>",
            "{name}",
            "Braces {like these} and a sign <like this> are kept in names.",
            "Bash",
            "PowerShell",
            "Sets a goal. The values of <goal> are cost, carbon and comfort.",
        ),
        "Lists every meter with its last reading.",
        signs=("<time>", "{name}", "{like these}", "<like this>", "<goal>"),
        code=(
            'hearthctl export --room "{kitchen}" > <file>\nimport csv from here',
            "hearthctl export --room '{kitchen}' | Out-File week.csv",
        ),
    ),
    "docs/contribute/writing-pages": Expected(
        "docs/contribute/writing-pages.mdx",
        "Write pages for this manual",
        (
            "",
            "Callouts",
            "Tabs and partials",
            "Live examples",
            "Headings with signs: {port} and <Tabs>",
        ),
        (
            "Pages are Markdown with components.",
            "Write three colons, a kind and a title.",
            "Begin the file with its imports.",
            "A live block runs in the reader's browser.",
            "Good",
            "Say what the reader has to press.",
            "Bad",
            "It is possible to consider pressing something.",
            "Signs in code marks are words of the heading.",
        ),
        "Keep sentences short and name the device first.",
        signs=("{port}", "<Tabs>"),
        code=(
            ":::tip Before you start\n\nImport nothing twice.\n\n:::",
            "import Tabs from '@theme/Tabs';\nimport Note from './_note.mdx';\n\n"
            "export const port = 8443;\n\n"
            '<Tabs groupId="os">\n  <TabItem value="a" label="A">{port}</TabItem>\n</Tabs>\n\n'
            "```bash\nhearthctl login\n```\n\n### A heading {#with-an-id}",
            "function Lamp() {\n  // This comment stays in the example.\n"
            '  return <span className="lamp">on</span>;\n}\nrender(<Lamp />);',
        ),
    ),
    "docs/api": Expected(
        "docs/api/overview.mdx",
        "API: readings, goals and devices",
        ("", "Ask for readings", "Pages of results"),
        (
            "The API speaks JSON over HTTPS. All paths begin with",
            "Readings of a room are at GET /api/v2/rooms/{room}/readings.",
            "cURL",
            "Use the option for the certificate on the first call.",
            "Python",
            "The client checks the certificate for you.",
            "A result holds at most 500 readings.",
        ),
        "Use the option for the certificate on the first call.",
        values=("All paths begin with /api/v2.",),
        hidden=("old API had offsets", "Offsets"),
        signs=("{room}",),
        code=(
            "curl https://gateway.local:8443/api/v2/rooms/kitchen/readings",
            "from hearthgate import Gateway  # the client is on the package index\n\n"
            'gateway = Gateway("https://gateway.local:8443")\n'
            'print(gateway.readings(room="kitchen"))',
        ),
    ),
    "docs/api/authentication": Expected(
        "docs/api/authentication.mdx",
        "Authentication",
        ("", "Make a key", "Scopes", "Rotate a key"),
        (
            "Every call needs a key.",
            "Open Settings, choose Keys and press New key. The key is shown once.",
            "Its form follows the open standard.",
            "Keys are passwords",
            "Whoever has the key can switch your heating.",
            "readings and forecasts",
            "switching of devices",
            "Make the new key a week before, and delete the old key after that.",
        ),
        "Whoever has the key can switch your heating.",
        hidden=("shadow--md", "#keys-are-passwords", "standards.example"),
    ),
    "docs/api/events": Expected(
        "docs/api/webhooks.mdx",
        "Webhooks",
        ("", "Check the signature", "When your server is down"),
        (
            "A webhook calls your server when something happens in the home.",
            "Use tabs for your language",
            "Node.js",
            "Compare in constant time with the function of the crypto module.",
            "Go",
            "Compare with the function of the subtle package.",
            "The gateway tries again after 1, 5 and 30 minutes. Then the event is dropped.",
        ),
        "The gateway tries again after 1, 5 and 30 minutes. Then the event is dropped.",
        hidden=("events.map", "event.id", "=>"),
    ),
    "docs/Expert/Modbus": Expected(
        "docs/03 - Expert/01 - Modbus.mdx",
        "Modbus: the gateway's registers",
        ("", "Read a register", "Write a register"),
        (
            "Modbus is open between 9:30 and 17:45 on weekdays.",
            "This line is indented by four spaces and is no code in MDX.",
            "Registers are read with function 3.",
            "Choose your client:",
            "Windows & WSL",
            "Start the client as an administrator.",
            "The line needs a resistor of 120 ohms.",
            "at the first device",
            "at the last device",
            'The shell, "as root"',
            "Is root needed?",
            "Only for ports below 1024.",
            "Read register 40001.",
            "About unit and speed",
            "40001 | power in watts | 0 | 65535",
            "cost",
            "carbon",
            "Good to know: Values are lost when the power fails.",
            "See the limits first",
            "A write takes effect after two seconds.",
        ),
        "This line is indented by four spaces and is no code in MDX.",
        spliced="A write takes effect after two seconds.",
        values=("Press F2 or Esc to leave the menu.",),
        hidden=("tab-win", "require(", "expert", "unit = 7", "terminals.svg"),
        code=("[line]\nspeed = 9600", "register: 40002\nvalue: 1"),
    ),
    "docs/app/notifications": Expected(
        "docs/app/notifications.mdx",
        "What's loud, and what isn't",
        ("", "Kinds of notifications", "Silence a device"),
        (
            "Notifications are quiet between ten and seven.",
            "Loss of the meter",
            "A door of the fuse board that is open",
            "only with the sensor HG-Door",
            "Swipe the device to the left and press Silence.",
        ),
        "You can change the hours for each person.",
        hidden=("truncate this list", "prettier-ignore", "lamp.svg"),
    ),
    "docs/app/offline": Expected(
        "docs/app/offline.mdx",
        "Work without internet",
        ("", "What the app can do then"),
        (
            "The gateway keeps working when your line is down.",
            "Away from home it shows the last state.",
            "What is not lost: goals",
            "Goals are on the gateway, so they stay.",
        ),
        "Only the weather forecast is missing.",
    ),
    "docs/troubleshooting": Expected(
        "docs/troubleshooting.mdx",
        "Troubleshooting",
        ("", "The lamp is red", "The lamp is out", "Nothing helps > Factory reset"),
        (
            "Look at the lamp first, because its colour names the cause.",
            "The meter was found before",
            "Clean the window of the meter with a dry cloth.",
            "The meter was never found",
            "Ask the network operator to open the optical port.",
            "Check the breaker of the fuse board.",
            "The safety hotline answers day and night at +49 30 5550 112.",
            "until the lamp goes out.",
            "The meter's readings stay on the card.",
        ),
        "Clean the window of the meter with a dry cloth.",
        values=("Hold the top button of the HG-1 for 12 seconds until the lamp goes out.",),
        code=("meter: none\nport: closed",),
    ),
    "docs/reference/status-lights": Expected(
        "docs/reference/status-lights.mdx",
        "Colours of the lamp and what they mean",
        ("", "Turn the lamp off"),
        (
            "The lamp has three colours and two rhythms.",
            "green",
            "lamp | grep ok",
            "all is well",
            "amber",
            "an update is being installed",
            "lamp --why",
            "the meter is missing",
            "The lamp can be dimmed to zero at night.",
        ),
        "Errors still blink once a minute.",
        hidden=("color:", "terminals.svg", "window.alert"),
    ),
    "docs/reference/limits": Expected(
        "docs/reference/limits.md",
        "Limits",
        ("", "Readings", "Speed of the API"),
        (
            "A gateway serves up to",
            "Readings of two seconds are kept for a day, readings of a minute for two years.",
            "More calls get the status 429.",
        ),
        "Readings of two seconds are kept for a day, readings of a minute for two years.",
        hidden=("since 2.1",),
        values=(
            "A gateway serves up to 64 devices and 24 rooms.",
            "The API answers 600 calls a minute.",
        ),
    ),
    "blog/2025/03/14/cheaper-nights": Expected(
        "blog/2025-03-14-cheaper-nights.mdx",
        "Nights are cheaper than you think",
        ("", "What we measured", "What you can do"),
        (
            "The night price fell by a fifth last winter.",
            "We compared 1,200 homes before and after the change.",
            "My car was full at four, and I slept.",
            "Set the goal cost. The gateway does the rest.",
        ),
        "Half of our users did not notice.",
        hidden=("truncate",),
    ),
    "blog/2025/06/02/summer-release": Expected(
        "blog/2025-06-02-summer-release/index.md",
        "The summer release: goals instead of rules",
        ("", "Three goals"),
        (
            "Goals say what you want, not how.",
            "Cost, carbon and comfort can be mixed with a slider.",
            "Rules are gone. Rules are kept until June 2026.",
        ),
        "Cost, carbon and comfort can be mixed with a slider.",
        hidden=("truncate", "~~"),
    ),
    "blog/local-first": Expected(
        "blog/why-local.md",
        "Why your data stays at home",
        ("", "What we do see"),
        (
            "Your readings never leave the gateway unless you send them.",
            "We see the version of your gateway when it asks for an update.",
        ),
        "We see the version of your gateway when it asks for an update.",
        hidden=("truncate",),
    ),
    "privacy": Expected(
        "src/pages/privacy.mdx",
        "Privacy",
        ("", "Delete your account"),
        (
            "We store your name, your address and the serial number of your gateway.",
            "We delete your account within ten days. See also the imprint.",
        ),
        "We store your name, your address and the serial number of your gateway.",
        hidden=("/legal/imprint",),
    ),
    "legal/imprint": Expected(
        "src/pages/legal/imprint.md",
        "Imprint",
        ("", "Responsible for the content"),
        (
            "Hearthgate GmbH has its seat in Graz. Its register number is FN 555111.",
            "Mira Lindqvist, at the address of the company.",
        ),
        "Hearthgate GmbH has its seat in Graz.",
    ),
    "de/docs/start/setup": Expected(
        "i18n/de/docusaurus-plugin-content-docs/current/01-start/02-install.mdx",
        "Das Gateway einbauen",
        ("", "System wählen"),
        (
            "Das Gateway sitzt auf der Hutschiene im Sicherungskasten.",
            "Vor dem Anfang",
            "Schalten Sie die Hauptsicherung aus.",
            "Debian und Ubuntu",
            "Das Werkzeug wird mit apt eingerichtet.",
            "macOS",
            "Auf dem Mac kommt es aus unserem Verzeichnis.",
        ),
        "Das Werkzeug wird mit apt eingerichtet.",
    ),
    "de/privacy": Expected(
        "i18n/de/docusaurus-plugin-content-pages/privacy.mdx",
        "Datenschutz",
        ("", "Konto löschen"),
        (
            "Wir speichern Namen, Anschrift und Seriennummer.",
            "Schreiben Sie uns. Wir löschen das Konto in zehn Tagen.",
        ),
        "Wir löschen das Konto in zehn Tagen.",
    ),
}
# This page shows cards of other pages only, so it has no words of its own.
CARDS_ONLY = "docs/app"
