/** Median, least and greatest of each measure of each program. */
export function spread(runs) {
  return mapped(runs, (list) => mapped(list[0], (_, measure) => range(list.map((one) => one[measure]))));
}

/** Wall time of `program` over each other's, round by round: what loads the machine for a while loads both. */
export function against(runs, program) {
  const others = Object.fromEntries(Object.entries(runs).filter(([name]) => name !== program));
  return mapped(others, (list) => range(list.map((one, round) => runs[program][round].wall / one.wall)));
}

export function table(name, { spread: programs, ratios }) {
  const lines = Object.entries(programs).map(([program, { wall, cpu, rss }]) => {
    const ratio = ratios[program] === undefined ? "" : `${shown(ratios[program])} ×`;
    const cells = [shown(wall), shown(cpu), rss.median.toFixed(0), ratio];
    return `${program.padEnd(22)}${cells.map((cell) => cell.padStart(22)).join("")}`;
  });
  const head = ["wall s", "CPU s", "peak MB", "callreel ÷ this"].map((text) => text.padStart(22)).join("");
  return [`${name.padEnd(22)}${head}`, ...lines, ""].join("\n");
}

function shown({ median, least, most }) {
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

/** Median, least and greatest. */
export function range(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1) };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}
