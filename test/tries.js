// Sums what hostile tests tried: CALLREEL_TRIES=FILE npx vitest run --config test/vitest.config.ts …; node test/tries.js FILE
import { readFileSync } from "node:fs";

const kinds = new Map();
for (const line of readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  const { kind, tries, failures } = JSON.parse(line);
  const sum = kinds.get(kind) ?? { tries: 0, failures: 0 };
  kinds.set(kind, { tries: sum.tries + tries, failures: sum.failures + failures });
}
const total = [...kinds.values()].reduce((a, b) => ({ tries: a.tries + b.tries, failures: a.failures + b.failures }));
console.log("| kind | tries | failures |\n|---|---|---|");
for (const [kind, { tries, failures }] of [...kinds].sort()) console.log(`| ${kind} | ${tries} | ${failures} |`);
console.log(`| **${kinds.size} kinds** | **${total.tries}** | **${total.failures}** |`);
