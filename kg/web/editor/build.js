// Bundles the editor into ../static/editor/, with the licence of every package that the bundle holds.
import { build } from "esbuild";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const target = "../static/editor";

rmSync(target, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ["editor.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none", // the notices stand in LICENSES.txt, in full
  banner: { js: "/* Holds other people's work; their licences: LICENSES.txt beside this file. */" },
  outfile: join(target, "editor.js"),
  metafile: true,
});

const folders = Object.keys(metafile.inputs).map((input) => input.match(/^node_modules\/(@[^/]+\/)?[^/]+/)?.[0]);
const notices = [...new Set(folders.filter(Boolean))].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} carries no licence, so it cannot be bundled`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
writeFileSync(join(target, "LICENSES.txt"), notices.join(`\n${"-".repeat(80)}\n\n`));
