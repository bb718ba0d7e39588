import { describe, expect, test } from "vitest";
import type { Call, RecordingRef } from "../../src/core/model/recording.ts";
import { checkTemplate, defaultTemplate, extensionMark, pathFor } from "../../src/core/naming/path-template.ts";
import { sha256 } from "../helpers/sha256.ts";

const call: Call = {
  start: "2024-05-01T23:03:07.123Z",
  duration: 61.4,
  direction: "inbound",
  from: "+15551234",
  to: "101",
  extension: "101",
  user: "Ada Admin",
  name: "Zoë Ångström",
  type: "Automatic",
  session: "s-1",
  account: "37439510",
};

/** Any text, also one that is no valid Unicode, told apart from every other. */
function keyPart(text: string): string {
  return encodeURIComponent(JSON.stringify(text).slice(1, -1));
}

function ringcentral(id: string, more: Call = call): RecordingRef {
  return { key: `ringcentral/${keyPart(id)}`, source: "ringcentral", id, locator: {}, call: more };
}

function tim(datasource: string, voicelocation: string, voicefilename: string, more: Call = {}): RecordingRef {
  const parts = [datasource, voicelocation, voicefilename].map(keyPart);
  const locator = { datasource, voicelocation, voicefilename };
  return { key: `tim/${parts.join("/")}`, source: "tim", id: voicefilename, locator, call: more };
}

const plain = { restrict: false, sha256 };
const ncs = "NCS00000000EA39883596CC41E799B4630006CF2D56";

describe("names", () => {
  test("by the default template a RingCentral recording is filed by day, its id last", () => {
    expect(pathFor(defaultTemplate, ringcentral("123"), plain)).toBe(
      "ringcentral/2024/05/01/2024-05-01_23-03-07_inbound_+15551234_101_123.{ext}",
    );
  });

  test("a TIM recording's name ends in letters that stand for its whole key", () => {
    const path = pathFor(defaultTemplate, tim("3", "4", ncs, { start: "2024-05-01 09:03:07" }), plain);
    expect(path).toMatch(
      new RegExp(`^tim/2024/05/01/2024-05-01_09-03-07_unknown_unknown_unknown_${ncs}_[b-df-hj-np-t]{12}\\.\\{ext\\}$`),
    );
    expect(pathFor(defaultTemplate, tim("4", "4", ncs, { start: "2024-05-01 09:03:07" }), plain)).not.toBe(path);
  });

  test("every field of the template is filled", () => {
    const all =
      "{source} {account} {id} {date} {time} {year} {month} {day} {direction} {from} {to} {extension} {user} {name} {duration} {type} {session}";
    expect(pathFor(`${all}/{id}.{ext}`, ringcentral("5"), plain)).toBe(
      "ringcentral 37439510 5 2024-05-01 23-03-07 2024 05 01 inbound +15551234 101 101 Ada Admin Zoë Ångström 61 Automatic s-1/5.{ext}",
    );
    expect(pathFor("{datasource}/{voicelocation}/{id}", tim("3", "\\4\\", "x"), plain)).toMatch(
      /^3\/_4_\/x_[b-t]{12}$/,
    );
  });

  test("a field without a value becomes unknown", () => {
    const empty = ringcentral("5", { name: " ", duration: Number.NaN, direction: "<b>" as "inbound", start: "soon" });
    expect(pathFor("{date}{time}{name}{duration}{direction}{account} {id}", empty, plain)).toBe(
      `${"unknown".repeat(6)} 5`,
    );
  });

  test("a name far too long keeps its id and what stands between its fields", () => {
    const long = ringcentral("7".repeat(40), { ...call, name: "n".repeat(300) });
    expect(pathFor(`${"{name}-".repeat(80)}_{id}`, long, plain)).toMatch(/^(?:n-){80}_7{40}$/);
    expect(pathFor(`${"{name}{from}{to}-".repeat(70)}_{id}`, long, plain)).toMatch(/^_-{69}_7{40}$/);
  });

  test("an id that the template leaves out is put at the end of the name, not only into a folder", () => {
    expect(pathFor("{date}.{ext}", ringcentral("5"), plain)).toBe("2024-05-01_5.{ext}");
    expect(pathFor("{id}/{date}.wav", ringcentral("5"), plain)).toBe("5/2024-05-01_5.wav");
    expect(pathFor("{date}", ringcentral("5"), plain)).toBe("2024-05-01_5");
  });

  test.each([
    ["{date}_{id}.{ext}", false],
    ["{id}.{ext}", false],
    ["{id}_{date}_{duration}.{ext}", false],
    ["call-{id}", false],
    ["{id}-call", false],
    ["{name}{id}.{ext}", true],
    ["{name}_{id}_{to}.{ext}", true],
    ["{id}_{name}.{ext}", true],
    ["{id}{duration}.{ext}", true],
    ["1{id}.{ext}", true],
    ["{id}1", true],
  ])("%s needs letters for the key behind a RingCentral id: %s", (template, needed) => {
    expect(/_[b-df-hj-np-t]{12}(?:\.|$)/.test(pathFor(template, ringcentral("5"), plain))).toBe(needed);
  });

  test("an odd RingCentral id is no better than TIM's", () => {
    for (const id of ["12a", "../1", "1".repeat(41), ""]) {
      expect(pathFor("{id}.{ext}", ringcentral(id), plain)).toMatch(/_[b-t]{12}\.\{ext\}$/);
    }
  });

  test("plain ASCII is left when asked for, in fields and between them", () => {
    const path = pathFor("Gespräche für {name}/{id}.{ext}", ringcentral("5"), { restrict: true, sha256 });
    expect(path).toBe("Gesprache_fur_Zoe_Angstrom/5.{ext}");
  });
});

describe("times", () => {
  const named = "{date} {time} {id}";
  const at = (start: string, timezone?: string) =>
    pathFor(named, ringcentral("5", { start }), timezone === undefined ? plain : { ...plain, timezone });

  test.each([
    ["2024-05-01T09:03:07", "2024-05-01 09-03-07 5"],
    ["2024-05-01 09:03:07.123", "2024-05-01 09-03-07 5"],
    ["2024-05-01T09:03", "2024-05-01 09-03-00 5"],
    ["2024-05-01", "2024-05-01 unknown 5"],
    ["2024-05-01T09:03:07+02:00", "2024-05-01 09-03-07 5"],
    ["01/05/2024", "unknown unknown 5"],
    ["2024-05-01T09:03:07 or 1=1", "unknown unknown 5"],
  ])("%s is written as it stands", (start, name) => {
    expect(at(start)).toBe(name);
  });

  test("an instant is written in the zone asked for, a local time never shifted", () => {
    expect(at("2024-05-01T23:03:07Z", "Europe/Berlin")).toBe("2024-05-02 01-03-07 5");
    expect(at("2024-05-01T23:03:07.5-07:00", "UTC")).toBe("2024-05-02 06-03-07 5");
    expect(at("2024-01-01T00:00:00Z", "America/New_York")).toBe("2023-12-31 19-00-00 5");
    expect(at("2024-05-01T23:03:07", "Europe/Berlin")).toBe("2024-05-01 23-03-07 5");
    expect(at("2024-13-41T23:03:07Z", "Europe/Berlin")).toBe("unknown unknown 5");
  });
});

describe("templates", () => {
  test.each([defaultTemplate, "{id}", "a/b/{name}.{ext}", "..x/{id}", "{date} - {from}.wav"])(
    "%s is fine",
    (template) => {
      expect(() => checkTemplate(template)).not.toThrow();
    },
  );

  test.each([
    ["{nam}.{ext}", "unknown field {nam}"],
    ["{}.{ext}", "unknown field {}"],
    ["{id", "brace"],
    ["id}", "brace"],
    ["{{id}}", "brace"],
    ["", "file name"],
    ["{year}/", "file name"],
    ["/{id}", "relative"],
    ["C:{id}", "relative"],
    ["{year}\\{id}", "separated by /"],
    ["../{id}", '".."'],
    ["a/./{id}", '".."'],
    ["a//{id}", '".."'],
    ["{id}-{id}", "twice"],
    [`${"x".repeat(100)}{id}`, "longer than 80 bytes"],
  ])("%s is a usage error that says why", (template, why) => {
    expect(() => checkTemplate(template)).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringContaining(why) }),
    );
  });
});

describe("hostile fields", () => {
  const hostile = [
    ...[
      "../../etc/passwd",
      "..",
      ".",
      "",
      " ",
      "/",
      "\\\\host\\share",
      "C:\\x",
      "C:",
      "CON",
      "con.wav",
      "NUL ",
      "COM1",
      "lpt9.x",
      "COM¹",
    ],
    ...[
      "CONIN$",
      ".callreel",
      ".hidden",
      "-rf",
      "a\0b",
      "a\nb",
      "a\u202egpj.exe",
      "a\u200bb",
      "\ufeffa",
      "\ud800",
      "x\udfff",
      "{ext}",
      "{id}",
    ],
    ...[
      '<>:"|?*',
      "trailing.",
      "trailing ",
      "trailing. .",
      "SHA256SUMS",
      "a.part",
      "b.info.json",
      "B.INFO.JSON",
      "é",
      "e\u0301",
      "ß",
      "SS",
      "ﬁ",
      "İ",
    ],
    ...[
      "x".repeat(300),
      "😀".repeat(100),
      "ü".repeat(200),
      "\u0301".repeat(90),
      "A",
      "a",
      "~",
      "%2e%2e",
      "a/../b",
      "unknown",
      "1",
      "12",
      "_1",
    ],
  ];
  const templates = [
    defaultTemplate,
    "{id}.{ext}",
    "{name}{id}.{ext}",
    "{id}{name}",
    "{name}/{id}",
    "{name}",
    "{from}.{ext}",
    "{id}_{date}.{ext}",
    "{ext}/{name}_{id}.{ext}",
    `${"{name}{from}{to}{type}{session}{account}{datasource}{voicelocation}".repeat(4)}${"-".repeat(70)}{id}.recording`,
  ];
  const random = seeded(20261121);
  const pick = () => hostile[Math.floor(random() * hostile.length)] as string;
  const refs: RecordingRef[] = [
    ...hostile.flatMap((text) => [tim("3", "4", text), tim(text, "4", "x"), tim("3", text, "x"), ringcentral(text)]),
    ...Array.from({ length: 600 }, (_, at) => {
      const more = {
        start: pick(),
        from: pick(),
        to: pick(),
        name: pick(),
        type: pick(),
        session: pick(),
        account: pick(),
      };
      return at % 2 === 0 ? ringcentral(String(at % 30), more) : tim(pick(), pick(), pick() + pick(), more);
    }),
  ];

  test.each(templates)("%s: every name is safe on every system", (template) => {
    for (const restrict of [false, true]) {
      for (const ref of refs) {
        const path = pathFor(template, ref, { restrict, sha256 });
        const depth = template.split("/").length;
        const parts = path.replaceAll(extensionMark, "flac").split("/");
        expect(parts.length).toBe(depth);
        for (const part of parts) {
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255 - ".info.json".length);
          expect(part).toMatch(
            restrict
              ? /^[A-Za-z0-9_+][A-Za-z0-9._+-]*$/
              : /^[^.\- \p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"/\\|?*{}][^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"/\\|?*{}]*$/u,
          );
          expect(part).not.toMatch(
            /[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d|com¹|conin\$)(?:\.|$)|\.(?:part|info\.json)$/i,
          );
        }
        expect(Buffer.from(path).toString()).toBe(path);
      }
    }
  });

  test.each(templates)("%s: no two recordings share a path, whatever the file system folds together", (template) => {
    for (const restrict of [false, true]) {
      const seen = new Map<string, string>();
      for (const ref of refs) {
        const path = pathFor(template, ref, { restrict, sha256 }).normalize("NFKC").toUpperCase();
        const other = seen.get(path) ?? ref.key;
        expect(other, path).toBe(ref.key === other ? other : `${ref.key} elsewhere`);
        seen.set(path, ref.key);
      }
    }
  });

  test("ids that differ only in case, or only in what is made safe, stay apart", () => {
    const alike = [
      tim("3", "4", "abc"),
      tim("3", "4", "ABC"),
      tim("3", "4", "a:c"),
      tim("3", "4", "a?c"),
      tim("3", "4", "a_c"),
    ];
    const paths = alike.map((ref) => pathFor("{id}.{ext}", ref, plain).toLowerCase());
    expect(new Set(paths).size).toBe(alike.length);
  });

  test("a name made long by other fields keeps its id whole", () => {
    const ref = ringcentral("987654321", { ...call, from: "9".repeat(400), name: "é".repeat(400) });
    for (const template of [defaultTemplate, "{name} {name}_{id}.{ext}", "{name}/{from}_{id}"]) {
      expect(pathFor(template, ref, plain)).toMatch(/_987654321(?:\.\{ext\})?$/);
    }
  });

  test("the recording's own path does not change from call to call", () => {
    for (const ref of refs.slice(0, 50)) {
      expect(pathFor(defaultTemplate, ref, plain)).toBe(pathFor(defaultTemplate, { ...ref }, plain));
    }
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
