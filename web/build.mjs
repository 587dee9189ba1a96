// Builds dist/index.html, one page with everything in it:  node build.mjs [OUTPUT]
//
// The same sources and the same locked packages give the same bytes; scripts/check-web holds dist/ against that.
import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(here, "dist", "index.html");

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  target: ["es2022", "chrome111", "firefox115", "safari16.4"],
  legalComments: "none", // all licences are put at the page's end, whole
  logLevel: "warning",
};

async function bundle(entry, options = {}) {
  const built = await build({ ...common, ...options, entryPoints: [entry], metafile: true });
  return { text: built.outputFiles[0].text.trim(), inputs: Object.keys(built.metafile.inputs) };
}

// The text of an element must not end it.
function checked(text, end) {
  if (text.toLowerCase().includes(end)) throw new Error(`the bundle contains ${end}`);
  return text;
}

// Of each package that is in the bundle: name, version, licence; equal texts once.
async function licences(inputs) {
  const names = new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean));
  const byText = new Map();
  for (const name of [...names].sort()) {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const text = (await readFile(join(folder, "LICENSE"), "utf8")).replaceAll("\r\n", "\n").trim();
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...byText].map(([text, packages]) => `${packages.join("\n")}\n\n${text}`);
  const all = `This page contains these packages:\n\n${parts.join("\n\n\n")}`;
  if (all.includes("--")) throw new Error("a licence cannot stand in a comment of HTML");
  return `<!--\n${all}\n-->\n`;
}

const script = await bundle("src/main.js", { format: "esm", loader: { ".py": "text", ".csv": "text" } });
const early = await bundle("src/early.js", { format: "iife" });
const style = await bundle("src/style.css");
const template = await readFile(join(here, "src", "index.html"), "utf8");
const page = template
  .replace("/*STYLE*/", () => checked(style.text, "</style"))
  .replace("/*EARLY*/", () => checked(early.text, "</script"))
  .replace("/*SCRIPT*/", () => checked(script.text, "</script"));
await mkdir(dirname(output), { recursive: true });
await writeFile(output, page + (await licences(script.inputs)));
