// The page itself: what it keeps and shares, how it can be used, and what it does with hostile output.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { downloadOf } from "./scenarios_runs.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { width: 360, height: 740 };

/** Fails with what axe finds, all of its rules, best practices too. */
async function checkByAxe({ page }, place) {
  const { violations, passes } = await page.evaluate(`${AXE}; axe.run(document, { resultTypes: ["violations", "passes"] })`);
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("\n  ")}`);
  assert.deepEqual(told, [], `axe-core, ${place}`);
  assert.ok(passes.length > 15, "axe-core has looked");
}

async function noSidewaysScroll({ page }, place) {
  const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(needed <= there, `${place}: ${needed} pixels are needed and ${there} are there`);
}

/** The page in each of its states. */
async function everyState(stage, look) {
  const { page } = stage;
  await look("start");
  await page.click("#inputs > summary");
  await page.fill("#args-field", "[");
  await stage.write("def main():\n    return 1");
  await page.click("#run-button");
  await look("inputs");
  await page.fill("#args-field", "");
  await page.click("#inputs > summary");
  await stage.run("import sys\ndef main():\n    print('out')\n    print('err', file=sys.stderr)\n    return [{'name': 'a', 'value': 1.5, 'more': [1, {'x': None}]}, {'name': 'b', 'value': True}]", /^Done/);
  await look("table");
  await page.click("#result-actions >> text=Tree");
  await look("tree");
  await stage.run("import matplotlib.pyplot as plt\ndef main():\n    plt.plot([1, 2, 3])\n    print('x' * 300)\n    open('output/a.csv', 'w').close() if not __import__('os').makedirs('output') else 0", /^Done/);
  await look("plot");
  await stage.run("def main():\n    print('before')\n    return undefined_name_that_is_rather_long", /^Failed/);
  await page.click("#problem summary");
  await look("error");
  for (const dialog of ["service", "history", "share"]) {
    await page.click(`#${dialog}-button`);
    await page.waitForSelector(`#${dialog}-dialog[open]`);
    if (dialog === "service") await page.waitForFunction(() => document.querySelectorAll("#service-body .limits tr").length > 5);
    await look(dialog);
    await page.keyboard.press("Escape");
  }
}

/** The texts that an attacker would like to see as markup. */
const HOSTILE = `import os, sys
BAD = "<img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>"
class Evil(Exception):
    pass
def main():
    print(BAD)
    print(BAD, file=sys.stderr)
    os.makedirs("output", exist_ok=True)
    def put(name, text):
        with open(os.path.join("output", name), "w") as file:
            file.write(text)
    put("<img src=x onerror=alert(4)>.txt", BAD)
    put("page.html", "<!doctype html><script>document.title='taken'; alert(5)</script>")
    put("drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60" onload="alert(6)"><script>alert(7)</script><rect width="120" height="60" fill="teal"/><foreignObject width="50" height="50"><script>alert(8)</script></foreignObject></svg>')
    put("not.png", BAD)
    put("\\u202egnp.exe", "x")
    return RESULT`;

export const scenarios = {
  async history(stage) {
    const { page } = stage;
    await page.click("#history-button");
    assert.ok(await page.locator("#history-empty").isVisible());
    await page.keyboard.press("Escape");
    await page.click("#inputs > summary");
    await page.fill("#args-field", "[7]");
    await stage.run("def main(x):\n    return x + 1  # the first", /^Done/);
    await page.fill("#args-field", "");
    await stage.run("def main():\n    return 'the second'", /^Done/);
    await stage.run(undefined, /^Done/);
    await stage.run("def main():\n    return 1 / 0  # the third", /^Failed/);
    await page.click("#history-button");
    const rows = await page.locator("#history-list li").allInnerTexts();
    assert.equal(rows.length, 3, "the same script is there once");
    assert.match(rows[0], /ZeroDivisionError, line 2/);
    assert.match(rows[2], /done/);
    await stage.shot("history");
    await page.locator("#history-list button").nth(2).click();
    assert.match(await stage.text(), /the first/);
    assert.equal(await page.inputValue("#args-field"), "[7]");
    await stage.run(undefined, /^Done/);
    assert.equal(await page.locator("#result pre").textContent(), "8");
    // It is there after the page was closed; so is what was written and not run.
    await stage.write("# a draft");
    await page.waitForFunction(() => localStorage.getItem("pyexecd.draft").includes("# a draft"));
    await page.reload();
    assert.equal(await stage.text(), "# a draft");
    await page.click("#history-button");
    assert.equal(await page.locator("#history-list li").count(), 3);
    await page.click("#history-clear");
    assert.equal(await page.locator("#history-list li").count(), 0);
    assert.equal(await page.evaluate(() => localStorage.getItem("pyexecd.history")), "[]");
  },

  async share(stage) {
    const { page } = stage;
    await page.click("#inputs > summary");
    await page.fill("#args-field", '["grüße"]');
    await page.selectOption("#mode-select", "script");
    await stage.write("# shared: ✓\nimport sys\n'the value'\n");
    await page.click("#share-button");
    await page.waitForSelector("#share-dialog[open]");
    const link = await page.inputValue("#share-link");
    assert.ok(link.startsWith(`${stage.url}#s=`) && link.length < 400, link);
    await stage.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.click("#share-copy");
    await page.waitForFunction(() => document.querySelector("#share-note").textContent === "Copied.");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
    await stage.shot("share");
    // Somebody else opens it: nothing runs by itself, and the server has seen nothing of it.
    const other = await stage.context.browser().newContext();
    const asked = [];
    const theirs = await other.newPage();
    theirs.on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
    await theirs.goto(link);
    await theirs.waitForFunction(() => /Loaded from a link/.test(document.querySelector("#status").textContent));
    const text = await theirs.evaluate(() => [...document.querySelector("#script").shadowRoot.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
    assert.equal(text, "# shared: ✓\nimport sys\n'the value'\n");
    assert.equal(await theirs.inputValue("#args-field"), '["grüße"]');
    assert.equal(await theirs.inputValue("#mode-select"), "script");
    assert.ok(asked.every((request) => request.startsWith("GET ") && !request.includes("#")), asked.join("\n"));
    await theirs.click("#run-button");
    await theirs.waitForFunction(() => /^(Done|Failed)/.test(document.querySelector("#status").textContent));
    // A broken one says so.
    await theirs.goto(`${stage.url}#s=abcd`);
    await theirs.waitForFunction(() => /link is broken/.test(document.querySelector("#status").textContent));
    // So does a bomb: a megabyte of zeros in a kilobyte.
    const bomb = await theirs.evaluate(async () => {
      const packed = await new Response(new Blob([new Uint8Array(50_000_000)]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
      return btoa(Array.from(new Uint8Array(packed), (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
    });
    await theirs.evaluate(() => (document.querySelector("#status").textContent = ""));
    await theirs.goto(`${stage.url}#s=${bomb}`);
    await theirs.waitForFunction(() => /link is broken/.test(document.querySelector("#status").textContent));
    await other.close();
  },

  /** A service with keys: the page asks for one, and says when it is wrong. */
  async key(stage, { key }) {
    const { page } = stage;
    stage.expected = [/401/];
    await page.waitForSelector("#key-bar:not([hidden])");
    await page.click("#run-button");
    await stage.waitFor(/^Failed: A key is needed/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "key-field");
    await stage.shot("key");
    await page.keyboard.type("wrong-key");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#key-bar:not([hidden])");
    await page.click("#run-button");
    await page.waitForFunction(() => /not one of this service's/.test(document.querySelector("#key-hint").textContent));
    await page.fill("#key-field", key);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#key-bar", { state: "hidden" });
    await page.waitForFunction(() => /healthy · /.test(document.querySelector("#service-summary").textContent));
    await stage.run("def main():\n    return 'with a key'", /^Done/);
    assert.equal(await page.getAttribute("#timeout-field", "max"), "5", "the key's own cap");
    // In this tab and nowhere else: not in what is kept longer, and not in a link.
    assert.ok(await page.evaluate((text) => sessionStorage.getItem("pyexecd.key") === text && !JSON.stringify(localStorage).includes(text), key));
    await page.click("#share-button");
    await page.waitForSelector("#share-dialog[open]");
    await page.reload();
    await page.waitForFunction(() => /healthy · /.test(document.querySelector("#service-summary").textContent));
    assert.ok(await page.locator("#key-bar").isHidden());
  },

  /** The service ends in the middle of a run; the page goes on when it is back. */
  async gone(stage) {
    stage.expected = [/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)|status of 503/];
    await stage.write("import time\ndef main():\n    print('begun', flush=True)\n    time.sleep(30)");
    await stage.page.keyboard.press("Control+Enter");
    await stage.page.waitForFunction(() => document.querySelector("#output").textContent.includes("begun"));
  },

  async is_gone(stage) {
    const { page } = stage;
    // The service may still have said that it is ending.
    await stage.waitFor(/^Failed: (The connection broke|The service )/);
    assert.equal(await page.locator("#output").textContent(), "begun\n", "what had come is still there");
    await stage.run(undefined, /^Failed: The service cannot be reached/);
    await page.waitForFunction(() => document.querySelector("#service-summary").textContent === "unreachable");
    assert.match(await stage.text(), /begun/);
    await stage.shot("gone");
  },

  async is_back(stage) {
    await stage.waitFor(/^The service is back/);
    await stage.page.waitForFunction(() => /healthy/.test(document.querySelector("#service-summary").textContent));
    await stage.run("def main():\n    return 'back'", /^Done/);
  },

  async hostile(stage) {
    const { page } = stage;
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    const inTheService = () => requests.filter((url) => !url.startsWith("data:") && !url.startsWith("blob:"));
    stage.expected = [/not\.png|blob:/];
    const results = ["{BAD: BAD, 'list': [BAD, {BAD: 1}]}", "[{BAD: BAD, '__proto__': 1, 'constructor': BAD}] * 3", "BAD"];
    for (const result of results) {
      await stage.run(HOSTILE.replace("RESULT", result), /^Done, 5 files/);
      assert.ok((await page.locator("#output").textContent()).includes("<img src=x onerror=alert(1)>"), "it is there, as text");
      assert.ok((await page.locator("#result").textContent()).includes("<img src=x"));
    }
    assert.equal(await page.locator("#answer script, #answer iframe, #answer object, #answer embed, #answer svg, #output img, #result img").count(), 0);
    const sources = await page.locator("#answer img").evaluateAll((images) => images.map((image) => image.src.slice(0, 26)));
    assert.deepEqual(sources, ["data:image/svg+xml;base64,"]);
    assert.deepEqual(await page.locator("#answer a").count(), 0, "nothing of a script's can be opened");
    await stage.shot("hostile", { fullPage: true });
    assert.ok(!(await page.locator("#artifacts").textContent()).includes("\u202e"), "a name cannot turn its end around");
    const html = await downloadOf(page, () => page.click('[aria-label="Download page.html"]'));
    assert.equal(html.name, "page.html");
    const odd = await downloadOf(page, () => page.locator("#artifacts button").first().click());
    assert.ok(!/[<>:"|?*\u202e]/.test(odd.name), odd.name);
    // Errors, in the answer's place and in the editor.
    await stage.run(HOSTILE.replace("return RESULT", "raise Evil(BAD)"), /^Failed: /);
    assert.ok((await page.locator("#problem").textContent()).includes("<img src=x onerror=alert(1)>"));
    assert.ok((await page.locator(".cm-wrong-note").textContent()).includes("<img src=x onerror=alert(1)>"));
    assert.equal(await page.locator(".cm-wrong-note img, .cm-wrong-note script").count(), 0);
    await stage.run(`exec("<img src=x onerror=alert(1)>")\ndef main(): pass`, /^Failed: /);
    await page.click("#history-button");
    await page.keyboard.press("Escape");
    assert.equal(await page.title(), "pyexecd playground");
    assert.ok(inTheService().every((url) => /\/(execute|health|v1\/limits|v1\/packages)$/.test(url)), inTheService().join("\n"));
    // The policy holds by itself: what would run if a text became markup does not, and no text becomes markup.
    stage.expected = [/Content Security Policy|Trusted(HTML|Script| Type)|not\.png|blob:/];
    const got = await page.evaluate(async () => {
      const tried = {};
      try {
        document.body.insertAdjacentHTML("beforeend", "<b>x</b>");
        tried.markup = "went through";
      } catch (error) {
        tried.markup = error.name;
      }
      const script = document.createElement("script");
      try {
        script.textContent = "window.ran = true";
        document.body.append(script);
      } catch {
        // as it should be
      }
      tried.ran = window.ran === true;
      tried.elsewhere = await fetch("http://127.0.0.1:1/").then(() => "went through", () => "refused");
      return tried;
    });
    assert.deepEqual(got, { markup: "TypeError", ran: false, elsewhere: "refused" });
  },

  /** Everything without a pointer. */
  async keyboard(stage) {
    const { page } = stage;
    // The browser's own editing brings a style along when it types over what is selected. It has no effect: the policy blocks
    // it, and the editor draws its lines anew.
    stage.expected = [/Applying inline style violates/];
    const focused = () => page.evaluate(() => document.activeElement.id);
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement.matches(".skip")));
    await page.keyboard.press("Enter");
    assert.equal(await focused(), "script");
    await page.focus("#skip");
    await stage.shot("keyboard-skip");
    // Through the head and the bar into the editor, by Tab alone.
    const way = [];
    for (let i = 0; i < 12 && (await focused()) !== "script"; i++) {
      await page.keyboard.press("Tab");
      way.push(await focused());
    }
    assert.deepEqual(way, ["service-button", "theme-button", "run-button", "example-select", "history-button", "share-button", "script"]);
    await page.keyboard.press("Control+a");
    await page.keyboard.type("def main():\nprint(1)");
    assert.equal(await stage.text(), "def main():\n    print(1)", "the next line is indented by itself");
    await page.keyboard.press("Home");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "script", "Tab indents");
    await page.keyboard.press("Shift+Tab");
    // Out of it, as the hint below it says.
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    assert.notEqual(await focused(), "script");
    assert.ok(await page.evaluate(() => document.activeElement.matches("#inputs > summary")));
    await page.keyboard.press("Enter");
    assert.ok(await page.locator("#args-field").isVisible());
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "args-field");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid", "the focus can be seen");
    await stage.shot("keyboard");
    await page.keyboard.press("Control+Enter");
    await stage.waitFor(/^Done/);
    assert.equal(await page.locator("#output").textContent(), "1\n");
    // Stop is where the focus goes while a run is on, and Run when it is over.
    await stage.write("import time\ndef main():\n    time.sleep(20)");
    await page.focus("#run-button");
    await page.keyboard.press("Enter");
    await stage.waitFor(/^Running/);
    assert.equal(await focused(), "stop-button");
    await page.keyboard.press("Enter");
    await stage.waitFor(/^Stopped/);
    assert.equal(await focused(), "run-button");
    // A dialog takes the focus and gives it back.
    await page.focus("#history-button");
    await page.keyboard.press("Enter");
    assert.ok(await page.evaluate(() => document.activeElement.closest("#history-dialog") !== null));
    await page.keyboard.press("Escape");
    assert.equal(await focused(), "history-button");
  },

  phone: {
    options: { viewport: PHONE, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
    async play(stage) {
      await everyState(stage, async (state) => {
        await noSidewaysScroll(stage, state);
        await stage.shot(`phone-${state}`, { fullPage: state !== "service" && state !== "history" && state !== "share" });
      });
    },
  },

  dark: {
    options: { colorScheme: "dark" },
    async play(stage) {
      const { page } = stage;
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const dark = await background();
      await stage.run("import sys\ndef main():\n    print('out')\n    print('err', file=sys.stderr)\n    return {'a': [1, 'two', None, True]}", /^Done/);
      await stage.shot("dark");
      await stage.run("def main():\n    # a comment\n    return len(5, '')", /^Failed/);
      await stage.shot("dark-error");
      // The page's own choice goes before the system's, and is kept.
      await page.click("#theme-button");
      assert.equal(await page.textContent("#theme-button"), "Theme: light");
      const light = await background();
      assert.notEqual(light, dark);
      await page.reload();
      assert.equal(await background(), light);
      await page.click("#theme-button");
      assert.equal(await background(), dark);
      await page.click("#theme-button");
      assert.equal(await page.textContent("#theme-button"), "Theme: system");
      await page.emulateMedia({ colorScheme: "light" });
      assert.equal(await background(), light);
    },
  },

  axe_light: {
    async play(stage) {
      await everyState(stage, async (state) => {
        await checkByAxe(stage, `light, ${state}`);
        await stage.shot(`light-${state}`);
      });
    },
  },

  axe_dark: {
    options: { colorScheme: "dark" },
    async play(stage) {
      await everyState(stage, async (state) => {
        await checkByAxe(stage, `dark, ${state}`);
        if (state !== "start") await stage.shot(`dark-${state}`);
      });
    },
  },
};
