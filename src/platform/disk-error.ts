import { type ErrorCode, RecordingError } from "../core/model/errors.ts";

interface Remedy {
  readonly code: ErrorCode;
  readonly what: string;
  readonly help: string;
}

const full: Remedy = {
  code: "disk-full",
  what: "the disk is full",
  help: "Free some space and run again: nothing reported as done is lost, and finished files that could not be recorded are found in place",
};
const denied: Remedy = {
  code: "disk-denied",
  what: "permission denied",
  help: "Give this user write permission there, or choose another folder with --dest",
};
const files: Remedy = {
  code: "too-many-files",
  what: "too many open files",
  help: "Lower --transfers or raise the limit (ulimit -n)",
};
const unsafe: Remedy = {
  code: "unsafe-path",
  what: "something else is in the way",
  help: "Move it away, or choose another --dest or --output",
};

const remedies: Readonly<Record<string, Remedy>> = {
  ENOSPC: full,
  EDQUOT: { ...full, what: "the disk quota is used up" },
  EACCES: denied,
  EPERM: denied,
  EROFS: {
    code: "disk-read-only",
    what: "the file system is read-only",
    help: "Mount it for writing, or choose another folder with --dest",
  },
  EMFILE: files,
  ENFILE: files,
  ENOENT: {
    code: "disk-denied",
    what: "nothing can be made in this folder",
    help: "Choose another folder with --dest, on a disk or a network share",
  },
  ENAMETOOLONG: {
    code: "name-too-long",
    what: "the name is too long for this file system",
    help: "Shorten it with --output, for example -o '{date}_{id}.{ext}', or --dest nearer to the root",
  },
  ELOOP: { ...unsafe, what: "a symbolic link is in the way" },
  ENOTDIR: { ...unsafe, what: "there is a file where a folder is needed" },
  EXDEV: { ...unsafe, what: "another file system is mounted inside the archive" },
  EISDIR: { ...unsafe, what: "there is a folder where a file is needed" },
};

/** What the file system said as one of our errors: names the path, tells the causes apart, says what to do. */
export function diskError(error: unknown, path: string): RecordingError {
  if (error instanceof RecordingError) return error;
  const code = errno(error);
  if (code === undefined) return new RecordingError("bug", `Unexpected error at ${path}: ${error}`, { cause: error });
  const remedy = remedies[code] ?? {
    code: "disk-io",
    what: "the disk reports an error",
    help: "Check the disk and its cable, mount or network share, then run again",
  };
  return new RecordingError(remedy.code, `Cannot write ${shown(path)}: ${remedy.what} (${code}). ${remedy.help}.`, {
    cause: error,
  });
}

/** The error for a path that would lead through, or over, something that is not ours. */
export function unsafePath(path: string, what: string): RecordingError {
  return new RecordingError("unsafe-path", `Cannot write ${shown(path)}: ${what}. ${unsafe.help}.`);
}

/** A path without the mark for an extension that nobody knows yet. */
function shown(path: string): string {
  return path.replaceAll(".{ext}", "");
}

/** The system's name of an error, `ENOENT` and the like. */
export function errno(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}
