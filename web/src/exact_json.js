// JSON with its numbers as they are written: an integer of 30 digits keeps them, and 1.0 stays 1.0.

export class Num {
  constructor(text, value) {
    this.text = text;
    this.value = value;
  }
}

/** JSON.parse, but numbers that JavaScript would write otherwise are a Num, where the browser tells their text. */
export function parseExact(text) {
  return JSON.parse(text, (_key, value, context) =>
    typeof value === "number" && context?.source !== undefined && context.source !== String(value)
      ? new Num(context.source, value)
      : value,
  );
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Num);

/** Back to JSON text, indented. */
export function writeExact(value, indent = "") {
  if (value instanceof Num) return value.text;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => inner + writeExact(item, inner)).join(",\n")}\n${indent}]`;
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0) return "{}";
    return `{\n${entries.map(([name, item]) => `${inner}${JSON.stringify(name)}: ${writeExact(item, inner)}`).join(",\n")}\n${indent}}`;
  }
  return JSON.stringify(value);
}
