// A script with its inputs in a link: JSON, deflated, base64url, behind the '#', which no server ever sees.

const PREFIX = "#s=";
const TEXT_MAX = 2_000_000; // characters that a link may unpack to
export const LINK_MAX = 100_000;
export const LINK_LONG = 8000; // what some programs cut

async function through(stream, data, most = Infinity) {
  const reader = new Blob([data]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) throw new Error("too large");
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

export async function linkOf(state) {
  const packed = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(JSON.stringify({ v: 1, ...state })));
  let text = "";
  for (const byte of packed) text += String.fromCharCode(byte);
  const base = location.href.split("#")[0];
  return base + PREFIX + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** What a link's fragment holds; null when it holds nothing of ours. Throws when it is broken. */
export async function stateOf(fragment) {
  if (!fragment.startsWith(PREFIX)) return null;
  const text = atob(fragment.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
  const packed = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const state = JSON.parse(new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), packed, TEXT_MAX)));
  if (state?.v !== 1 || typeof state.script !== "string") throw new Error("not a script");
  return state;
}
