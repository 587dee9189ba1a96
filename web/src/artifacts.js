// Figures and files that a run hands back. Only pictures are shown, and only as pictures: what is in them cannot run.
import { byId, button, download, h, shownName } from "./dom.js";
import { bytes } from "./format.js";

// Types that an <img> draws, in our own words: the artifact's own word is never used.
const PICTURES = { "image/png": "image/png", "image/jpeg": "image/jpeg", "image/gif": "image/gif", "image/webp": "image/webp" };
const SVG = "image/svg+xml";

function decode(base64) {
  const text = atob(base64);
  const data = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) data[i] = text.charCodeAt(i);
  return data;
}

export class Artifacts {
  #part = byId("files-part");
  #list = byId("artifacts");
  #seen = new Set();
  #urls = [];

  clear() {
    for (const url of this.#urls) URL.revokeObjectURL(url);
    this.#urls = [];
    this.#seen.clear();
    this.#list.replaceChildren();
    this.#part.hidden = true;
  }

  get count() {
    return this.#seen.size;
  }

  /** One that came with the stream, or again with the whole answer. */
  add({ path, mime, size, base64 }) {
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    this.#part.hidden = false;
    const data = decode(base64);
    const name = shownName(path);
    const picture = this.#picture(mime, data, base64, name);
    const caption = h(
      "figcaption",
      {},
      h("bdi", { class: "name" }, name),
      h("span", { class: "quiet" }, bytes(size)),
      button("Download", () => download(data, path), { "aria-label": `Download ${name}` }),
    );
    this.#list.append(h("figure", { class: picture ? "artifact" : "artifact file" }, picture, caption));
  }

  skip({ path, reason }) {
    this.#part.hidden = false;
    this.#list.append(h("p", { class: "quiet" }, "Left out: ", h("bdi", {}, shownName(path)), ` (${reason})`));
  }

  #picture(mime, data, base64, name) {
    let source;
    if (mime === SVG) {
      // As data: opened on its own it has no origin, so not this page's either.
      source = `data:${SVG};base64,${base64}`;
    } else if (Object.hasOwn(PICTURES, mime)) {
      source = URL.createObjectURL(new Blob([data], { type: PICTURES[mime] }));
      this.#urls.push(source);
    } else {
      return null;
    }
    const image = h("img", { src: source, alt: name, decoding: "async" });
    image.addEventListener("error", () => image.replaceWith(h("p", { class: "quiet" }, "This picture cannot be drawn.")));
    return image;
  }
}
