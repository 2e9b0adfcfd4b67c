// Asks a SPARQL endpoint with Comunica: the endpoint is the argument, queries come as a JSON list on standard input.
// package.json holds undici at 7, since 8 does not run on Node 20.
// Writes, as JSON, for each query its form and its result: a boolean, rows of N-Triples terms by variable, or triples.
import { QueryEngine } from "@comunica/query-sparql";
import { readFileSync } from "node:fs";

const engine = new QueryEngine();
const sources = [{ type: "sparql", value: process.argv[2] }];

function written(term) {
  if (term.termType === "NamedNode") return `<${term.value}>`;
  if (term.termType === "BlankNode") return `_:${term.value}`;
  const plain = term.datatype.value === "http://www.w3.org/2001/XMLSchema#string";
  const kind = term.language ? `@${term.language}` : plain ? "" : `^^<${term.datatype.value}>`;
  return JSON.stringify(term.value) + kind;
}

async function ask(query) {
  const found = await engine.query(query, { sources });
  if (found.resultType === "boolean") return await found.execute();
  const rows = await (await found.execute()).toArray();
  if (found.resultType === "bindings") {
    return rows.map((row) => Object.fromEntries([...row].map(([name, term]) => [name.value, written(term)])));
  }
  return rows.map(({ subject, predicate, object }) => [subject, predicate, object].map(written));
}

const answers = [];
for (const query of JSON.parse(readFileSync(0, "utf8"))) answers.push(await ask(query));
process.stdout.write(JSON.stringify(answers));
