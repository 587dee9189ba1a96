// The real service, started for a test and ended with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const program = process.env.PYEXEC_BIN ?? `${root}build/bin/pyexecd`;

// A machine that does something else as well may need a while for anything.
export const settings = ["--default-timeout=60", "--queue-timeout=60", "--drain-timeout=2"];

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(condition, what, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) {
      throw new Error(`it did not happen: ${what}`);
    }
    await sleep(50);
  }
}

export async function startService() {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const service = spawn(program, [`--listen=127.0.0.1:${port}`, ...settings], { stdio: ["ignore", "ignore", "pipe"] });
  const log = [];
  service.stderr.on("data", (data) => log.push(data));
  const get = async (path) => (await fetch(base + path)).json();
  await until(
    async () => {
      if (service.exitCode !== null) {
        throw new Error(`pyexecd ended with ${service.exitCode}:\n${Buffer.concat(log)}`);
      }
      try {
        return (await get("/health")).status === "healthy" && (await fetch(`${base}/v1/packages`)).ok;
      } catch {
        return false;
      }
    },
    "the service is healthy",
    120,
  );
  return {
    url: `${base}/mcp`,
    busy: async () => (await get("/health")).pool.busy,
    stop: async () => {
      service.kill("SIGTERM");
      if (service.exitCode === null && service.signalCode === null) {
        await once(service, "exit");
      }
    },
  };
}
