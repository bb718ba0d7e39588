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

await build({
  input: {
    start: "dist/cli/start.js",
    "hash-worker": "dist/workers/hash-worker.js",
    "transfer-worker": "dist/workers/transfer-worker.js",
    "library-worker": "dist/player/library/library-worker.js",
  },
  external: /^[^./]/,
  platform: "node",
  // A module that is imported when it is asked for, and is in one of these groups all the same, loses nothing by it.
  checks: { ineffectiveDynamicImport: false },
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
