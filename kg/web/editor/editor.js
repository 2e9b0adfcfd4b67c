// The SPARQL editor: it takes the place of the text area, completes what the dataset holds, and shows rows as a table.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { lintGutter, linter } from "@codemirror/lint";
import { Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";

const form = document.querySelector("form.sparql");
const area = form.querySelector("textarea");
const result = document.querySelector("#result");
const { base, root } = form.dataset; // where our IRIs begin, and the path below which the service stands
const prefixes = [...document.querySelectorAll("#prefixes dt")].map((name) => [
  name.textContent,
  name.nextElementSibling.textContent,
]);
const SHOWN = 1000; // rows; a browser grows slow with more, and a download has them all

// --- names ---------------------------------------------------------------------------------------

/** The short form of an IRI, as the pages show it; the IRI itself where no prefix fits. */
function short(iri) {
  const fits = prefixes.filter(([, start]) => iri.startsWith(start)).sort((a, b) => b[1].length - a[1].length);
  return fits.length ? fits[0][0] + iri.slice(fits[0][1].length) : iri;
}

/** Where an IRI leads: to its page here if it is ours, to its own address for http, nowhere for the rest. */
function address(iri) {
  const [, ontology] = prefixes.find(([name]) => name === "pact:");
  if (iri.startsWith(ontology)) return `${root}/ontology#${iri.slice(ontology.length)}`;
  if (iri.startsWith(base)) return `${root}/${iri.slice(base.length)}`;
  return /^https?:/.test(iri) ? iri : "";
}

// --- completion ----------------------------------------------------------------------------------

const KEYWORDS =
  "SELECT DISTINCT WHERE ASK CONSTRUCT DESCRIBE FILTER OPTIONAL UNION MINUS GRAPH VALUES BIND EXISTS ORDER GROUP BY " +
  "HAVING LIMIT OFFSET COUNT STR LANG LCASE CONTAINS REGEX STRSTARTS BOUND COALESCE IF";
const keywords = KEYWORDS.split(" ").map((label) => ({ label, type: "keyword" }));

let vocabulary; // asked for once, when a name is first typed

/** The classes and properties that the dataset's own description names. */
function describedNames() {
  vocabulary ??= fetch(`${root}/.well-known/void`, { headers: { accept: "application/n-triples" } })
    .then((response) => response.text())
    .then((text) =>
      [...text.matchAll(/<http:\/\/rdfs\.org\/ns\/void#(class|property)> <([^>]+)>/g)].map(([, type, iri]) => ({
        label: short(iri) === iri ? `<${iri}>` : short(iri),
        type,
      })),
    )
    .catch(() => []);
  return vocabulary;
}

async function complete(context) {
  const word = context.matchBefore(/[?$<]?[\w:/.#-]*/);
  if (!context.explicit && word.from === word.to) return null;
  if (/^[?$]/.test(word.text)) {
    const before = context.state.doc.toString();
    const names = new Set(before.match(/[?$]\w+/g).filter((name) => name !== word.text));
    return { from: word.from, options: [...names].map((label) => ({ label, type: "variable" })) };
  }
  const line = context.state.doc.lineAt(context.pos);
  const afterA = /(^|\s)(a|rdf:type)\s+$/.test(line.text.slice(0, word.from - line.from));
  const names = (await describedNames()).filter(({ type }) => !afterA || type === "class");
  const starts = prefixes.map(([label]) => ({ label, type: "namespace" }));
  return { from: word.from, options: [...names, ...starts, ...(afterA ? [] : keywords)], validFor: /^[\w:/.#-]*$/ };
}

// --- the editor ----------------------------------------------------------------------------------

/** The first place where the query stops being SPARQL. */
function mistake(view) {
  const found = [];
  syntaxTree(view.state).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError && !found.length) found.push({ from, to, severity: "error", message: "It does not parse from here on." });
    },
  });
  return view.state.doc.toString().trim() ? found : [];
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--link)", fontWeight: "600" },
  { tag: tags.variableName, color: "var(--mark)" },
  { tag: [tags.string, tags.integer, tags.float, tags.bool], color: "var(--plan)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
]);
const look = EditorView.theme({
  "&": { background: "var(--card)", borderRadius: "6px", color: "var(--ink)", fontSize: "0.9rem", maxHeight: "32rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace", lineHeight: "1.6", minHeight: "11rem" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.6rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { borderRadius: "6px", background: "var(--card)", color: "var(--soft)", border: "none" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--link) 25%, transparent)",
  },
  "&.cm-focused .cm-matchingBracket": { background: "color-mix(in srgb, var(--plan) 30%, transparent)" },
  ".cm-tooltip": { background: "var(--card)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--link)", color: "var(--card)" },
});

/**
 * Replaces a selection by what is typed over it. Left to itself the browser wraps the new letters in a styled span,
 * which the page's policy blocks with an error on the console.
 */
function typeOver(event, view) {
  const { main } = view.state.selection;
  if (event.inputType !== "insertText" || main.empty || view.composing) return false;
  event.preventDefault();
  const typed = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type" });
  const handlers = view.state.facet(EditorView.inputHandler);
  if (!handlers.some((handle) => handle(view, main.from, main.to, event.data, typed))) view.dispatch(typed());
  return true;
}

/** The editor, in a shadow tree: there its style sheets are objects, so the page needs no inline style. */
function openEditor() {
  const root = document.createElement("div");
  root.className = "editor";
  area.after(root);
  area.hidden = true;
  const shadow = root.attachShadow({ mode: "open" });
  const run = () => (form.requestSubmit(), true);
  const view = new EditorView({
    doc: area.value,
    root: shadow,
    parent: shadow,
    extensions: [
      lineNumbers(),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      sparql(),
      syntaxHighlighting(colours),
      lintGutter(),
      linter(mistake),
      autocompletion({ override: [complete], icons: false }),
      EditorView.lineWrapping,
      EditorView.domEventHandlers({ beforeinput: typeOver }),
      EditorView.contentAttributes.of({ "aria-label": "Query" }),
      Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
      // Tab is left to the browser, so that whoever uses the keyboard gets out again.
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
      look,
    ],
  });
  form.querySelector(`label[for="${area.id}"]`).addEventListener("click", () => view.focus());
  return view;
}

// --- the result ----------------------------------------------------------------------------------

function element(name, fields = {}, ...children) {
  const made = Object.assign(document.createElement(name), fields);
  made.append(...children);
  return made;
}

function show(...children) {
  result.replaceChildren(...children);
}

function cell(term) {
  if (!term) return element("td");
  const href = term.type === "uri" ? address(term.value) : "";
  const text = term.type === "uri" ? short(term.value) : term.type === "bnode" ? `_:${term.value}` : term.value;
  return element("td", { title: term.datatype ? short(term.datatype) : (term["xml:lang"] ?? "") }, href ? element("a", { href }, text) : text);
}

function table({ head, results }) {
  const { vars } = head;
  const rows = results.bindings;
  const count = `${rows.length.toLocaleString("en")} row${rows.length === 1 ? "" : "s"}`;
  const note = rows.length > SHOWN ? `${count}; the first ${SHOWN.toLocaleString("en")} are shown` : count;
  const heads = vars.map((name) => element("th", { scope: "col" }, name));
  const lines = rows.slice(0, SHOWN).map((row) => element("tr", {}, ...vars.map((name) => cell(row[name]))));
  const scroll = element(
    "div",
    { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Rows" },
    element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines)),
  );
  show(element("p", { className: "status" }, note), ...(rows.length ? [scroll] : []));
}

async function run(query) {
  show(element("p", { className: "status" }, "asking …"));
  nameInAddress(query);
  const response = await fetch(`${root}/sparql`, {
    method: "POST",
    headers: { "content-type": "application/sparql-query", accept: "application/sparql-results+json, text/turtle;q=0.9" },
    body: query,
  });
  if (!response.ok) {
    const { title, detail } = await response.json();
    return show(element("p", { className: "status disputed" }, title), ...(detail ? [element("pre", {}, detail)] : []));
  }
  if (response.headers.get("content-type").startsWith("text/turtle")) {
    return show(element("pre", { tabIndex: 0, role: "region", ariaLabel: "Triples" }, await response.text()));
  }
  const found = await response.json();
  return "boolean" in found ? show(element("p", { className: "status" }, found.boolean ? "yes" : "no")) : table(found);
}

/** The address names the query, so that it can be passed on; opening it again does not run it. */
function nameInAddress(query) {
  window.history.replaceState(null, "", `${root}/sparql?${new URLSearchParams({ query })}`);
}

// --- all together --------------------------------------------------------------------------------

const view = openEditor();
const here = element("option", { value: "", selected: true }, "a table on this page");
form.elements.format.prepend(here);
form.elements.format.value = "";
form.addEventListener("submit", (event) => {
  area.value = view.state.doc.toString();
  if (form.elements.format.value) return;
  event.preventDefault();
  run(area.value).catch(() => show(element("p", { className: "status disputed" }, "the service did not answer; try again")));
});

const examples = document.querySelector("#examples");
for (const each of [examples.closest(".field"), form.querySelector(".keys")]) each.hidden = false;
examples.addEventListener("change", () => {
  if (examples.value) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: examples.value } });
});
