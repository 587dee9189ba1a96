// What a run brings, seen in the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** The text of a download that a click starts, and its name. */
export async function downloadOf(page, click) {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8"), url: download.url() };
}

const STREAM = `import time, sys
def main():
    for i in range(4):
        print("line", i, flush=True)
        if i == 0:
            sys.stderr.write("on stderr\\n")
        time.sleep(0.6)
    return "end of the stream"`;

const TABLE = `import pandas as pd
def main():
    return pd.DataFrame({"name": ["bob", "ann", "cid"], "score": [9, 30, -2.5], "big": [10**20, 3, None]})`;

const PLOT = `import matplotlib.pyplot as plt
def main():
    plt.plot([1, 4, 9, 16], label="squares"); plt.legend(); plt.title("Squares")
    plt.show()
    open("output/notes.txt", "w").write("made by the script\\n") if __import__("os").makedirs("output", exist_ok=True) is None else 0`;

const README = `import matplotlib.pyplot as plt
import pandas as pd


def main():
    planets = pd.DataFrame(
        {
            "planet": ["Mercury", "Venus", "Earth", "Mars"],
            "radius_km": [2440, 6052, 6371, 3390],
            "day_hours": [4222.6, 2802.0, 24.0, 24.7],
        }
    )
    largest = planets.radius_km.idxmax()
    print("The largest:", planets.planet[largest])

    plt.figure(figsize=(7, 2.3))
    plt.barh(planets.planet, planets.radius_km)
    plt.show()
    return planets`;

export const scenarios = {
  async run(stage) {
    await stage.shot("start");
    assert.match(await stage.text(), /def main/);
    await stage.run(`def main():\n    print("printed")\n    return {"answer": 42, "digits": 2**100, "half": 0.5, "one": 1.0}`);
    assert.match(await stage.status(), /^Done · [\d.]+ m?s, [\d.]+ m?s CPU, [\d.]+ [kM]?B/);
    assert.equal(await stage.page.locator("#output").textContent(), "printed\n");
    const tree = await stage.page.locator("#result .tree").innerText();
    for (const part of ["answer: 42", "digits: 1267650600228229401496703205376", "half: 0.5", "one: 1.0"]) assert.ok(tree.includes(part), tree);
    await stage.page.click("#result-actions >> text=JSON");
    assert.match(await stage.page.locator("#result pre").textContent(), /"digits": 1267650600228229401496703205376/);
    const { name, text } = await downloadOf(stage.page, () => stage.page.click("#result-actions >> text=Download"));
    assert.equal(name, "result.json");
    assert.match(text, /"one": 1\.0/);
    await stage.page.click("#result-actions >> text=Tree");
    await stage.shot("run");
  },

  async stream(stage) {
    const { page } = stage;
    await stage.write(STREAM);
    await page.keyboard.press("Control+Enter");
    await page.waitForFunction(() => document.querySelector("#output").textContent.includes("line 1"));
    const seen = await page.locator("#output").textContent();
    assert.ok(!seen.includes("line 3"), `all came at once: ${seen}`);
    assert.equal(await stage.status(), "Running…");
    assert.ok(await page.locator("#run-button").isDisabled());
    const clock = await page.locator("#clock").textContent();
    assert.match(clock, /^\d+\.\d s$/);
    await page.waitForFunction((before) => document.querySelector("#clock").textContent !== before, clock);
    await stage.shot("stream");
    await stage.waitFor(/^Done/);
    assert.equal(await page.locator("#output .stderr").textContent(), "on stderr\n");
    assert.match(await page.locator("#output").textContent(), /line 3/);
    assert.equal(await page.locator("#result pre").textContent(), '"end of the stream"');
  },

  /** Leaves a run on; whoever asks looks at the service, and goes on with "stopped". */
  async stop(stage) {
    await stage.write("import time\ndef main():\n    print('begun', flush=True)\n    time.sleep(30)");
    await stage.page.keyboard.press("Control+Enter");
    await stage.page.waitForFunction(() => document.querySelector("#output").textContent.includes("begun"));
  },

  async stopped(stage) {
    await stage.page.click("#stop-button");
    await stage.waitFor(/^Stopped/);
    assert.equal(await stage.page.locator("#output").textContent(), "begun\n");
    assert.ok(await stage.page.locator("#stop-button").isDisabled());
    await stage.shot("stopped");
    await stage.run("def main():\n    return 'and on'", /^Done/);
  },

  async plot(stage) {
    const { page } = stage;
    await stage.run(PLOT, /^Done, 2 files/);
    const image = page.locator("#artifacts img");
    assert.equal(await image.getAttribute("alt"), "figure-1.png");
    assert.ok(await image.evaluate((element) => element.decode().then(() => element.naturalWidth > 300)));
    assert.match(await image.getAttribute("src"), /^blob:/);
    const { name, text } = await downloadOf(page, () => page.click('[aria-label="Download notes.txt"]'));
    assert.deepEqual([name, text], ["notes.txt", "made by the script\n"]);
    const figure = await downloadOf(page, () => page.click('[aria-label="Download figure-1.png"]'));
    assert.equal(figure.name, "figure-1.png");
    await stage.shot("plot", { fullPage: true });
    // docs/playground.png is this one.
    await stage.run(README, /^Done, 1 file/);
    await image.evaluate((element) => element.decode());
    await page.evaluate(() => document.activeElement.blur());
    await stage.shot("readme");
  },

  async error(stage) {
    const { page } = stage;
    await stage.run("import math\n\ndef main():\n    print('before')\n    return math.sqr(4)\n", /^Failed: AttributeError, line 5/);
    assert.equal(await page.locator(".cm-wrong-line").textContent(), "    return math.sqr(4)");
    const note = await page.locator(".cm-wrong-note").innerText();
    assert.match(note, /AttributeError: module 'math' has no attribute 'sqr'/);
    assert.match(note, /sqrt/, "its suggestions are there");
    const problem = await page.locator("#problem").innerText();
    assert.match(problem, /Runtime error/);
    assert.match(problem, /sqrt/);
    assert.equal(await page.locator("#output").textContent(), "before\n");
    await stage.shot("error");
    // The button leads to the line, and what is written there takes the mark away.
    await page.click("text=Go to line 5");
    await page.keyboard.press("End");
    await page.keyboard.type(" ");
    assert.equal(await page.locator(".cm-wrong-line").count(), 0);
    // A syntax error has its place in the line.
    await stage.run("def main():\n    return (1 +\n\nx = 3 4\n", /^Failed: SyntaxError, line 2/);
    assert.equal(await page.locator(".cm-wrong-place").textContent(), "(");
    assert.match(await page.locator(".cm-wrong-note").innerText(), /^SyntaxError: '\(' was never closed/);
    await stage.run("def other():\n    pass", /^Failed: No main\(\)/);
    assert.match(await page.locator("#problem").innerText(), /other/);
    assert.equal(await page.locator(".cm-wrong-note").count(), 0);
    await page.click("#inputs > summary");
    await page.fill("#timeout-field", "0.5");
    await stage.run("def main():\n    print('kept')\n    while True:\n        pass", /^Failed: Out of time/);
    assert.equal(await page.locator("#output").textContent(), "kept\n");
    assert.match(await page.locator("#problem").innerText(), /Limit: timeout, 0\.5 seconds/);
    await stage.shot("timeout");
  },

  async table(stage) {
    const { page } = stage;
    await stage.run(TABLE, /^Done/);
    const column = (index) => page.locator(`#result tbody tr td:nth-child(${index})`).allTextContents();
    assert.deepEqual(await column(1), ["bob", "ann", "cid"]);
    assert.deepEqual((await column(2)).map(Number), [9, 30, -2.5]);
    await page.click("#result thead >> text=score");
    assert.deepEqual((await column(2)).map(Number), [-2.5, 9, 30]);
    assert.equal(await page.locator("#result th").nth(1).getAttribute("aria-sort"), "ascending");
    await page.click("#result thead >> text=score");
    assert.deepEqual((await column(2)).map(Number), [30, 9, -2.5]);
    assert.equal(await page.locator("#result th").nth(1).getAttribute("aria-sort"), "descending");
    assert.equal(await page.locator("#result th").nth(0).getAttribute("aria-sort"), "none");
    // By the keyboard too; what is missing comes last, whichever way.
    await page.locator("#result thead button").nth(2).focus();
    await page.keyboard.press("Enter");
    assert.deepEqual((await column(3)).map((text) => text === "null"), [false, false, true]);
    await page.keyboard.press("Enter");
    assert.deepEqual((await column(3)).map((text) => text === "null"), [false, false, true]);
    await stage.shot("table");
    await page.click("#result-actions >> text=Tree");
    assert.match(await page.locator("#result .tree").innerText(), /\[3 items\]/);
    await stage.run("def main():\n    return [{'n': i, 'text': 'x' * i} for i in range(250)]", /^Done/);
    assert.equal(await page.locator("#result tbody tr").count(), 100);
    await page.click("text=Show more rows");
    await page.click("text=Show more rows");
    assert.equal(await page.locator("#result tbody tr").count(), 250);
  },

  async upload(stage, { file }) {
    const { page } = stage;
    await page.click("#inputs > summary");
    await page.setInputFiles("#files-input", file);
    await page.waitForSelector("#files-list li");
    await page.fill("#args-field", '["data.csv", 12345678901234567890]');
    await page.fill("#kwargs-field", '{"sep": ";"}');
    await page.fill("#stdin-field", "from stdin\n");
    await stage.shot("upload");
    await stage.run("def main(path, number, sep):\n    print(input())\n    return [open(path, encoding='utf-8').read().split(sep), number]", /^Done/);
    const tree = await page.locator("#result").innerText();
    assert.match(tree, /12345678901234567890/, "every digit goes there and back");
    assert.equal(await page.locator("#output").textContent(), "from stdin\n");
    await page.click("#result-actions >> text=JSON");
    assert.match(await page.locator("#result pre").textContent(), /"größe"/);
    // What is no JSON is said at the field, and nothing is sent.
    await page.fill("#args-field", "[1,");
    await page.click("#run-button");
    assert.equal(await stage.status(), "The inputs are not right yet.");
    assert.equal(await page.getAttribute("#args-field", "aria-invalid"), "true");
    assert.match(await page.locator("#args-wrong").textContent(), /not JSON/);
    await page.fill("#args-field", "{}");
    await page.click("#run-button");
    assert.match(await page.locator("#args-wrong").textContent(), /array/);
    await page.fill("#args-field", "");
    await page.fill("#kwargs-field", "");
    await page.click('[aria-label="Remove data.csv"]');
    assert.equal(await page.locator("#files-list li").count(), 0);
    await stage.run("import os\ndef main():\n    return os.listdir()", /^Done/);
    assert.match(await page.locator("#result").innerText(), /\[0 items\]/);
  },

  /** Each example does what it says; none is there for show. */
  async examples(stage) {
    const { page } = stage;
    const ends = { "An error": /^Failed: ZeroDivisionError, line 2/, "Out of time": /^Failed: Out of time/ };
    const titles = (await page.locator("#example-select option").allTextContents()).slice(1);
    assert.ok(titles.length >= 12);
    for (const title of titles) {
      await page.selectOption("#example-select", { label: title });
      await stage.waitFor(new RegExp(`^${title}`));
      await page.click("#run-button");
      await stage.waitFor(/^(Done|Failed)/);
      assert.match(await stage.status(), ends[title] ?? /^Done/, `${title}: ${await page.locator("#problem").innerText().catch(() => "")}`);
      if (title === "Files in and out") {
        const svg = page.locator("#artifacts img");
        assert.match(await svg.getAttribute("src"), /^data:image\/svg\+xml;base64,/);
        assert.ok(await svg.evaluate((element) => element.decode().then(() => element.naturalWidth > 100)));
        await stage.shot("example-files", { fullPage: true });
      }
      if (title === "A nested result") await stage.shot("example-tree");
      if (title === "A DataFrame") await stage.shot("example-dataframe");
    }
  },

  async long(stage) {
    const { page } = stage;
    await stage.run("def main():\n    for i in range(300_000):\n        print('line', i)\n    return list(range(1000))", /^Done/);
    assert.match(await page.locator("#output-note").textContent(), /middle is missing/);
    const text = await page.locator("#output").textContent();
    assert.ok(text.startsWith("line 0\n") && text.length <= 400_000);
    const { text: all } = await downloadOf(page, () => page.click("#output-actions >> text=Download"));
    assert.match(all, /line 299999\n$/);
    assert.equal(await page.locator("#result .tree .leaf").count(), 100);
    await page.click("#result >> text=Show more");
    assert.equal(await page.locator("#result .tree .leaf").count(), 200);
    await stage.run("import sys, time\ndef main():\n    for i in range(0, 101, 20):\n        sys.stdout.write(f'\\r{i} %')\n        sys.stdout.flush()\n        time.sleep(0.1)\n    print('\\ndone\\r\\nlast')", /^Done/);
    assert.equal(await page.locator("#output").textContent(), "100 %\ndone\nlast\n", "a progress bar is one line");
  },
};
