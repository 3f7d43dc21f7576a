"""Twelve pages in the manner of sites in MDX: Docusaurus, Mintlify, Nextra, Starlight, Fumadocs."""

DOCUSAURUS = {
    "start/install.mdx": """---
id: install
title: Install the hub
slug: /begin/install
sidebar_position: 2
---
import Tabs from '@theme/Tabs';
import TabItem from '@theme/TabItem';
import Power from './_power.mdx';

export const port = 8080;

The hub needs a board with 1 GB of memory and answers on port 8080.

:::caution Before you begin

Write down the serial number, because support asks for it.

:::

## Pick your board {#boards}

<Tabs groupId="board">
  <TabItem value="arm" label="Arm boards">

Flash the image with `dd if=hub.img of=/dev/sda` and boot twice.

  </TabItem>
  <TabItem value="intel">

Start the installer with `sudo ./hub-install`, one boot is enough.

  </TabItem>
</Tabs>

<Power />

## Take it off again {/* #take-off */}

Stop the service, then delete `/opt/hub`.
""",
    "start/_power.mdx": """---
draft: true
---
The hub draws {props.watts} four watts. Never unplug it while the green light blinks.
""",
    "guides/sensors.mdx": """---
title: Pair a sensor
---

import React, {useState} from 'react';
import Tabs from '@theme/Tabs';
import TabItem from '@theme/TabItem';
import CodeBlock from '@theme/CodeBlock';
import source from '!!raw-loader!./pair.js';

export const Range = ({metres}) => {
  const [open, setOpen] = useState(false);

  return (
    <button onClick={() => setOpen(!open)}>
      It's {metres} m
    </button>
  );
};

<head>
  <title>Pair a sensor, step by step</title>
  <meta name="keywords" content="pairing" />
</head>

It pairs within <Range metres={30} /> thirty metres of the hub, in {frontMatter.version} or later.

import your old sensors later, they keep their names.

1. Press the button of the sensor for five seconds.

   <Tabs
     defaultValue="app"
     values={[
       {label: 'In the app', value: 'app'},
       {label: 'On the wall panel', value: 'panel'},
     ]}>
     <TabItem value="app">Tap **Add**, then *Sensor*.</TabItem>
     <TabItem value="panel">Hold the plus sign.</TabItem>
   </Tabs>

2. Wait for the tone.

   :::note

   No tone means no radio: move closer.

   :::

3. Name the sensor.

## Pair it by script

```js title="src/pair.js" {2-3} showLineNumbers
const hub = connect();
// highlight-next-line
hub.pair("door");
```

<CodeBlock language="js">{source}</CodeBlock>

```mdx-code-block
<BrowserWindow url="http://hub.local">
```

The page lists the sensor within a minute.

```mdx-code-block
</BrowserWindow>
```

<DocCardList />
""",
    "guides/alarms.md": """---
title: Set an alarm
---

# Set an alarm

::::info[When does an alarm *sound*?]

An alarm sounds as soon as two sensors agree.

:::tip

A single sensor only sends a message.

:::

Silence it with the red key.

::::

<!-- truncate -->

| alarm | delay | rule |
|-------|-------|------|
| water | none | `wet \\| dry` |
| door | 30 s | after ten at night[^night] |

- [x] Test the siren once a month.
- [ ] Replace the battery every ~~three~~ two years.

[^night]: Ten at night is 22:00 in the time zone of the hub.

<details>
  <summary>Why is there a delay?</summary>

  The delay lets you reach the panel.

</details>

## Alarms by mail \\{#mail}

Mails leave the hub through your own server.
""",
    "reference/limits.mdx": """---
title: Limits
---

{/* All figures are measured. */}

<div className="lead" style={{fontSize: '1.2em', color: "grey"}}>
  <p>A hub holds up to 200 sensors.</p>
</div>

<table>
  <thead><tr><th>Kind</th><th>Most</th></tr></thead>
  <tbody>
    <tr><td>Rooms</td><td>64</td></tr>
    <tr><td>Rules</td><td>500<br/>per room</td></tr>
  </tbody>
</table>

{Object.keys(limits).map((name) => (
  <li key={name}>{limits[name]}</li>
))}

A limit of `{rooms}` is set in <kbd>Settings</kbd>, where a &lt; b holds.
""",
}
MINTLIFY = {
    "quickstart.mdx": """---
title: "Quickstart"
description: "Read your first value in five minutes"
---

import Keys from "/snippets/keys.mdx";

<Steps>
  <Step title="Make a key">
    Open **Settings** and make a key.

    <Warning>
      The key is shown once.
    </Warning>

    <CodeGroup>

    ```bash npm
    npm install hub-client
    ```

    ```bash pip
    pip install hub-client
    ```

    </CodeGroup>
  </Step>
  <Step title="Read a value">
    Call `GET /values` with the key in the header.
  </Step>
</Steps>

<Keys />
""",
    "snippets/keys.mdx": """<Note>Keys end after ninety days without use.</Note>
""",
    "api/values.mdx": """---
title: "List values"
api: "GET /values"
---

<ParamField query="since" type="string" required>
  The first moment of the values, as a date.
</ParamField>
<ParamField header="X-Hub-Key" type="string">
  The key of the hub.
</ParamField>

<ResponseField name="items" type="array">
  The values.
  <Expandable title="properties of a value">
    <ResponseField name="sensor" type="string">The name of the sensor.</ResponseField>
  </Expandable>
</ResponseField>

<RequestExample>

```bash
curl https://hub.example/values
```

</RequestExample>
""",
    "help.mdx": """---
title: Help
---

<AccordionGroup>
  <Accordion title="Does the hub work without the internet?" icon="wifi" defaultOpen={true}>
    Yes. Rules run on the hub itself.

    - Mails wait until the line is back.
    - Values are kept for a week.
  </Accordion>
  <Accordion title="Which radio does it use?">
    It uses 868 MHz, as <Tooltip tip="a standard of the building trade">KNX-RF</Tooltip> does.
  </Accordion>
</AccordionGroup>

<CardGroup cols={2}>
  <Card title="Ask us" icon="mail" href="/contact">
    We answer within a day.
  </Card>
  <Card title="Read the forum" href="https://forum.example" />
</CardGroup>

<Frame caption="The hub from behind">
  <img src="/back.png" style={{ borderRadius: '0.5rem' }} />
</Frame>
""",
}
NEXTRA = {
    "docs/updates.mdx": """import { Callout, Tabs, FileTree } from 'nextra/components'

# Update the hub

<Callout type="warning" emoji="!">
  An update takes ten minutes, **do not unplug** the hub.
</Callout>

<Tabs items={['Stable', 'Beta']} storageKey="channel">
  <Tabs.Tab>
    Stable updates come four times a year.
  </Tabs.Tab>
  <Tabs.Tab>
    Beta updates come every week.
  </Tabs.Tab>
</Tabs>

<FileTree>
  <FileTree.Folder name="backup" defaultOpen>
    <FileTree.File name="rules.json" />
  </FileTree.Folder>
</FileTree>

## Go back

    Choose the version before in the menu.
""",
    "docs/radio.mdx": """---
title: The radio
---

import { Cards, Steps } from 'nextra/components'
import { RadioIcon } from '@components/icons'

export const metadata = {
  title: 'The radio',
  other: { robots: 'index' }
}

# The radio [#radio]

> [!WARNING]
>
> A metal box keeps every wave inside.

<Steps>
### Choose a channel [!toc]

Channel **eleven** is the quietest in most houses.

### Measure the reach

Walk around with the door sensor until it stays silent.
</Steps>

<Cards num={2}>
  <Cards.Card icon={<RadioIcon />} title="Repeat the signal" href="/docs/repeat" arrow />
  <Cards.Card title="List of channels" href="/list">Which country allows which.</Cards.Card>
</Cards>

<details>
  <summary>Why is channel one loud?</summary>

  Most routers leave the factory on channel one.
</details>
""",
    "docs/repeat.mdx": """import { Bleed, Callout, Table } from 'nextra/components'
import Reach from './_reach.mdx'

# Repeat the signal

<Callout type="error" emoji="x">
  Two repeaters in one room **disturb** each other.
</Callout>

<Reach metres={30} />

<Bleed full>
  ![A plan of three floors](/plan.png)
</Bleed>

<Table>
  <thead>
    <Table.Tr><Table.Th>Wall</Table.Th><Table.Th>Loss</Table.Th></Table.Tr>
  </thead>
  <tbody>
    <Table.Tr><Table.Td>brick</Table.Td><Table.Td>half</Table.Td></Table.Tr>
  </tbody>
</Table>

```sh filename="hub.sh" copy {1}
hub repeat --room cellar
```
""",
    "docs/_reach.mdx": "A repeater reaches {props.metres} metres in the open.\n",
}
STARLIGHT = {
    "src/content/docs/rules.mdx": """---
title: Write a rule
---
import { Aside, Card, CardGrid, Steps, Tabs, TabItem } from '@astrojs/starlight/components';
import Figure from '../../components/Figure.astro';

<Aside type="tip" title="Short rules win">
Rules with one condition are the fastest.
</Aside>

<Steps>

1. Name the rule.

2. Choose a condition:

   <Tabs syncKey="kind">
   <TabItem label="Time">Every day at **seven**.</TabItem>
   <TabItem label="Value">Above a value.</TabItem>
   </Tabs>

3. Save it.

</Steps>

<CardGrid stagger>
	<Card title="Share rules" icon="star">
		Send a rule to a friend as a file.
	</Card>
	<LinkCard title="All conditions" description="A list of forty conditions." href="/all/" />
</CardGrid>

<Figure
  src={`/img/${name}.png`}
  render={() => {
    return <b>{"}"}</b>;
  }}
/>

:::danger{title="Loops"}
A rule that starts itself never ends.
:::
""",
    "src/content/docs/scenes.mdx": """---
title: Scenes
description: What a scene is.
sidebar:
  order: 2
  badge: { text: New, variant: tip }
---

import { Aside, Badge, Steps, LinkButton, FileTree, Icon } from '@astrojs/starlight/components';
import { version } from '../../../package.json';
import Lamp from '../../components/Lamp.astro';

A scene <Badge text="Since 3.1" variant="note" /> sets many lamps at once.

<Aside type="caution" title="Not for alarms">
  A scene never switches a siren.
</Aside>

<Steps>

1. Set each lamp by hand.

2. Press **Keep as scene**:

   <Icon name="star" /> The star lights up.

</Steps>

<FileTree>

- scenes/
  - evening.json the scene of the evening
  - **morning.json**
  - …

</FileTree>

<Lamp client:load />

<LinkButton href="/start/" variant="primary" icon="right-arrow">Make the first scene</LinkButton>
""",
    "src/content/docs/voice.mdx": """---
title: Voice
tableOfContents: false
---

import { Tabs, TabItem, CardGrid, LinkCard } from '@astrojs/starlight/components'

:::danger[Mind the neighbours]
Who shouts through the window opens the door as well.
:::

<Tabs syncKey="lang">
  <TabItem label="In English" icon="comment">
    Say *hub, lights on*.
  </TabItem>
  <TabItem label="In German">Say *Hub, Licht an*.</TabItem>
</Tabs>

<CardGrid stagger>
	<LinkCard
		title="Teach it words"
		description="Up to fifty words of your own."
		href="/voice/words/"
	/>
</CardGrid>

```js title="voice.js" ins={2} "say"
const hub = connect();
hub.say('hello');
```
""",
}
FUMADOCS = {
    "content/backup.mdx": """---
title: Back up
---
import { Tab, Tabs } from 'fumadocs-ui/components/tabs';
import { TypeTable } from 'fumadocs-ui/components/type-table';

A backup holds rules and names{' '}
and no values.

<Tabs items={["USB", "Cloud"]}>
<Tab value="USB">Plug in a stick of 1 GB.</Tab>
<Tab value="Cloud">Give the address of your store.</Tab>
</Tabs>

<TypeTable
  type={{
    path: { type: 'string', default: '"/"' },
  }}
/>

<include>../shared/restore.mdx</include>
""",
    "shared/restore.mdx": "To restore, hold the **reset key** while the hub starts.\n",
    "content/energy.mdx": """---
title: Energy
description: How much it uses.
icon: Plug
---

import { Accordion, Accordions } from 'fumadocs-ui/components/accordion';
import { TypeTable } from 'fumadocs-ui/components/type-table';

<Callout title="A cheap night" type="info">
Between one and five the tariff is half.
</Callout>

## Settings [#energy-settings]

<TypeTable
  type={{
    limit: {
      description: 'The most watts before it warns.',
      type: 'number',
      default: 2000,
    },
  }}
/>

<Accordions type="single">
  <Accordion title="Does it count solar panels?" id="solar">

Yes, panels count as negative use.

  </Accordion>
</Accordions>

```json tab="hub.json"
{ "limit": 2000 }
```

```yaml tab="hub.yaml"
limit: 2000
```
""",
    "content/move.mdx": """---
title: Move to a new hub
---

import { Step, Steps } from 'fumadocs-ui/components/steps';
import { File, Folder, Files } from 'fumadocs-ui/components/files';

<include>../shared/keep.mdx</include>

<Steps>
<Step>

### Write down the names

The new hub asks for each name once.

</Step>
<Step>

### Switch the old hub off

Both at once answer twice.

</Step>
</Steps>

<Files>
  <Folder name="backup" defaultOpen>
    <File name="rooms.json" />
  </Folder>
</Files>

<Cards>
  <Card href="/docs/backup" title="Make a backup">Takes a minute.</Card>
</Cards>
""",
    "shared/keep.mdx": "Keep the old hub until the new one has answered for a day.\n",
}
# Files that are included by others are no pages.
PARTIALS = {"./_power.mdx": DOCUSAURUS.pop("start/_power.mdx")} | {
    "/snippets/keys.mdx": MINTLIFY.pop("snippets/keys.mdx"),
    "../shared/restore.mdx": FUMADOCS.pop("shared/restore.mdx"),
    "../shared/keep.mdx": FUMADOCS.pop("shared/keep.mdx"),
    "./_reach.mdx": NEXTRA.pop("docs/_reach.mdx"),
}
PAGES = DOCUSAURUS | MINTLIFY | NEXTRA | STARLIGHT | FUMADOCS
