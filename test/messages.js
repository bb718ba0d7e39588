// Every message of the program once, sorted, with where it stands: node test/messages.js [WORD]
import { messagesOf } from "./helpers/messages.js";

const word = process.argv[2] ?? "";
for (const [text, places] of messagesOf("src")) {
  if (text.includes(word)) process.stdout.write(`${text}\n    ${places.join(", ")}\n`);
}
