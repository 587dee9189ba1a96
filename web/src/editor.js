// The editor: CodeMirror in a shadow root, where its styles come by adoptedStyleSheets, which the page's
// Content-Security-Policy permits. Colours are the page's custom properties.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { h } from "./dom.js";

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword], color: "var(--c-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--c-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--c-number)" },
  { tag: tags.comment, color: "var(--c-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], color: "var(--c-name)", fontWeight: "600" },
  { tag: [tags.meta, tags.self], color: "var(--c-meta)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "transparent", fontSize: "14px" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--quiet)", border: "none", paddingLeft: "4px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selection) !important" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selection)", outline: "1px solid var(--quiet)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--bad-soft)" },
  ".cm-wrong-line": { backgroundColor: "var(--bad-soft)", boxShadow: "inset 3px 0 var(--bad)" },
  ".cm-wrong-place": { textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
  ".cm-wrong-note": { boxSizing: "border-box", maxWidth: "calc(100cqw - 64px)", padding: "6px 12px 8px", backgroundColor: "var(--bad-soft)", boxShadow: "inset 3px 0 var(--bad)", color: "var(--text)", fontFamily: "var(--sans)", fontSize: "13px", whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
  ".cm-wrong-note strong": { color: "var(--bad)" },
  ".cm-wrong-note ul": { margin: "4px 0 0", paddingLeft: "18px" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
});

/* ---- the line that went wrong ---- */

class Note extends WidgetType {
  constructor(title, suggestions) {
    super();
    this.title = title;
    this.suggestions = suggestions;
  }

  toDOM() {
    const list = this.suggestions.length > 0 ? h("ul", {}, ...this.suggestions.map((text) => h("li", {}, text))) : null;
    return h("div", { class: "cm-wrong-note" }, h("strong", {}, this.title), list);
  }
}

const setMark = StateEffect.define();
const marks = StateField.define({
  create: () => Decoration.none,
  update(found, transaction) {
    // A changed line is another line: the mark goes with the first change to it.
    if (transaction.docChanged && found.size > 0) {
      let isTouched = false;
      found.between(0, transaction.startState.doc.length, (from) => {
        const line = transaction.startState.doc.lineAt(from);
        isTouched ||= Boolean(transaction.changes.touchesRange(line.from, line.to));
      });
      found = isTouched ? Decoration.none : found.map(transaction.changes);
    }
    for (const effect of transaction.effects) if (effect.is(setMark)) found = effect.value;
    return found;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function markOf(state, { line: number, column, title, suggestions }) {
  if (!Number.isInteger(number) || number < 1 || number > state.doc.lines) return Decoration.none;
  const line = state.doc.line(number);
  const ranges = [Decoration.line({ class: "cm-wrong-line" }).range(line.from)];
  const start = line.from + (column ?? 0) - 1;
  if (Number.isInteger(column) && start >= line.from && start < line.to) {
    const word = /^\w+/.exec(line.text.slice(column - 1));
    ranges.push(Decoration.mark({ class: "cm-wrong-place" }).range(start, start + (word?.[0].length ?? 1)));
  }
  ranges.push(Decoration.widget({ widget: new Note(title, suggestions), block: true, side: 1 }).range(line.to));
  return Decoration.set(ranges);
}

/* ---- all of it ---- */

export class Editor {
  #view;

  /** `on` has run() and change(). */
  constructor(place, on) {
    const root = place.attachShadow({ mode: "open" });
    const run = () => {
      on.run();
      return true;
    };
    const extensions = [
      keymap.of([{ key: "Mod-Enter", run }, { key: "Ctrl-Enter", run }]),
      lineNumbers(),
      history(),
      drawSelection(),
      indentOnInput(),
      indentUnit.of("    "),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ activateOnTyping: true, icons: false }),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      python(),
      syntaxHighlighting(highlight),
      marks,
      theme,
      EditorView.contentAttributes.of({ "aria-label": "Python script", tabindex: "0", spellcheck: "false", autocapitalize: "off", autocorrect: "off" }),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) on.change();
      }),
    ];
    this.#view = new EditorView({ root, parent: root, state: EditorState.create({ extensions }) });
    this.extensions = extensions;
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  /** As another document, with a history of its own. */
  load(text) {
    this.#view.setState(EditorState.create({ doc: text, extensions: this.extensions }));
  }

  focus() {
    this.#view.focus();
  }

  /** Marks a line: {line, column, title, suggestions}; null takes the mark away. */
  mark(wrong) {
    this.#view.dispatch({ effects: setMark.of(wrong ? markOf(this.#view.state, wrong) : Decoration.none) });
  }

  goTo(number) {
    if (number > this.#view.state.doc.lines) return;
    const line = this.#view.state.doc.line(number);
    this.#view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    this.#view.focus();
  }
}
