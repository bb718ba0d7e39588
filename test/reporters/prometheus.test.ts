import { expect, it } from "vitest";
import { prometheusText, sampleIn } from "../../src/reporters/prometheus.ts";

it("writes help, type and samples, and nothing of a metric without samples", () => {
  const text = prometheusText([
    { name: "a", type: "gauge", help: "two\nlines \\", samples: [{ value: 1.5 }, { labels: { l: 'q"\\' }, value: 0 }] },
    { name: "b", type: "counter", help: "none", samples: [] },
  ]);
  expect(text).toBe('# HELP a two\\nlines \\\\\n# TYPE a gauge\na 1.5\na{l="q\\"\\\\"} 0\n');
});

it("reads a sample back, of that very name, if it is a number", () => {
  const text = "# HELP a x\na_b 2\na 3\nbad x\n";
  expect(["a", "a_b", "bad", "none"].map((name) => sampleIn(text, name))).toEqual([3, 2, undefined, undefined]);
});
