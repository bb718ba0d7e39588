/** Merges a patch into an object in place; lists and plain values are replaced. Refuses a name the object does not have. */
export function patch(target: object, change: object, at = ""): void {
  const object = target as Record<string, unknown>;
  for (const [name, value] of Object.entries(change)) {
    if (!Object.hasOwn(object, name)) throw new Error(`there is no setting ${at}${name}`);
    const old = object[name];
    if (isPlain(old) && isPlain(value) && !isChoice(old)) patch(old, value, `${at}${name}.`);
    else object[name] = value;
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A choice among things (`{ every }`, `{ ids }`) is one value, not a group of settings. */
function isChoice(value: object): boolean {
  return "every" in value || "ids" in value;
}
