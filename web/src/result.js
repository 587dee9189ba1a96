// The value that main() returned: a table where it is records, a tree where it is nested, else as it is.
import { byId, button, copyText, download, h } from "./dom.js";
import { Num, isObject, writeExact } from "./exact_json.js";
import { count } from "./format.js";

const ROWS_AT_ONCE = 100;
const COLUMNS_MAX = 60;
const CHILDREN_AT_ONCE = 100;
const TEXT_MAX = 20_000; // characters of one value that are shown
const JSON_MAX = 200_000;

const shorten = (text, most) => (text.length > most ? `${text.slice(0, most)}… (${text.length.toLocaleString("en")} characters)` : text);

function scalar(value) {
  if (value instanceof Num) return h("span", { class: "v-number" }, shorten(value.text, TEXT_MAX));
  if (value === null) return h("span", { class: "v-null" }, "null");
  if (typeof value === "string") return h("span", { class: "v-string" }, shorten(JSON.stringify(value), TEXT_MAX));
  if (typeof value === "number") return h("span", { class: "v-number" }, String(value));
  return h("span", { class: "v-boolean" }, String(value));
}

const isNested = (value) => Array.isArray(value) || isObject(value);
const entriesOf = (value) => (Array.isArray(value) ? value.map((item, i) => [String(i), item]) : Object.entries(value));

function summaryOf(value) {
  return Array.isArray(value) ? `[${count(value.length, "item")}]` : `{${count(Object.keys(value).length, "key")}}`;
}

/* ---- tree ---- */

function branch(name, value, isOpen) {
  const label = name === null ? [] : [h("span", { class: "v-name" }, shorten(name, 200)), ": "];
  if (!isNested(value)) return h("div", { class: "leaf" }, ...label, scalar(value));
  const details = h("details", {}, h("summary", {}, ...label, h("span", { class: "quiet" }, summaryOf(value))));
  let isFilled = false;
  const fill = () => {
    if (isFilled) return;
    isFilled = true;
    const children = h("div", { class: "children" });
    appendChildren(children, entriesOf(value), 0);
    details.append(children);
  };
  details.addEventListener("toggle", fill);
  if (isOpen) {
    details.open = true;
    fill();
  }
  return details;
}

function appendChildren(place, entries, start) {
  const end = start + CHILDREN_AT_ONCE;
  place.append(...entries.slice(start, end).map(([name, value]) => branch(name, value, false)));
  if (end < entries.length) {
    const more = button(`Show more (${(entries.length - end).toLocaleString("en")} left)`, () => {
      more.remove();
      appendChildren(place, entries, end);
    });
    place.append(more);
  }
}

function tree(value) {
  const place = h("div", { class: "tree" });
  place.append(branch(null, value, true));
  return place;
}

/* ---- table ---- */

/** The columns of records, or null when it is none. */
function columnsOf(value) {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) return null;
  const columns = new Set();
  for (const record of value) {
    for (const name of Object.keys(record)) {
      columns.add(name);
      if (columns.size > COLUMNS_MAX) return null;
    }
  }
  return columns.size > 0 ? [...columns] : null;
}

const numberOf = (value) => (value instanceof Num ? value.value : typeof value === "number" ? value : null);

/** Numbers before texts before all else; null and what is missing always last. */
function compare(a, b, direction) {
  const rank = (value) => (value === null || value === undefined ? 3 : numberOf(value) !== null ? 0 : typeof value === "string" ? 1 : 2);
  const [first, second] = [rank(a), rank(b)];
  if (first !== second) return first === 3 || second === 3 ? first - second : (first - second) * direction;
  if (first === 0) return (numberOf(a) - numberOf(b)) * direction;
  if (first === 1) return (a < b ? -1 : a > b ? 1 : 0) * direction;
  if (first === 2) return (writeExact(a) < writeExact(b) ? -1 : 1) * direction;
  return 0;
}

function cell(value) {
  if (value === undefined) return h("td", {});
  const inner = typeof value === "string" ? h("span", {}, shorten(value, 2000)) : isNested(value) ? branch(null, value, false) : scalar(value);
  return h("td", { class: numberOf(value) !== null ? "number" : undefined }, inner);
}

function table(records, columns) {
  const body = h("tbody");
  const foot = h("p", { class: "quiet table-foot" });
  let rows = records;
  let shown = 0;
  let sorted = { column: null, direction: 1 };
  const more = button("Show more rows", () => showMore());

  function showMore() {
    const end = Math.min(rows.length, shown + ROWS_AT_ONCE);
    body.append(...rows.slice(shown, end).map((row) => h("tr", {}, ...columns.map((name) => cell(Object.hasOwn(row, name) ? row[name] : undefined)))));
    shown = end;
    more.hidden = shown >= rows.length;
    foot.textContent = `${count(rows.length, "row")}, ${count(columns.length, "column")}${shown < rows.length ? `; ${shown} shown` : ""}`;
  }

  function sortBy(column) {
    const direction = sorted.column === column ? -sorted.direction : 1;
    sorted = { column, direction };
    rows = [...records].sort((a, b) => compare(a[column], b[column], direction));
    heads.forEach((head, i) => head.setAttribute("aria-sort", columns[i] === column ? (direction > 0 ? "ascending" : "descending") : "none"));
    shown = 0;
    body.replaceChildren();
    showMore();
  }

  const isNumeric = (name) => records.some((row) => numberOf(row[name]) !== null);
  const heads = columns.map((name) => h("th", { scope: "col", "aria-sort": "none", class: isNumeric(name) ? "numeric" : undefined }, button(shorten(name, 200), () => sortBy(name), { title: "Sort by this column" })));
  showMore();
  const scroller = h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "Result as a table" });
  scroller.append(h("table", {}, h("thead", {}, h("tr", {}, ...heads)), body));
  return h("div", {}, scroller, h("div", { class: "row" }, foot, more));
}

/* ---- all of it ---- */

export class Result {
  #part = byId("result-part");
  #place = byId("result");
  #actions = byId("result-actions");

  clear() {
    this.#place.replaceChildren();
    this.#actions.replaceChildren();
    this.#part.hidden = true;
  }

  show(value) {
    const columns = columnsOf(value);
    const views = [];
    if (columns) views.push(["Table", () => table(value, columns)]);
    if (isNested(value)) views.push(["Tree", () => tree(value)]);
    const text = () => writeExact(value);
    const asJson = () => h("pre", { tabindex: 0, role: "region", "aria-label": "Result as JSON" }, shorten(text(), JSON_MAX));
    views.push(["JSON", asJson]);

    const choose = (chosen) => {
      this.#place.replaceChildren(views[chosen][1]());
      choices.forEach((choice, i) => choice.setAttribute("aria-pressed", String(i === chosen)));
    };
    const choices = views.length > 1 ? views.map(([name], i) => button(name, () => choose(i), { "aria-pressed": "false" })) : [];
    const copy = button("Copy", async () => {
      copy.textContent = (await copyText(text())) ? "Copied" : "Not permitted";
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    const group = choices.length > 0 ? h("div", { class: "choices", role: "group", "aria-label": "Shown as" }, ...choices) : null;
    this.#actions.replaceChildren(...[group, copy, button("Download", () => download(text(), "result.json"))].filter(Boolean));
    this.#part.hidden = false;
    if (isNested(value)) choose(0);
    else this.#place.replaceChildren(h("pre", { tabindex: 0, role: "region", "aria-label": "Result" }, scalar(value)));
  }
}
