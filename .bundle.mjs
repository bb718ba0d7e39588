// Puts the compiled modules together into dist/bundle, which is what is installed and run: a start loads a few dozen files
// instead of hundreds, each of which costs a third of a millisecond. Packages stay what npm installed.
import { build } from "rolldown";

await build({
  input: {
    start: "dist/cli/start.js",
    "hash-worker": "dist/workers/hash-worker.js",
    "transfer-worker": "dist/workers/transfer-worker.js",
    "library-worker": "dist/player/library/library-worker.js",
  },
  external: /^[^./]/,
  platform: "node",
  output: { dir: "dist/bundle", cleanDir: true, entryFileNames: "[name].js", chunkFileNames: "[name].js" },
});
