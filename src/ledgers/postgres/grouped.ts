/** Results on their way into the database: those that come while a group is being written share the next transaction. */
export interface Grouped<Result, Outcome> {
  settle(result: Result): Promise<Outcome>;
  /** Resolves when all that was told before is written; never rejects: each waiting promise hears of its own fate. */
  flush(): Promise<void>;
}

const groupSize = 256;

interface Waiting<Result, Outcome> {
  readonly result: Result;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes results in groups through `write`, one group after another. */
export function openGrouped<Result, Outcome>(
  write: (results: readonly Result[]) => Promise<readonly Outcome[]>,
): Grouped<Result, Outcome> {
  let queue: Waiting<Result, Outcome>[] = [];
  let writing: Promise<void> | undefined;

  const writeNext = async () => {
    const group = queue.slice(0, groupSize);
    queue = queue.slice(groupSize);
    try {
      const outcomes = await write(group.map(({ result }) => result));
      for (const [at, { resolve }] of group.entries()) resolve(outcomes[at] as Outcome);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };
  const writeAll = async () => {
    // What is told in the same turn comes along.
    await Promise.resolve();
    while (queue.length > 0) await writeNext();
    writing = undefined;
  };
  return {
    settle: (result) =>
      new Promise((resolve, reject) => {
        queue.push({ result, resolve, reject });
        writing ??= writeAll();
      }),
    flush: async () => {
      while (writing !== undefined) await writing;
    },
  };
}
