import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Number of files and their size in bytes. */
export const workloads = {
  S: { count: 10_000, bytes: 50 * 1024 },
  M: { count: 2_000, bytes: 1024 * 1024 },
  L: { count: 8, bytes: 256 * 1024 * 1024 },
  calls: { count: 400, bytes: 300 * 1024 },
  short: { count: 1_000, bytes: 60 * 1024 },
};

/** A tenth of the work, for a regression guard. */
export function quick({ count, bytes }) {
  return count > 100 ? { count: Math.ceil(count / 10), bytes } : { count, bytes: Math.ceil(bytes / 10) };
}

/** Makes the WAV files 0.wav, 1.wav … and the lists the programs read. */
export function makeFiles(folder, { count, bytes }) {
  const files = join(folder, "files");
  mkdirSync(files, { recursive: true });
  const block = Buffer.alloc(Math.min(bytes, 1 << 20));
  for (let at = 0; at < block.length; at += 1) block[at] = (at * 2654435761) >>> 24;
  for (let id = 0; id < count; id += 1) {
    const path = join(files, `${id}.wav`);
    if (!existsSync(path)) writeWav(path, bytes, block, id);
  }
  return files;
}

function writeWav(path, bytes, block, id) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(bytes - 8, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(bytes - 44, 40);
  const file = openSync(path, "w");
  writeSync(file, head);
  block.writeUInt32LE(id, 0);
  for (let left = bytes - 44; left > 0; left -= block.length) writeSync(file, block, 0, Math.min(left, block.length));
  closeSync(file);
}

/** Rows for callreel from either system, and lists of URLs for the others. */
export function writeLists(folder, count, port, scheme) {
  const base = `${scheme}://127.0.0.1:${port}`;
  const ids = Array.from({ length: count }, (_, id) => id);
  const content = (id) => `${base}/restapi/v1.0/account/~/recording/${id}/content`;
  writeFileSync(
    join(folder, "rows.ndjson"),
    ids
      .map(
        (id) =>
          `${JSON.stringify({ id: `c${id}`, startTime: "2026-11-20T10:00:00.000Z", direction: "Inbound", recording: { id: String(id), contentUri: content(id) } })}\n`,
      )
      .join(""),
  );
  writeFileSync(
    join(folder, "calls.csv"),
    ["id,datasource,voicelocation,voicefilename,start\n"]
      .concat(ids.map((id) => `${id + 1},1,1,${id}.wav,2026-11-20 10:00:00\n`))
      .join(""),
  );
  const url = (id) => `${base}/files/${id}.wav`;
  writeFileSync(join(folder, "curl.txt"), ids.map((id) => `url = "${url(id)}"\noutput = "${id}.wav"\n`).join(""));
  writeFileSync(join(folder, "aria2.txt"), ids.map((id) => `${url(id)}\n  out=${id}.wav\n`).join(""));
  writeFileSync(join(folder, "urls.txt"), ids.map((id) => `${url(id)}\n`).join(""));
}
