// Elements, made without ever reading a text as markup: whatever comes from a script is a text node.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "tabIndex", "textContent", "type"]);

/** h("button", {class: "plain", type: "button", onclick: f, "aria-label": "x"}, "text", child, null) */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

export function button(text, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, text);
}

/** Puts text on the clipboard; without the right to (no HTTPS) it answers false. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Hands bytes or text to the browser's downloads, never as something that it would open. */
export function download(content, name) {
  const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  const link = h("a", { href: url, download: safeName(name) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// Control characters, and those that are not seen but turn the direction of writing ("gpj.exe" shown as "exe.jpg").
const UNSEEN = /[\p{Cc}\p{Cf}]/gu;

/** A path that a script has chosen, for people. */
export const shownName = (path) => path.replace(UNSEEN, "\ufffd");

/** A name for a file on the user's own disk, of a path that a script has chosen. */
export function safeName(path) {
  const last = path.split(/[/\\]/).at(-1) ?? "";
  // And what some system does not take.
  const name = last.replace(UNSEEN, "_").replace(/[<>:"|?*]/g, "_").replace(/^\.+/, "_").slice(0, 120);
  return name || "file";
}
