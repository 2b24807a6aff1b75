/**
 * The question that every MongoDB server answers before anything else: isMaster as an OP_QUERY on admin.$cmd (MongoDB wire protocol, "OP_QUERY",
 * kept for this very command). The stand-in answers it too, which knows no `hello`.
 */

function int32(value: number): string {
  return String.fromCharCode(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff);
}

/** { isMaster: 1 } in BSON: its length, an int32 element, the end. */
const element = `\x10isMaster\0${int32(1)}`;
const document = `${int32(4 + element.length + 1)}${element}\0`;
/** Flags, collection, skip 0, return 1. */
const body = `${int32(0)}admin.$cmd\0${int32(0)}${int32(-1)}${document}`;
/** Length, request id, response to, OP_QUERY. */
export const isMaster = `${int32(16 + body.length)}${int32(1)}${int32(0)}${int32(2004)}${body}`;

/** The answer names the field, whatever it says of it: a member that is no primary serves as well. */
export const isMasterAnswered = 'ismaster';
