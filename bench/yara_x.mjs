// YARA-X as a peer, through its Node.js binding: compile once over the concatenated set, scan the files of a folder.
// usage: node yara_x.mjs MODULES RULES FOLDER [NAME=VALUE...]
// Prints one JSON object: compile seconds, bytes, scan seconds (second pass, scan calls only), matches as [file, rule].
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, rules, folder, ...defines] = process.argv.slice(2);
const yarax = createRequire(join(modules, "x.js"))("@litko/yara-x");
const defineVariables = Object.fromEntries(defines.map((d) => d.split("=")));
let t = process.hrtime.bigint();
const scanner = yarax.compile(readFileSync(rules, "utf8"), { defineVariables, relaxedReSyntax: true });
const compile = Number(process.hrtime.bigint() - t) / 1e9;

let bytes, scan, matches;
for (let pass = 0; pass < 2; pass++) {
  bytes = scan = 0;
  matches = [];
  for (const file of readdirSync(folder).map((name) => join(folder, name))) {
    const data = readFileSync(file);
    t = process.hrtime.bigint();
    const found = scanner.scan(data);
    scan += Number(process.hrtime.bigint() - t) / 1e9;
    bytes += data.length;
    for (const m of found) matches.push([file, m.ruleIdentifier]);
  }
}
console.log(JSON.stringify({ compile, bytes, scan, matches }));
