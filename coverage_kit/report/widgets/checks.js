// Shows the question that the kernel names in `shown`, and sends back what a person does with it.
// Every text is set as text, never as markup.

// The kernel answers within this time, or is busy or gone. Assumed.
const PATIENCE_MS = 4000;
// A note is saved when nobody has typed for so long. Assumed.
const TYPING_MS = 500;

function add(parent, tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

function addButton(parent, text, keys, act) {
  const button = add(parent, "button", "", text);
  button.type = "button";
  button.setAttribute("aria-keyshortcuts", keys);
  button.addEventListener("click", act);
  return button;
}

function addPassage(parent, passage, number) {
  const section = add(parent, "section", "passage");
  section.setAttribute("aria-label", `Passage ${number}`);
  const title = add(section, "p", "path");
  const link = add(title, passage.url ? "a" : "b", "", passage.heading);
  if (passage.url) {
    link.href = passage.url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  const text = add(section, "div", "text");
  // A text that is longer than its box scrolls, so the keyboard must reach it.
  text.tabIndex = 0;
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", `Text of passage ${number}`);
  for (const [words, isMarked] of passage.parts) add(text, isMarked ? "mark" : "span", "", words);
}

function render({ model, el }) {
  const root = add(el, "div", "question-checks");
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Check questions");
  const head = add(root, "div", "head");
  const progress = add(head, "span", "state");
  progress.setAttribute("role", "status");
  const bar = add(head, "progress");
  bar.setAttribute("aria-label", "questions checked");
  const failure = add(root, "p", "failure");
  failure.setAttribute("role", "alert");
  const done = add(root, "p", "done");
  const live = add(root, "div");
  live.setAttribute("aria-live", "polite");
  const number = add(live, "p", "quiet");
  const question = add(live, "p", "question");
  const passages = add(root, "div", "passages");
  const choices = add(root, "div", "choices");
  choices.setAttribute("role", "group");
  choices.setAttribute("aria-label", "Does your site answer this question?");
  const row = add(root, "div", "row");
  const label = add(row, "label", "note", "Note ");
  const note = add(label, "input");
  note.type = "text";
  note.maxLength = 2000;
  note.placeholder = "key n: what is missing, or which page answers";
  const hint = add(root, "p", "hint");

  let shown = model.get("shown");
  let waiting = 0;
  let typing = 0;

  function warn() {
    failure.textContent =
      "The notebook does not answer, so the last choice may not be saved. " +
      "Wait until its other cells have run. If that does not help, run this cell again.";
  }
  function send(what) {
    clearTimeout(waiting);
    waiting = setTimeout(warn, PATIENCE_MS);
    try {
      model.send({ query_id: shown.query_id, ...what });
    } catch {
      warn(); // the kernel is gone
    }
  }
  function sendNote() {
    clearTimeout(typing);
    typing = 0;
    send({ act: "note", note: note.value });
  }
  function finishNote() {
    if (typing) sendNote();
  }
  function choose(index) {
    clearTimeout(typing);
    typing = 0;
    send({ act: "choose", choice: shown.choices[index].name, note: note.value });
  }
  function move(step) {
    finishNote();
    send({ act: "move", step });
  }
  function undo() {
    finishNote();
    send({ act: "undo" });
  }

  const buttons = shown.choices.map((choice, index) => {
    const button = addButton(choices, "", String(index + 1), () => choose(index));
    const name = add(button, "span", "name");
    add(name, "kbd", "", String(index + 1));
    add(name, "span", "", ` ${choice.name}`);
    add(button, "span", "meaning", choice.meaning);
    return button;
  });
  const back = addButton(row, "← previous", "ArrowLeft", () => move(-1));
  const forward = addButton(row, "next →", "ArrowRight", () => move(1));
  const takeBack = addButton(row, "undo (u)", "u Backspace", undo);

  function draw() {
    clearTimeout(waiting);
    const before = shown;
    shown = model.get("shown");
    progress.textContent = shown.progress;
    bar.max = shown.n_questions;
    bar.value = shown.n_checked;
    failure.textContent = shown.failure;
    done.textContent = shown.done;
    number.textContent = `Question ${shown.position + 1} of ${shown.n_questions}`;
    question.textContent = shown.text;
    // Of the same question, passages stay as they were scrolled, and the note as it is typed.
    if (before.query_id !== shown.query_id || !passages.childElementCount) {
      passages.replaceChildren();
      shown.passages.forEach((passage, index) => addPassage(passages, passage, index + 1));
      if (!shown.passages.length) add(passages, "p", "quiet", "No passage of your site is near.");
      note.value = shown.note;
    }
    buttons.forEach((button, index) => {
      const isChosen = shown.choices[index].name === shown.choice;
      button.setAttribute("aria-pressed", String(isChosen));
    });
    // A button that is disabled would lose the focus, and with it the keys.
    back.setAttribute("aria-disabled", String(shown.position === 0));
    forward.setAttribute("aria-disabled", String(shown.position === shown.n_questions - 1));
    takeBack.setAttribute("aria-disabled", String(!shown.can_undo));
  }
  function drawHint() {
    const hasKeys = root.contains(document.activeElement);
    hint.className = hasKeys ? "hint quiet" : "hint";
    hint.textContent = hasKeys ? shown.hint : "Click the question to use the keys 1 to 4.";
  }

  note.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(sendNote, TYPING_MS);
  });
  note.addEventListener("change", finishNote);
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // The notebook has keys of its own: 1 would make a heading of the cell, and d d delete it.
    if (event.key !== "Tab" && (event.key !== "Escape" || event.target === note)) {
      event.stopPropagation();
    }
    if (event.target === note) {
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        root.focus();
      }
      return;
    }
    // Some keyboards have the digits above other signs, so the place of a key counts too.
    const act = keys[event.key.toLowerCase()] || keys[event.code.replace("Digit", "")];
    if (!act) return;
    event.preventDefault();
    // A key that is held down counts once.
    if (!event.repeat) act();
  });
  const keys = {
    1: () => choose(0),
    2: () => choose(1),
    3: () => choose(2),
    4: () => choose(3),
    u: undo,
    backspace: undo,
    arrowleft: () => move(-1),
    arrowright: () => move(1),
    n: () => note.focus(),
  };
  root.addEventListener("focusin", drawHint);
  root.addEventListener("focusout", () => setTimeout(drawHint));
  model.on("change:shown", draw);
  draw();
  drawHint();
  return () => {
    finishNote();
    clearTimeout(waiting);
    model.off("change:shown", draw);
  };
}

export default { render };
