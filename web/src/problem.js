// What went wrong: in the answer's place with all that is known, and in the editor at its line.
import { byId, button, h } from "./dom.js";
import { errorWord } from "./format.js";

const list = (items) => h("ul", {}, ...items.map((text) => h("li", {}, String(text))));
const texts = (value) => (Array.isArray(value) ? value : []);

/** A line of few words for the status and the history. */
export function shortOf(answer) {
  const line = Number.isInteger(answer.line) ? `, line ${answer.line}` : "";
  return `${answer.error_type ?? errorWord(answer.error)}${line}`;
}

/** `goTo(line)`: puts the editor there. `retryAfter`: seconds, or null. */
export function showProblem(answer, { goTo, retryAfter = null } = {}) {
  const title = h("h3", {}, errorWord(answer.error), answer.error_type ? h("span", { class: "quiet" }, ` ${answer.error_type}`) : null);
  const parts = [h("div", { class: "part-bar" }, title)];
  if (Number.isInteger(answer.line) && goTo) parts[0].append(button(`Go to line ${answer.line}`, () => goTo(answer.line)));
  parts.push(h("pre", { class: "message" }, String(answer.message ?? "")));
  if (texts(answer.suggestions).length > 0) parts.push(h("h4", {}, "Suggestions"), list(answer.suggestions));
  if (texts(answer.available_functions).length > 0) parts.push(h("h4", {}, "Functions that the script has"), list(answer.available_functions));
  if (answer.traceback) {
    parts.push(h("details", {}, h("summary", {}, "Traceback"), h("pre", { tabindex: 0, role: "region", "aria-label": "Traceback" }, String(answer.traceback))));
  }
  const notes = [];
  if (answer.limit) notes.push(`Limit: ${answer.limit.name}, ${answer.limit.value?.text ?? answer.limit.value} ${answer.limit.unit}`);
  if (answer.signal) notes.push(`Signal: ${answer.signal}`);
  if (retryAfter) notes.push(`Can be tried again in ${retryAfter} s`);
  if (notes.length > 0) parts.push(h("p", { class: "quiet" }, `${notes.join(". ")}.`));
  byId("problem").replaceChildren(...parts);
  byId("problem").hidden = false;
}

/** The words for the editor: one line of the message. A syntax error's says it last, below its picture of the line. */
export function markOf(answer) {
  const lines = String(answer.message ?? "").trim().split("\n");
  const first = answer.error === "syntax_error" ? lines.at(-1) : lines[0];
  const title = answer.error_type && !first.startsWith(answer.error_type) ? `${answer.error_type}: ${first}` : first;
  return { line: answer.line, column: answer.column, title, suggestions: texts(answer.suggestions).slice(0, 3).map(String) };
}
