import { extensionIdOf, extensionNameOf, extensionNumberOf } from "../account/extensions.ts";
import { type Call, mixed } from "./call.ts";
import type { Json, RecordContext } from "./record.ts";

/** The account's side of a call. */
export function ownParty(call: Call, context: Pick<RecordContext, "apiUrl" | "ownExtensionNumber">): Json {
  return {
    ...(call.kind === "internal" ? {} : { phoneNumber: "+12055550100" }),
    ...(call.kind === "internal" || context.ownExtensionNumber === "always"
      ? { extensionNumber: extensionNumberOf(call.extension) }
      : {}),
    extensionId: extensionIdOf(call.extension),
    name: extensionNameOf(call.extension),
    ...(call.inbound
      ? {}
      : {
          device: {
            id: String(802_000_000 + call.extension),
            uri: `${context.apiUrl}/restapi/v1.0/account/~/device/${802_000_000 + call.extension}`,
          },
        }),
  };
}

/** The other side: an outside number, a colleague, or a number that is masked or hostile. */
export function otherParty(call: Call): Json {
  if (call.kind === "internal") {
    const colleague = call.extension + 1;
    return {
      extensionNumber: extensionNumberOf(colleague),
      extensionId: extensionIdOf(colleague),
      name: extensionNameOf(colleague),
    };
  }
  // RingCentral itself masks the last four digits so, each with an X.
  if (call.kind === "masked") return { phoneNumber: `+${call.phone.slice(0, -4)}XXXX`, name: "Private number" };
  const name = call.kind === "unicode" ? oddNames[mixed(call.index, 10) % oddNames.length] : "WIRELESS CALLER";
  return { phoneNumber: `+${call.phone}`, name, location: "San Mateo, CA" };
}

/** Names that callers really have, and names that attack a file system or a terminal. */
const oddNames = [
  "Zoë Ångström",
  "王小明",
  "Пётр Иванов",
  "محمد علي",
  "🦊 Fox & Söhne",
  "../../etc/passwd",
  'a/b\\c:*?"<>|',
  "CON",
  "\u001b[31mred\u001b[0m",
  "e\u0301 (two code points)",
  "\u202egnp.exe",
  " .hidden. ",
];
