// The playground: puts the parts together. What a run brings is shown by output.js, result.js, artifacts.js and problem.js.
import { About } from "./about.js";
import { Artifacts } from "./artifacts.js";
import { button, byId, copyText, h } from "./dom.js";
import { Editor } from "./editor.js";
import { examples } from "./examples.js";
import { bytes, clockText, count, duration } from "./format.js";
import * as history from "./history.js";
import { Inputs } from "./inputs.js";
import { Output } from "./output.js";
import { markOf, shortOf, showProblem } from "./problem.js";
import { Result } from "./result.js";
import { execute, hasKey, isPossibleKey, setKey } from "./service.js";
import { LINK_LONG, LINK_MAX, linkOf, stateOf } from "./share.js";
import { startTheme } from "./theme.js";

const CLOCK_MS = 100;
const DRAFT_MS = 400;

const output = new Output();
const result = new Result();
const artifacts = new Artifacts();
let running = null; // the AbortController of the run that is on
let isLoading = true; // a change of the script or its inputs is ours

/* ---- what is written ---- */

let draftTimer = 0;
function onEdit() {
  if (isLoading) return;
  clearTimeout(draftTimer);
  draftTimer = setTimeout(() => history.keepDraft(editor.text, inputs.state), DRAFT_MS);
  // What is in the page is no longer what the link says.
  if (location.hash.startsWith("#s=")) window.history.replaceState(null, "", location.pathname + location.search);
}

const editor = new Editor(byId("script"), { run, change: onEdit });
const inputs = new Inputs(onEdit);

function load(script, state, message) {
  clearTimeout(draftTimer);
  isLoading = true;
  editor.load(script);
  inputs.state = state;
  isLoading = false;
  if (message) say(message);
}

/* ---- what is said ---- */

function say(text, kind = "") {
  const status = byId("status");
  status.textContent = text;
  status.dataset.kind = kind;
}

function clearAnswer() {
  byId("empty").hidden = true;
  byId("problem").hidden = true;
  output.clear();
  result.clear();
  artifacts.clear();
  editor.mark(null);
}

/** The service's own words, or ours in their shape. */
function fail(answer, retryAfter) {
  output.flush();
  showProblem(answer, { goTo: (line) => editor.goTo(line), retryAfter });
  if (Number.isInteger(answer.line)) editor.mark(markOf(answer));
  say(`Failed: ${shortOf(answer)}`, "bad");
}

function usageText({ usage }) {
  if (!usage) return "";
  const number = (value) => value?.value ?? value;
  const queued = number(usage.queue_ms) >= 1 ? `, ${duration(number(usage.queue_ms))} in the queue` : "";
  return ` · ${duration(number(usage.wall_ms))}, ${duration(number(usage.cpu_ms))} CPU, ${bytes(number(usage.memory_peak_bytes))}${queued}`;
}

/** The whole answer of a run, after its stream. */
function finish(answer) {
  output.flush();
  const truncated = answer.truncated ?? [];
  if (truncated.includes("stdout") || truncated.includes("stderr")) {
    output.replace(answer.stdout, answer.stderr);
    output.note("The output was too long for the service: its middle is missing.");
  }
  for (const artifact of answer.artifacts ?? []) artifacts.add({ ...artifact, size: artifact.size?.value ?? artifact.size });
  for (const skipped of answer.artifacts_skipped ?? []) artifacts.skip(skipped);
  if (answer.success) {
    if (answer.result !== null) result.show(answer.result);
    const made = artifacts.count > 0 ? `, ${count(artifacts.count, "file")}` : "";
    const none = answer.result === null && !output.text && artifacts.count === 0 ? " It printed and returned nothing." : "";
    say(`Done${made}${usageText(answer)}.${none}`, "good");
  } else {
    fail(answer);
    byId("status").textContent += usageText(answer);
  }
}

/* ---- a run ---- */

async function run() {
  if (running) return;
  if (!editor.text.trim()) {
    say("There is no script yet.", "bad");
    editor.focus();
    return;
  }
  if (!inputs.check()) {
    say("The inputs are not right yet.", "bad");
    return;
  }
  const controller = new AbortController();
  const began = performance.now();
  const what = { script: editor.text, inputs: inputs.state };
  running = controller;
  history.keepDraft(what.script, what.inputs);
  clearAnswer();
  say("Running…", "busy");
  setRunning(true);
  const clock = byId("clock");
  const tick = setInterval(() => (clock.textContent = clockText(performance.now() - began)), CLOCK_MS);
  clock.textContent = clockText(0);
  const end = await execute(inputs.body(what.script), controller.signal, {
    stdout: (text) => output.add("stdout", text),
    stderr: (text) => output.add("stderr", text),
    artifact: (artifact) => artifacts.add(artifact),
  });
  clearInterval(tick);
  const ms = performance.now() - began;
  clock.textContent = clockText(ms);
  running = null;
  setRunning(false);
  conclude(end);
  const outcome = end.answer ? (end.answer.success ? "done" : shortOf(end.answer)) : end.end;
  if (end.end === "done" || end.end === "stopped") history.remember({ at: Date.now(), ...what, outcome, ms });
}

function conclude({ end, answer, status, retryAfter }) {
  if (end === "done") {
    finish(answer);
  } else if (end === "stopped") {
    output.flush();
    say("Stopped. The sandbox was ended with it.", "bad");
  } else if (end === "refused") {
    fail(answer, retryAfter);
    if (status === 401) askForKey("That key is not one of this service's.");
  } else if (end === "cut") {
    fail({ error: "The connection broke", message: "The answer ended before the run did.", suggestions: ["Run it again"] });
    about.refresh();
  } else {
    fail({
      error: "The service cannot be reached",
      message: "Nobody answers at this address.",
      suggestions: ["Is pyexecd still running?", "The page looks for it every few seconds and says when it is back"],
    });
    about.refresh();
  }
}

function setRunning(isOn) {
  // The focus must not fall to nowhere with the button that had it.
  const active = document.activeElement;
  byId("stop-button").disabled = !isOn;
  byId("run-button").disabled = isOn;
  if (isOn && active === byId("run-button")) byId("stop-button").focus();
  if (!isOn && active === byId("stop-button")) byId("run-button").focus();
  document.body.classList.toggle("is-running", isOn);
}

byId("run-button").addEventListener("click", run);
byId("stop-button").addEventListener("click", () => running?.abort());
byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment is for links to scripts
  editor.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    run();
  }
});
if (/Mac|iPhone|iPad/.test(navigator.platform)) byId("run-keys").textContent = "⌘ ⏎";

/* ---- the key ---- */

function askForKey(complaint) {
  byId("key-bar").hidden = false;
  byId("key-hint").textContent = hasKey() && complaint ? complaint : "It stays in this tab and goes nowhere but to this service.";
  if (complaint) byId("key-field").focus();
}

byId("key-bar").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("key-field");
  if (!isPossibleKey(field.value)) {
    byId("key-hint").textContent = "A key has no blanks and only plain characters.";
    return;
  }
  setKey(field.value);
  field.value = "";
  byId("key-bar").hidden = true;
  about.forget();
  about.refresh().then(() => byId("key-bar").hidden && say("The key is in use.", "good"));
  editor.focus();
});

/* ---- examples, history, links ---- */

const exampleSelect = byId("example-select");
exampleSelect.append(...examples.map(({ title }, i) => h("option", { value: String(i) }, title)));
exampleSelect.addEventListener("change", () => {
  const example = examples[Number(exampleSelect.value)];
  if (exampleSelect.value === "" || !example) return;
  exampleSelect.value = "";
  if (!running) clearAnswer();
  load(example.script, example.inputs ?? {}, `${example.title}. ${example.about}`);
});

function historyRow(run, dialog) {
  const first = run.script.split("\n").map((line) => line.trim()).filter(Boolean).slice(0, 4).join("  ");
  const restore = button("", () => {
    dialog.close();
    load(run.script, run.inputs, "Loaded from the history.");
    editor.focus();
  }, { class: "history-run" });
  restore.append(
    h("code", {}, first.slice(0, 100)),
    h("span", { class: "quiet" }, `${new Date(run.at).toLocaleString()} · ${run.outcome} · ${duration(Number(run.ms) || 0)} · ${count(run.script.split("\n").length, "line")}`),
  );
  return h("li", {}, restore);
}

function showHistory() {
  const dialog = byId("history-dialog");
  const runs = history.runs();
  byId("history-list").replaceChildren(...runs.map((run) => historyRow(run, dialog)));
  byId("history-empty").hidden = runs.length > 0;
  byId("history-clear").hidden = runs.length === 0;
}

byId("history-button").addEventListener("click", () => {
  showHistory();
  byId("history-dialog").showModal();
});
byId("history-clear").addEventListener("click", () => {
  history.forgetAll();
  showHistory();
});

byId("share-button").addEventListener("click", async () => {
  const state = { script: editor.text, ...inputs.state };
  let link = await linkOf(state);
  let note = "";
  if (link.length > LINK_MAX && state.files) {
    link = await linkOf({ ...state, files: undefined });
    note = "The files are too large for a link and were left out. ";
  }
  if (link.length > LINK_MAX) {
    link = "";
    note = "This script is too long for a link.";
  } else if (link.length > LINK_LONG) {
    note += `The link has ${link.length.toLocaleString("en")} characters; some programs cut such a long one.`;
  }
  byId("share-link").value = link;
  byId("share-copy").disabled = !link;
  byId("share-note").textContent = note;
  byId("share-dialog").showModal();
  byId("share-link").select();
});
byId("share-copy").addEventListener("click", async () => {
  byId("share-link").select();
  const done = await copyText(byId("share-link").value);
  byId("share-note").textContent = done ? "Copied." : "The browser does not permit it here: copy the marked text by Ctrl-C.";
});

async function loadFromLink() {
  try {
    const state = await stateOf(location.hash);
    if (!state) return false;
    if (!running) clearAnswer();
    load(state.script, state, "Loaded from a link. Read it before you run it.");
    return true;
  } catch {
    say("The link is broken: its script cannot be read.", "bad");
    return false;
  }
}
window.addEventListener("hashchange", loadFromLink);

/* ---- the beginning ---- */

const about = new About({
  limits: (limits, key) => inputs.setLimits(limits, key),
  keyWanted: () => askForKey(""),
  back: () => say("The service is back.", "good"),
});

startTheme();
const draft = history.draft();
if (draft) load(draft.script, draft.inputs);
else load(examples[0].script, {});
loadFromLink();
about.refresh();
