const barHeight = 18;
const width = 720;
const labels = 170;

/** Bars of median wall time, one group a workload, as SVG that reads on light and dark pages. */
export function chart({ date, cpu, cores, node, target, results }) {
  let y = 50;
  const groups = Object.entries(results).map(([name, { spread }]) => {
    const group = bars(name, spread, y);
    y += 26 + Object.keys(spread).length * (barHeight + 6) + 14;
    return group;
  });
  const about = escaped(`${date.slice(0, 10)}, ${cpu}, ${cores} cores, Node ${node}, ${target}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="13">
<rect width="${width}" height="${y}" fill="#fff"/>
<text x="10" y="22" font-size="15" fill="#111">Seconds to bring every file (median; less is better)</text>
<text x="10" y="40" font-size="11" fill="#555">${about}</text>
${groups.join("\n")}
</svg>
`;
}

function bars(name, spread, top) {
  const longest = Math.max(...Object.values(spread).map(({ wall }) => wall.median));
  const rows = Object.entries(spread).map(([program, { wall }], at) => {
    const y = top + 26 + at * (barHeight + 6);
    const length = (wall.median / longest) * (width - labels - 80);
    const fill = program === "callreel" ? "#0a6ebd" : "#b8c4ce";
    return `<text x="10" y="${y + 13}" fill="#111">${escaped(program)}</text><rect x="${labels}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${fill}"/><text x="${(labels + length + 6).toFixed(1)}" y="${y + 13}" fill="#111">${wall.median.toFixed(2)}</text>`;
  });
  return `<text x="10" y="${top + 14}" font-weight="bold" fill="#111">${name}</text>\n${rows.join("\n")}`;
}

function escaped(text) {
  return text.replace(/[&<>]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
