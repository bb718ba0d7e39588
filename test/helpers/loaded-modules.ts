const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const listing = `import { writeSync } from "node:fs";
export function load(url, context, next) {
  writeSync(2, "LOADED " + url + "\\n");
  return next(url, context);
}`;

/** For `node --import`: writes the address of every module that is loaded after it, in each thread, to stderr. */
export const listLoadedModules = asUrl(
  `import { register } from "node:module"; register(${JSON.stringify(asUrl(listing))});`,
);

/** The addresses that stand in what was written to stderr. */
export function loadedModules(stderr: string): string[] {
  return stderr.split("\n").flatMap((line) => /^LOADED (.*)/.exec(line)?.[1] ?? []);
}
