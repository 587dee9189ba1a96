// The official client against the real service, over HTTP and over standard input and output.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { LATEST_PROTOCOL_VERSION } from "@modelcontextprotocol/sdk/types.js";

import { program, settings, sleep, startService, until } from "./service.mjs";

const PATIENCE = { timeout: 120_000 };

let service;
before(async () => {
  service = await startService();
});
after(async () => {
  await service.stop();
});

function suite(makeTransport, isHttp) {
  let client, transport;
  before(async () => {
    transport = makeTransport();
    client = new Client({ name: "pyexecd-test", version: "1" });
    await client.connect(transport);
    // The client checks structured content against the schemas that it has listed.
    await client.listTools();
  });
  after(async () => {
    await client.close();
  });

  const run = (script, more = {}, options = {}) =>
    client.callTool({ name: "run_python", arguments: { script, ...more } }, undefined, { ...PATIENCE, ...options });

  test("negotiates the newest revision", () => {
    assert.equal(client.getServerVersion().name, "pyexecd");
    assert.match(client.getInstructions(), /run_python/);
    assert.deepEqual(client.getServerCapabilities(), { tools: {}, prompts: {}, resources: {} });
    if (isHttp) {
      assert.equal(transport.protocolVersion, LATEST_PROTOCOL_VERSION);
      assert.match(transport.sessionId, /^[0-9a-f]{32}$/);
    }
  });

  test("lists tools with schemas", async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), ["run_python", "list_packages"]);
    for (const tool of tools) {
      assert.equal(tool.inputSchema.additionalProperties, false);
      assert.equal(tool.outputSchema.type, "object");
    }
  });

  test("runs a script and structures its result", async () => {
    const result = await run("print('hello')\n{'n': [1, 2.5, None]}");
    assert.equal(result.isError, false);
    assert.deepEqual(result.structuredContent.result, { n: [1, 2.5, null] });
    assert.equal(result.structuredContent.stdout, "hello\n");
    assert.equal(result.content[0].text, 'Result:\n{"n":[1,2.5,null]}\n\nOutput:\nhello');
  });

  test("calls main", async () => {
    const result = await run("def main(a, b):\n    return a + b", { mode: "main", args: [1], kwargs: { b: 2 } });
    assert.equal(result.structuredContent.result, 3);
  });

  test("tells the model what failed", async () => {
    const result = await run("x = [1]\nx[3]");
    assert.equal(result.isError, true);
    assert.equal(result.structuredContent.error, "runtime_error");
    assert.equal(result.structuredContent.line, 2);
    assert.match(result.content[0].text, /IndexError[^]*Suggestions:/);
  });

  test("tells the model what was wrong with its input", async () => {
    const result = await client.callTool({ name: "run_python", arguments: { script: "1", timout: 3 } });
    assert.equal(result.isError, true);
    assert.match(result.content[0].text, /Did you mean 'timeout'/);
  });

  test("hands plots back as images and files as resources", async () => {
    const script = [
      "import matplotlib.pyplot as plt",
      "plt.plot([1, 2])",
      "with open('output/a.csv', 'w') as f: f.write('x,y\\n')",
      "with open('output/b.bin', 'wb') as f: f.write(b'\\xff\\x00')",
    ].join("\n");
    const { content, structuredContent } = await run(script, { timeout: 60 });
    assert.deepEqual(content.map((block) => block.type), ["text", "image", "resource", "resource"]);
    assert.equal(content[1].mimeType, "image/png");
    assert.equal(Buffer.from(content[1].data, "base64").subarray(1, 4).toString(), "PNG");
    assert.equal(content[2].resource.text, "x,y\n");
    assert.match(content[2].resource.uri, /^pyexec:\/\/runs\/[0-9a-f]+\/a\.csv$/);
    assert.equal(content[3].resource.blob, "/wA=");
    assert.deepEqual(structuredContent.artifacts.map((artifact) => artifact.path), ["figure-1.png", "a.csv", "b.bin"]);
  });

  test("takes files along", async () => {
    const files = [{ path: "data/a.csv", content: "x\n1\n2\n" }];
    const result = await run("import pandas as pd\npd.read_csv('data/a.csv').x.sum()", { files });
    assert.equal(result.structuredContent.result, 3);
  });

  test("tells of progress while the script runs", async () => {
    const told = [];
    const script = "import time\nfor i in range(3):\n    print('step', i)\n    time.sleep(0.4)\ni";
    const result = await run(script, {}, { onprogress: (progress) => told.push(progress), resetTimeoutOnProgress: true });
    assert.equal(result.structuredContent.result, 2);
    assert.ok(told.length >= 1, "there was progress");
    assert.match(told.map((progress) => progress.message).join(""), /step 0/);
    assert.ok(told.every((progress, i) => progress.total === 60 && (i === 0 || progress.progress > told[i - 1].progress)));
  });

  for (const onprogress of [undefined, () => {}]) {
    test(`ends a run that is cancelled, ${onprogress ? "with" : "without"} progress`, async () => {
      const abort = new AbortController();
      const call = run("import time\ntime.sleep(50)", {}, { signal: abort.signal, onprogress });
      const failed = assert.rejects(call);
      if (isHttp) {
        await until(async () => (await service.busy()) > 0, "the run is on");
      } else {
        await sleep(1000);
      }
      abort.abort("enough");
      await failed;
      if (isHttp) {
        await until(async () => (await service.busy()) === 0, "the run has ended", 20);
      }
      assert.equal((await run("1 + 1")).structuredContent.result, 2);
    });
  }

  test("lists packages", async () => {
    const result = await client.callTool({ name: "list_packages", arguments: { filter: "NumP" } }, undefined, PATIENCE);
    assert.ok(result.structuredContent.packages.some((found) => found.name === "numpy" && found.modules.includes("numpy")));
    assert.match(result.content[0].text, /numpy \d/);
  });

  test("has prompts and resources", async () => {
    const { prompts } = await client.listPrompts();
    assert.deepEqual(prompts.map((prompt) => prompt.name), ["write_script", "fix_script"]);
    const prompt = await client.getPrompt({ name: "write_script", arguments: { task: "count to three" } });
    assert.match(prompt.messages[0].content.text, /count to three/);
    const { resources } = await client.listResources();
    for (const { uri, mimeType } of resources) {
      const { contents } = await client.readResource({ uri });
      assert.equal(contents[0].mimeType, mimeType);
      assert.ok(mimeType === "text/markdown" || JSON.parse(contents[0].text));
    }
    assert.deepEqual((await client.listResourceTemplates()).resourceTemplates, []);
  });

  test("has errors by the book", async () => {
    await assert.rejects(client.callTool({ name: "run_perl", arguments: {} }), { code: -32602 });
    await assert.rejects(client.readResource({ uri: "file:///etc/passwd" }), { code: -32002 });
    await assert.rejects(client.getPrompt({ name: "nobody" }), { code: -32602 });
  });

  test("answers a ping, and many requests at one time", async () => {
    await client.ping();
    const results = await Promise.all([1, 2, 3, 4].map((n) => run(`${n} * 10`)));
    assert.deepEqual(results.map((result) => result.structuredContent.result), [10, 20, 30, 40]);
  });
}

describe("over HTTP", () => suite(() => new StreamableHTTPClientTransport(new URL(service.url)), true));
describe("over standard input and output", () => {
  suite(() => new StdioClientTransport({ command: program, args: ["mcp", ...settings], stderr: "inherit" }), false);
});
