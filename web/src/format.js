// Numbers as people read them.

export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export function clockText(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

export function count(number, word, words = `${word}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? word : words}`;
}

const WORDS = {
  missing_main: "No main()",
  syntax_error: "Syntax error",
  runtime_error: "Runtime error",
  timeout: "Out of time",
  resource_limit: "Over a limit",
  invalid_input: "Not a valid request",
  unauthorized: "A key is needed",
  forbidden: "Not allowed",
  rate_limited: "Too many requests",
  overloaded: "The service is busy",
  draining: "The service is ending",
  internal_error: "The service failed",
};

/** The contract's word for an error, for people; an unknown one as it is. */
export const errorWord = (error) => WORDS[error] ?? String(error);
