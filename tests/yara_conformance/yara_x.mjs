// YARA-X as the oracle of the conformance cases, through its Node.js binding.
// usage: node yara_x.mjs MODULES REQUEST: REQUEST is a file with { variables: {NAME: VALUE}, cases: [{ name, rules, data }] }
// Prints a line of JSON per case, in order: [name, "error: …"] or [name, { RULE: [[offset, length]…] }]. It may die at
// a case that YARA-X cannot bear.
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, request] = process.argv.slice(2);
const yarax = createRequire(join(modules, "x.js"))("@litko/yara-x");
const { variables, cases } = JSON.parse(readFileSync(request, "utf8"));
const bytes = {};
const put = (name, answer) => writeSync(1, JSON.stringify([name, answer]) + "\n");
for (const c of cases) {
  bytes[c.data] ??= readFileSync(c.data);
  try {
    const found = {};
    for (const m of yarax.compile(readFileSync(c.rules, "utf8"), { defineVariables: variables }).scan(bytes[c.data]))
      found[m.ruleIdentifier] = m.matches.map((one) => [one.offset, one.length]);
    put(c.name, found);
  } catch (e) {
    put(c.name, "error: " + e.message.split("\n")[0]);
  }
}
