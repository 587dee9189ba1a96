// Talking with the service: its state, its limits, and runs. Paths are relative, so that a proxy may put it anywhere.
import { readEvents } from "./events.js";
import { parseExact } from "./exact_json.js";

const KEY = "pyexecd.key";

let key = "";
try {
  key = sessionStorage.getItem(KEY) ?? "";
} catch {
  // no storage: the key is asked for again when the page is loaded again
}

export const hasKey = () => key !== "";

export function setKey(text) {
  key = text.trim();
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
}

/** Whether it can stand in a header at all. */
export const isPossibleKey = (text) => /^[\x21-\x7e]+$/.test(text.trim());

const authorization = () => (key ? { Authorization: `Bearer ${key}` } : {});

/** {status, answer}; answer is null when it is no JSON. Throws when nobody answers. */
export async function get(path) {
  const response = await fetch(path, { headers: authorization(), cache: "no-store", signal: AbortSignal.timeout(10_000) });
  const answer = await response.json().catch(() => null);
  return { status: response.status, answer };
}

/** The service's JSON; a proxy in front of it may answer with anything. */
function answerOf(text, status) {
  try {
    const answer = parseExact(text);
    if (typeof answer?.error === "string") return answer;
  } catch {
    // no JSON
  }
  return { error: `Status ${status}`, message: "This is not the service's own answer: something on the way to it has answered." };
}

/**
 * Runs what `body` (JSON text) asks for. `on` has stdout(text), stderr(text) and artifact(artifact), called while the script
 * runs. Comes back with one of
 *   {end: "done", answer}                          the run's whole answer
 *   {end: "refused", status, answer, retryAfter}   there was no run
 *   {end: "stopped"}                               `signal` was aborted; so was the run
 *   {end: "cut"}                                   the connection broke in the middle
 *   {end: "gone"}                                  nobody answers
 */
export async function execute(body, signal, on) {
  let response;
  try {
    response = await fetch("execute", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...authorization() },
      body,
      signal,
      cache: "no-store",
    });
  } catch {
    return { end: signal.aborted ? "stopped" : "gone" };
  }
  try {
    if (!(response.headers.get("Content-Type") ?? "").startsWith("text/event-stream")) {
      const answer = answerOf(await response.text(), response.status);
      return { end: "refused", status: response.status, answer, retryAfter: response.headers.get("Retry-After") };
    }
    for await (const { event, data } of readEvents(response.body)) {
      if (event === "done") return { end: "done", answer: parseExact(data) };
      if (event === "stdout" || event === "stderr") on[event](JSON.parse(data).text);
      if (event === "artifact") on.artifact(JSON.parse(data));
    }
  } catch {
    return { end: signal.aborted ? "stopped" : "cut" };
  }
  return { end: "cut" };
}
