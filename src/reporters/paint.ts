import { styleText } from "node:util";

export type Paint = (style: "bold" | "dim" | "red" | "yellow" | "green" | "cyan", text: string) => string;

/** Colours when `color` is set, else the text as it is; whether to colour is decided by who reads the environment. */
export function openPaint(color: boolean): Paint {
  // Newer Nodes would look at stdout and the environment again.
  return (style, text) => (color && text !== "" ? styleText(style, text, { validateStream: false }) : text);
}
