// What was run in this browser, newest first; and the draft, so that a closed tab loses nothing.

const RUNS = "pyexecd.history";
const DRAFT = "pyexecd.draft";
const RUNS_MAX = 50;
const RUN_MAX = 200_000; // characters of one; larger ones are kept without their files, or not at all

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or closed to this page
  }
}

const isRun = (run) => typeof run?.script === "string" && typeof run.inputs === "object" && run.inputs !== null;

export function runs() {
  const found = read(RUNS);
  return Array.isArray(found) ? found.filter(isRun) : [];
}

/** run: {at, script, inputs, outcome, ms}. The same script with the same inputs is there once. */
export function remember(run) {
  const small = JSON.stringify(run).length <= RUN_MAX ? run : { ...run, inputs: { ...run.inputs, files: undefined } };
  if (JSON.stringify(small).length > RUN_MAX) return;
  const what = ({ script, inputs }) => JSON.stringify([script, inputs]);
  let kept = [small, ...runs().filter((old) => what(old) !== what(small))].slice(0, RUNS_MAX);
  while (!write(RUNS, kept) && kept.length > 1) kept = kept.slice(0, Math.floor(kept.length / 2));
}

export function forgetAll() {
  write(RUNS, []);
}

export function keepDraft(script, inputs) {
  const draft = { script, inputs };
  if (JSON.stringify(draft).length > RUN_MAX) draft.inputs = { ...inputs, files: undefined };
  write(DRAFT, draft);
}

export function draft() {
  const found = read(DRAFT);
  return isRun(found) ? found : null;
}
