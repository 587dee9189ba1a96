// What goes along with a script: arguments, standard input, files, limits.
import { byId, button, h, shownName } from "./dom.js";
import { bytes, count } from "./format.js";
import { isObject, parseExact } from "./exact_json.js";

const BODY_SLACK = 4096; // of a request's body, for all that is neither file nor text

function toBase64(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 0x8000) text += String.fromCharCode(...data.subarray(at, at + 0x8000));
  return btoa(text);
}

/** A checked field of JSON text: what is wrong is said below it. */
class JsonField {
  constructor(name, isRight, wanted) {
    this.field = byId(`${name}-field`);
    this.wrong = byId(`${name}-wrong`);
    this.isRight = isRight;
    this.wanted = wanted;
    this.field.setAttribute("aria-describedby", this.wrong.id);
    this.field.addEventListener("input", () => this.say(""));
  }

  say(text) {
    this.wrong.textContent = text;
    this.wrong.hidden = !text;
    if (text) this.field.setAttribute("aria-invalid", "true");
    else this.field.removeAttribute("aria-invalid");
  }

  check() {
    const text = this.field.value.trim();
    let problem = "";
    try {
      if (text && !this.isRight(parseExact(text))) problem = `This has to be ${this.wanted}.`;
    } catch (error) {
      problem = `This is not JSON: ${error.message}`;
    }
    this.say(problem);
    return !problem;
  }
}

export class Inputs {
  #args = new JsonField("args", Array.isArray, 'an array, such as [1, "two"]');
  #kwargs = new JsonField("kwargs", isObject, 'an object, such as {"limit": 3}');
  #stdin = byId("stdin-field");
  #mode = byId("mode-select");
  #timeout = byId("timeout-field");
  #memory = byId("memory-field");
  #files = []; // {path, base64 or content, size}
  #limits = {};

  constructor(onChange) {
    this.onChange = onChange;
    const changed = () => this.#changed();
    for (const field of [this.#args.field, this.#kwargs.field, this.#stdin, this.#mode, this.#timeout, this.#memory]) {
      field.addEventListener("input", changed);
    }
    const input = byId("files-input");
    byId("files-button").addEventListener("click", () => input.click());
    input.addEventListener("change", async () => {
      await this.addFiles([...input.files]);
      input.value = "";
    });
    const drop = byId("files-drop");
    drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.addFiles([...event.dataTransfer.files]);
    });
    this.#changed();
  }

  /** The service's own: they bound the fields and stand in them as what counts when nothing is written. */
  setLimits(limits, key) {
    this.#limits = limits;
    const value = (name) => limits[name]?.value;
    const least = (...values) => Math.min(...values.filter((one) => one !== undefined));
    const most = { timeout: least(value("max_timeout"), key.max_timeout?.value), memory: least(value("max_memory_mb"), key.max_memory_mb?.value) };
    this.#timeout.max = most.timeout;
    this.#memory.max = most.memory;
    this.#memory.min = value("min_memory_mb");
    this.#timeout.placeholder = least(value("default_timeout"), most.timeout);
    this.#memory.placeholder = least(value("default_memory_mb"), most.memory);
    byId("timeout-unit").textContent = `seconds, at most ${most.timeout}`;
    byId("memory-unit").textContent = `MiB, ${value("min_memory_mb")} to ${most.memory}`;
  }

  async addFiles(files) {
    const problems = [];
    for (const file of files) {
      const most = this.#limits.max_body_bytes?.value ?? 16 << 20;
      const used = this.#files.reduce((sum, one) => sum + one.size, 0);
      if ((used + file.size) * (4 / 3) + BODY_SLACK > most) {
        problems.push(`${file.name} is too large: a whole request may have ${bytes(most)}, and files grow by a third on their way.`);
      } else if (this.#files.length >= (this.#limits.max_files?.value ?? 100)) {
        problems.push(`${file.name} is one file too many.`);
      } else {
        try {
          const base64 = toBase64(new Uint8Array(await file.arrayBuffer()));
          this.#files = this.#files.filter((one) => one.path !== file.name);
          this.#files.push({ path: file.name, base64, size: file.size });
        } catch {
          problems.push(`${file.name} cannot be read.`);
        }
      }
    }
    const wrong = byId("files-wrong");
    wrong.textContent = problems.join(" ");
    wrong.hidden = problems.length === 0;
    this.#changed();
  }

  /** Whether all is right; what is not is said in its place, and the first of it has the focus. */
  check() {
    const wrong = [this.#args, this.#kwargs].filter((field) => !field.check());
    const numbers = [this.#timeout, this.#memory].filter((field) => !field.checkValidity());
    const first = wrong[0]?.field ?? numbers[0];
    if (!first) return true;
    byId("inputs").open = true;
    first.focus();
    if (numbers.includes(first)) first.reportValidity();
    return false;
  }

  /** As they can be kept and shared. */
  get state() {
    return {
      args: this.#args.field.value.trim() || undefined,
      kwargs: this.#kwargs.field.value.trim() || undefined,
      stdin: this.#stdin.value || undefined,
      mode: this.#mode.value === "main" ? undefined : this.#mode.value,
      timeout: this.#timeout.value || undefined,
      memory: this.#memory.value || undefined,
      files: this.#files.length > 0 ? this.#files : undefined,
    };
  }

  /** From a link or the history, hence whatever somebody has put there. */
  set state(state) {
    const text = (value) => (typeof value === "string" ? value : "");
    const files = Array.isArray(state.files) ? state.files.filter((file) => isObject(file) && typeof file.path === "string") : [];
    this.#args.field.value = text(state.args);
    this.#kwargs.field.value = text(state.kwargs);
    this.#stdin.value = text(state.stdin);
    this.#mode.value = state.mode === "script" ? "script" : "main";
    this.#timeout.value = text(state.timeout);
    this.#memory.value = text(state.memory);
    this.#files = files.map((file) =>
      typeof file.base64 === "string"
        ? { path: file.path, base64: file.base64, size: Math.floor((file.base64.length * 3) / 4) }
        : { path: file.path, content: text(file.content), size: new TextEncoder().encode(text(file.content)).length },
    );
    this.#args.say("");
    this.#kwargs.say("");
    byId("files-wrong").hidden = true;
    this.#changed();
    byId("inputs").open = this.#used.length > 0;
  }

  /** The body of a request, as JSON text. Arguments are put in as they were written: their numbers keep every digit. */
  body(script) {
    const { args, kwargs, stdin, mode, timeout, memory } = this.state;
    const files = this.#files.map(({ path, base64, content }) => (base64 === undefined ? { path, content } : { path, base64 }));
    const fields = { script, stream: true, banner: false, stdin, mode };
    if (timeout) fields.timeout = Number(timeout);
    if (memory) fields.memory_mb = Number(memory);
    if (files.length > 0) fields.files = files;
    const text = JSON.stringify(fields).slice(0, -1);
    return `${text}${args ? `,"args":${args}` : ""}${kwargs ? `,"kwargs":${kwargs}` : ""}}`;
  }

  get #used() {
    const { args, kwargs, stdin, mode, timeout, memory, files } = this.state;
    const parts = [args && "arguments", kwargs && "named arguments", stdin && "standard input", files && count(files.length, "file")];
    return [...parts, mode && "whole script", timeout && `${timeout} s`, memory && `${memory} MiB`].filter(Boolean);
  }

  #changed() {
    byId("inputs-summary").textContent = this.#used.join(", ");
    const rows = this.#files.map((file) => {
      const remove = button("Remove", () => {
        this.#files = this.#files.filter((one) => one !== file);
        this.#changed();
        byId("files-button").focus();
      }, { "aria-label": `Remove ${shownName(file.path)}`, class: "plain" });
      return h("li", {}, h("bdi", { class: "name" }, shownName(file.path)), h("span", { class: "quiet" }, bytes(file.size)), remove);
    });
    byId("files-list").replaceChildren(...rows);
    this.onChange();
  }
}
