// The official conformance suite against the real service. docs/mcp.md lists what does not apply, with the reason: a
// scenario that fails and is not in that list is a failure, and so is one of the list that passes or is none any more.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { root, startService } from "./service.mjs";

const suite = fileURLToPath(new URL("node_modules/@modelcontextprotocol/conformance/dist/index.js", import.meta.url));

function conformance(...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [suite, ...args], { timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ passed: !error, output: stdout + stderr });
    });
  });
}

// "| `scenario` | reason |", below the heading.
function notApplicable() {
  const section = readFileSync(`${root}docs/mcp.md`, "utf8").split("### What does not apply\n")[1].split("\n#")[0];
  return new Map([...section.matchAll(/^\| `([a-z0-9-]+)` \| (.+) \|$/gm)].map((row) => [row[1], row[2]]));
}

const listed = (await conformance("list")).output.split("Server scenarios")[1].split("Client scenarios")[0];
const scenarios = [...listed.matchAll(/^ +- ([a-z0-9-]+)$/gm)].map((row) => row[1]);
const exceptions = notApplicable();

describe("conformance", () => {
  let service;
  before(async () => {
    service = await startService();
  });
  after(async () => {
    await service.stop();
  });

  test("the list names scenarios that there are, with a reason", () => {
    assert.ok(scenarios.length >= 30, `only ${scenarios.length} scenarios`);
    assert.deepEqual([...exceptions.keys()].filter((name) => !scenarios.includes(name)), []);
    assert.ok([...exceptions.values()].every((reason) => reason.length > 20));
  });

  for (const scenario of scenarios) {
    test(scenario, async () => {
      const { passed, output } = await conformance("server", "--url", service.url, "--scenario", scenario);
      if (exceptions.has(scenario)) {
        assert.ok(!passed, `it passes: take it out of the list in docs/mcp.md\n${output}`);
      } else {
        assert.ok(passed, output);
      }
    });
  }
});
