import { RecordingError } from "../core/model/errors.ts";
import type { Io } from "./io.ts";
import { ask } from "./prompt.ts";
import { wrapped } from "./wrap.ts";

/** One question of a guided command. */
export interface Question {
  /** Without colon or blank at its end. */
  readonly ask: string;
  /** What an empty answer stands for; without it one is asked for until something is said. */
  readonly usual?: string;
  /** How `usual` is shown, where it must not be shown itself. */
  readonly shown?: string;
  readonly hidden?: boolean;
  /** What is made of an answer, which comes without blanks around it; a RecordingError is told, and the question asked again. */
  readonly read?: (answer: string) => string;
}

/** Asks a person on the terminal; everything goes to stderr. Throws `interrupted` when the person gives up. */
export interface Questions {
  /** Lines of text, broken between words; a line's continuation begins with `hang` blanks. */
  say(text: string, hang?: number): void;
  text(question: Question): Promise<string>;
  /** The number of the chosen answer, from 0. Each choice may be named by its number or by a word that `names` knows. */
  choose(title: string, choices: readonly Choice[], usual?: number): Promise<number>;
}

export interface Choice {
  readonly says: string;
  /** Words that stand for it, in small letters. */
  readonly names: readonly string[];
}

export function openQuestions(io: Io): Questions {
  const say = (text: string, hang = 0) => {
    for (const line of text.split("\n")) io.stderr.write(`${wrapped(line, io.stderr.columns || 80, hang)}\n`);
  };

  async function text(question: Question): Promise<string> {
    const { usual, shown = usual, hidden = false } = question;
    const asked = `${question.ask}${shown ? ` [${shown}]` : ""}: `;
    for (;;) {
      const line = (await ask(asked, io, { hidden, noInput: false, instead: "" })).trim();
      if (line === "" || line === usual) {
        if (usual !== undefined) return usual;
        continue;
      }
      const answer = understood(line, question, say);
      if (answer !== undefined) return answer;
    }
  }

  async function choose(title: string, choices: readonly Choice[], usual = 0): Promise<number> {
    say(title);
    for (const [at, { says }] of choices.entries()) say(`  ${at + 1}  ${says}`, 5);
    const answer = await text({ ask: "Choice", usual: `${usual + 1}`, read: (given) => `${numberOf(given, choices)}` });
    return Number(answer) - 1;
  }

  return { say, text, choose };
}

function understood(line: string, { read }: Question, say: Questions["say"]): string | undefined {
  try {
    return read === undefined ? line : read(line);
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    say(`  ${error.message}`, 2);
    return undefined;
  }
}

function numberOf(given: string, choices: readonly Choice[]): number {
  const word = given.toLowerCase();
  const at = choices.findIndex(({ names }, index) => word === `${index + 1}` || names.includes(word));
  if (at < 0) throw new RecordingError("usage", `Answer with a number from 1 to ${choices.length}.`);
  return at + 1;
}
