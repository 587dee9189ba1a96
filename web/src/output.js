// What a script writes, as it comes: stdout and stderr in one element, in the order of their arrival.
import { byId, button, copyText, download, h } from "./dom.js";
import { bytes } from "./format.js";

const SHOWN_MAX = 400_000; // characters in the page; the rest can be downloaded
const FLUSH_MS = 40;

export class Output {
  #part = byId("output-part");
  #pre = byId("output");
  #note = byId("output-note");
  #texts = [];
  #waiting = [];
  #shown = 0;
  #timer = 0;
  #last = null; // {stream, node}
  #carriage = false; // the stream's last character was a carriage return

  constructor() {
    byId("output-actions").append(
      button("Copy", async (event) => {
        const done = await copyText(this.text);
        event.target.textContent = done ? "Copied" : "Not permitted";
        setTimeout(() => (event.target.textContent = "Copy"), 1500);
      }),
      button("Download", () => download(this.text, "output.txt")),
    );
  }

  get text() {
    return this.#texts.join("");
  }

  clear() {
    clearTimeout(this.#timer);
    this.#texts = [];
    this.#waiting = [];
    this.#shown = this.#timer = 0;
    this.#last = null;
    this.#carriage = false;
    this.#pre.replaceChildren();
    this.#note.hidden = this.#part.hidden = true;
  }

  add(stream, text) {
    this.#texts.push(text);
    this.#waiting.push({ stream, text });
    this.#timer ||= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** In place of all that came: what the service kept of an output that was too long. */
  replace(stdout, stderr) {
    this.clear();
    if (stdout) this.add("stdout", stdout);
    if (stderr) this.add("stderr", stderr);
    this.flush();
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#waiting.length === 0) return;
    this.#part.hidden = false;
    const atEnd = this.#pre.scrollHeight - this.#pre.scrollTop - this.#pre.clientHeight < 8;
    for (const { stream, text } of this.#waiting) this.#show(stream, text);
    this.#waiting = [];
    if (atEnd) this.#pre.scrollTop = this.#pre.scrollHeight;
  }

  note(text) {
    this.#note.textContent = text;
    this.#note.hidden = !text;
    if (text) this.#part.hidden = false;
  }

  #show(stream, text) {
    if (this.#shown >= SHOWN_MAX) {
      this.note(`${bytes(SHOWN_MAX)} are shown. Download has all that came.`);
      return;
    }
    this.#shown += text.length;
    if (this.#last?.stream !== stream) {
      const node = document.createTextNode("");
      this.#pre.append(h("span", { class: stream }, node));
      this.#last = { stream, node };
      this.#carriage = false;
    }
    this.#last.node.appendData(this.#overwrite(text.slice(0, SHOWN_MAX)));
  }

  /** A carriage return goes back to the line's beginning, as progress bars have it. Answers what is to be appended. */
  #overwrite(text) {
    const { node } = this.#last;
    if (!this.#carriage && !text.includes("\r")) return text;
    let rest = (this.#carriage ? "\r" : "") + text;
    this.#carriage = rest.endsWith("\r");
    if (this.#carriage) rest = rest.slice(0, -1);
    const [first, ...lines] = rest.replaceAll("\r\n", "\n").split("\r");
    let made = first;
    for (const line of lines) {
      const at = made.lastIndexOf("\n");
      if (at < 0) node.data = node.data.slice(0, node.data.lastIndexOf("\n") + 1);
      made = made.slice(0, at + 1) + line;
    }
    return made;
  }
}
