// Scripts to start from, one for each thing that the service can do. tests/browser runs every one.
import hello from "../examples/hello.py";
import argumentsScript from "../examples/arguments.py";
import stdin from "../examples/stdin.py";
import stream from "../examples/stream.py";
import dataframe from "../examples/dataframe.py";
import plot from "../examples/plot.py";
import files from "../examples/files.py";
import sales from "../examples/sales.csv";
import tree from "../examples/tree.py";
import exact from "../examples/exact.py";
import asynchronous from "../examples/async.py";
import processes from "../examples/processes.py";
import cell from "../examples/cell.py";
import error from "../examples/error.py";
import timeout from "../examples/timeout.py";
import sandbox from "../examples/sandbox.py";

const list = [
  { title: "Hello", about: "The value that main() returns is the result.", script: hello },
  { title: "Arguments", about: "main() is called with JSON values.", script: argumentsScript, inputs: { args: "[12, 30]", kwargs: '{"greeting": "Together"}' } },
  { title: "Standard input", about: "What the script reads from stdin.", script: stdin, inputs: { stdin: "pears 3\napples 5\nplums 11\n" } },
  { title: "Output while it runs", about: "Lines come as they are written.", script: stream },
  { title: "A DataFrame", about: "Records come back as a table that can be sorted.", script: dataframe },
  { title: "A plot", about: "plt.show() hands a figure back.", script: plot },
  { title: "Files in and out", about: "A posted file is read; what is left in output/ comes back.", script: files, inputs: { files: [{ path: "sales.csv", content: sales }] } },
  { title: "A nested result", about: "Dictionaries and lists as a tree.", script: tree },
  { title: "Exact numbers", about: "Integers keep every digit; dates and decimals have a form of their own.", script: exact },
  { title: "Asynchronous", about: "An async main() is awaited.", script: asynchronous },
  { title: "Several processes", about: "multiprocessing works within the limits.", script: processes },
  { title: "As a notebook cell", about: "No main(): the last expression is the result.", script: cell, inputs: { mode: "script" } },
  { title: "An error", about: "The line is marked, with suggestions.", script: error },
  { title: "Out of time", about: "What was written before is not lost.", script: timeout, inputs: { timeout: "1" } },
  { title: "In the sandbox", about: "What a script sees, and what it is refused.", script: sandbox },
];

export const examples = list.map((example) => ({ ...example, script: example.script.trimEnd() }));
