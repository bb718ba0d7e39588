// Puts the compiled modules together into dist/bundle, which is what is installed and run: to find, read and link a file takes
// a third of a millisecond, and a download would load 250. Packages stay what npm installed.
import { build } from "rolldown";

/** What even `--help` needs. */
const shell = /\/dist\/(cli\/(io|process-io|exit-codes)|platform\/(clock|version)|core\/model\/errors)\.js$/;
/** What tells whether the words make sense. */
const program = /\/dist\/(cli\/(program|commands|help|options)\b|core\/(width|text|folding|selection)\.js)/;
/** What most commands share; buckets, databases, the player and what only one command needs are loaded where they are asked for. */
const usual =
  /\/dist\/(cli\/(?!start)|core\/(?!vcon|transcripts)|http\/|platform\/(?!postgres)|readers|reporters|composition\/(?!bucket|player|setup|watch|browser)|ledgers\/(?!postgres|copy)|destinations\/(?!s3)|sources\/(?!ringcentral\/(events|insights)))/;

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
        { name: "usual", test: usual, priority: 1, minShareCount: 2 },
      ],
    },
  },
});

// Each thread is a file of its own, with no more than it needs: what the network brings has the whole heap looked through
// again and again, and with all that most commands share in it a download of long recordings took a fifth longer.
for (const thread of ["workers/transfer-worker", "workers/hash-worker", "player/library/library-worker"]) {
  const file = `dist/bundle/${thread.split("/").at(-1)}.js`;
  await build({ ...shared, input: `dist/${thread}.js`, output: { file, codeSplitting: false } });
}
