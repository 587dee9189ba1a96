// What is known of the service: its state in the page's head, isolation, limits and packages in a dialog.
import { byId, h } from "./dom.js";
import { get } from "./service.js";

const OFTEN_MS = 3000; // while it is gone or not healthy
const SELDOM_MS = 30_000;

export class About {
  #health = null;
  #limits = null;
  #packages = null;
  #timer = 0;
  #isGone = false;

  /** `on` has limits(limits, key), keyWanted() and back(). */
  constructor(on) {
    this.on = on;
    byId("service-button").addEventListener("click", () => {
      byId("service-dialog").showModal();
      this.refresh();
    });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.refresh());
  }

  /** Asks for the state, and for what does not change until it is known. */
  async refresh() {
    clearTimeout(this.#timer);
    let isWell = false;
    try {
      const { status, answer } = await get("health");
      if (this.#isGone) this.on.back();
      this.#isGone = false;
      this.#health = answer;
      isWell = status === 200;
      if (!this.#limits || !this.#packages) await this.#learn();
    } catch {
      this.#isGone = true;
      this.#health = null;
    }
    this.#show();
    clearTimeout(this.#timer);
    if (document.visibilityState === "visible") this.#timer = setTimeout(() => this.refresh(), isWell ? SELDOM_MS : OFTEN_MS);
  }

  /** After another key: limits are the key's own. */
  forget() {
    this.#limits = this.#packages = null;
  }

  async #learn() {
    const [limits, packages] = await Promise.all([get("v1/limits"), get("v1/packages")]);
    if (limits.status === 401) this.on.keyWanted();
    if (limits.status !== 200 || !limits.answer) return;
    this.#limits = limits.answer;
    if (packages.status === 200) this.#packages = packages.answer;
    this.on.limits(limits.answer.limits, limits.answer.key ?? {});
  }

  #show() {
    const status = this.#isGone ? "unreachable" : (this.#health?.status ?? "unknown");
    const tier = this.#health?.isolation?.tier;
    byId("service-dot").dataset.status = status;
    byId("service-summary").textContent = tier ? `${status} · ${tier}` : status;
    byId("service-body").replaceChildren(...this.#parts(status));
  }

  #parts(status) {
    const health = this.#health ?? {};
    const facts = [["State", status], ["Version", health.version], ["Python", health.python], ["Isolation", health.isolation?.tier]];
    if (health.pool) facts.push(["Sandboxes", `${health.pool.ready} ready, ${health.pool.busy} busy, ${health.pool.queued} requests waiting`]);
    const parts = [h("dl", { class: "facts" }, ...facts.filter(([, value]) => value !== undefined).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]))];
    const layers = health.isolation?.layers;
    if (layers) {
      const entry = (layer) => h("li", {}, h("strong", {}, layer.name), layer.detail ? h("span", { class: "quiet" }, ` ${layer.detail}`) : null);
      parts.push(h("h3", {}, "Layers in force"), h("ul", { class: "columns" }, ...layers.in_force.map(entry)));
      if (layers.missing.length > 0) parts.push(h("h3", {}, "Missing here"), h("ul", {}, ...layers.missing.map(entry)));
    }
    if (this.#limits) {
      const row = ([name, limit]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, `${limit.value.toLocaleString("en")} ${limit.unit === "number" ? "" : limit.unit}`), h("td", {}, limit.description));
      const own = Object.entries(this.#limits.key ?? {});
      if (own.length > 0) parts.push(h("h3", {}, "Limits of this key"), h("table", { class: "limits" }, h("tbody", {}, ...own.map(row))));
      parts.push(h("h3", {}, "Limits"), h("table", { class: "limits" }, h("tbody", {}, ...Object.entries(this.#limits.limits).map(row))));
    }
    if (this.#packages) {
      const entry = ({ name, version }) => h("li", {}, name, h("span", { class: "quiet" }, ` ${version}`));
      parts.push(h("h3", {}, "Packages"), h("ul", { class: "columns" }, ...this.#packages.packages.map(entry)));
    }
    return parts;
  }
}
