/*
 * The unsigned form of a vCon as draft-ietf-vcon-vcon-core defines it (syntax 0.4.0; sections 2.2 to 2.4 and 4), written
 * from its text, as far as calls have any of it. Nothing beyond the draft's parameters is let through.
 */

const text = { type: "string" } as const;
const count = { type: "integer", minimum: 0 } as const;
const date = {
  type: "string",
  pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d*[1-9])?(Z|[+-]\\d\\d:\\d\\d)$",
} as const;

const content = {
  mediatype: { type: "string", pattern: "^[a-z]+/[\\w.+-]+$" },
  filename: text,
  body: text,
  encoding: { enum: ["base64url", "json", "none"] },
  url: { type: "string", pattern: "^https://[^/]+/" },
  content_hash: { type: "string", pattern: "^sha512-[\\w-]{86}$" },
} as const;

/** Either put in, or referred to with its hash. */
const eitherContent = [{ required: ["body", "encoding", "mediatype"] }, { required: ["url", "content_hash"] }];

const party = {
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: { tel: { type: "string", pattern: "^\\+?[\\d*#]+$" }, name: text, validation: text },
} as const;

const dialog = {
  type: "object",
  additionalProperties: false,
  required: ["type", "start"],
  properties: {
    type: { const: "recording" },
    start: date,
    duration: { type: "number", minimum: 0 },
    parties: { type: "array", items: { anyOf: [count, { type: "array", items: count }] }, minItems: 1 },
    application: text,
    ...content,
  },
  oneOf: eitherContent,
} as const;

const analysis = {
  type: "object",
  additionalProperties: false,
  required: ["type", "vendor", "dialog"],
  properties: { type: { const: "transcript" }, dialog: count, vendor: text, ...content },
  oneOf: eitherContent,
} as const;

export const vconSchema = {
  type: "object",
  additionalProperties: false,
  required: ["vcon", "uuid", "created_at", "parties", "dialog"],
  properties: {
    vcon: { const: "0.4.0" },
    uuid: { type: "string", pattern: "^[\\da-f]{8}(-[\\da-f]{4}){3}-[\\da-f]{12}$" },
    created_at: date,
    parties: { type: "array", items: party },
    dialog: { type: "array", items: dialog, minItems: 1 },
    analysis: { type: "array", items: analysis, minItems: 1 },
  },
};
