// Plays scenarios in Chromium, one after the other, as test_playground.py asks for them: a line of JSON in, a line out.
//
//     {"scenario": "run", "url": "http://127.0.0.1:8080/", ...}   ->   {"ok": true} or {"ok": false, "error": "..."}
//
// BROWSER_PATIENCE_S is how long it waits for anything to happen (20).
//
// A scenario begins with a page of its own, unless it goes on with the one before ("continued": true). It fails by itself when
// the page logs an error, throws, or meets its Content-Security-Policy.
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { scenarios as ofRuns } from "./scenarios_runs.mjs";
import { scenarios as ofThePage } from "./scenarios_page.mjs";

const scenarios = { ...ofRuns, ...ofThePage };
const { BROWSER = "/usr/bin/chromium", SCREENSHOTS } = process.env;
const DESKTOP = { width: 1280, height: 860 };
const PATIENCE_MS = Number(process.env.BROWSER_PATIENCE_S ?? 20) * 1000;

// What a service says of itself while it is getting warm, or has no sandbox for the moment.
const BUSY = /status of 503/;

mkdirSync(SCREENSHOTS, { recursive: true });
const browser = await chromium.launch({
  executablePath: BROWSER,
  args: ["--disable-gpu", "--disable-dev-shm-usage", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
});

/** One page in a browser profile of its own, with what the scenarios do again and again. */
class Stage {
  troubles = [];
  expected = []; // regular expressions of troubles that are meant to happen

  static async open({ url, viewport = DESKTOP, ...options }) {
    const stage = new Stage();
    stage.url = url;
    stage.context = await browser.newContext({ viewport, acceptDownloads: true, colorScheme: "light", ...options });
    stage.context.setDefaultTimeout(PATIENCE_MS);
    stage.context.setDefaultNavigationTimeout(PATIENCE_MS);
    stage.page = await stage.context.newPage();
    stage.page.on("console", (message) => ["error", "warning"].includes(message.type()) && stage.troubles.push(message.text()));
    stage.page.on("pageerror", (error) => stage.troubles.push(String(error)));
    stage.page.on("dialog", (dialog) => {
      stage.troubles.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    await stage.page.goto(url);
    return stage;
  }

  shot(name, options = {}) {
    return this.page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, ...options });
  }

  /** What the editor holds, instead of what was there. */
  async write(script) {
    const content = this.page.locator(".cm-content");
    await content.focus();
    await this.page.keyboard.press("Control+a");
    await this.page.keyboard.press("Delete");
    await this.page.keyboard.insertText(script);
  }

  text() {
    return this.page.evaluate(() => [...document.querySelector("#script").shadowRoot.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
  }

  status() {
    return this.page.locator("#status").textContent();
  }

  /** Waits until the status line matches. */
  async waitFor(pattern) {
    const source = [pattern.source, pattern.flags];
    await this.page.waitForFunction(([text, flags]) => new RegExp(text, flags).test(document.querySelector("#status").textContent), source).catch(async (error) => {
      throw new Error(`the status is "${await this.status()}" and not ${pattern}: ${error.message.split("\n")[0]}`);
    });
  }

  async run(script, pattern = /^(Done|Failed|Stopped)/) {
    if (script !== undefined) await this.write(script);
    await this.page.click("#run-button");
    await this.waitFor(pattern);
  }

  unexpected() {
    return this.troubles.filter((text) => ![BUSY, ...this.expected].some((pattern) => pattern.test(text)));
  }
}

let stage = null;

async function play({ scenario, continued, ...given }) {
  if (!continued) {
    await stage?.context.close();
    stage = await Stage.open({ url: given.url, ...(scenarios[scenario].options ?? {}) });
  }
  const play = scenarios[scenario].play ?? scenarios[scenario];
  const told = await play(stage, given);
  const unexpected = stage.unexpected();
  if (unexpected.length > 0) throw new Error(`the page has troubles: ${unexpected.join("\n")}`);
  return told ?? {};
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { ok: true, ...(await play(request)) };
  } catch (error) {
    await stage?.shot(`failed-${request.scenario}`).catch(() => {});
    answer = { ok: false, error: String(error.stack ?? error) };
    console.error(`${request.scenario}: ${answer.error}`);
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
