// Puts the compiled modules together into dist/bundle, which is what is installed and run: to find, read and link a file takes
// a third of a millisecond, and a download would load 250. Packages stay what npm installed.
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/** What even `--help` needs. */
const shell = /\/dist\/(cli\/(io|process-io|exit-codes)|platform\/(clock|version)|core\/model\/errors)\.js$/;
/** What tells whether the words make sense. */
const program = /\/dist\/(cli\/(program|commands|help|options)\b|core\/(width|text|folding|selection)\.js)/;
/** What a download into a folder needs, and most commands a good part of. All else is loaded where it is asked for. */
const usual = together("usual", [
  "commands/download",
  "ledgers/sqlite/sqlite-ledger",
  "destinations/disk/disk",
  "reporters/plain",
]);

const shared = {
  external: /^[^./]/,
  platform: "node",
  // A module that is imported when it is asked for, and is in a file with others all the same, loses nothing by it.
  checks: { ineffectiveDynamicImport: false },
};

await build({
  ...shared,
  input: { start: "dist/cli/start.js" },
  output: {
    dir: "dist/bundle",
    cleanDir: true,
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    codeSplitting: {
      groups: [
        { name: "shell", test: shell, priority: 3 },
        { name: "program", test: program, priority: 2 },
        { debugName: "usual", name: usual, priority: 1 },
      ],
    },
  },
});

// Each thread is a file of its own, with no more than it needs: what the network brings has the whole heap looked through
// again and again, and with all that most commands share in it a download of long recordings took a fifth longer.
for (const thread of ["workers/transfer-worker", "workers/hash-worker", "player/library/library-worker", "composition/row-thread/row-worker"]) {
  const file = `dist/bundle/${thread.split("/").at(-1)}.js`;
  await build({ ...shared, input: `dist/${thread}.js`, output: { file, codeSplitting: false } });
}

/** Puts modules of `dist` into one chunk, with all that they import at whatever distance, not counting what is loaded on demand. */
function together(chunk, paths) {
  const found = new Set();
  const add = (id, graph) => {
    if (found.has(id)) return;
    found.add(id);
    for (const each of graph.getModuleInfo(id)?.importedIds ?? []) add(each, graph);
  };
  return (id, graph) => {
    if (found.size === 0) for (const path of paths) add(fileURLToPath(new URL(`dist/${path}.js`, import.meta.url)), graph);
    return found.has(id) ? chunk : null;
  };
}
