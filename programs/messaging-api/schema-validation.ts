/** Messages against a project's schemas: JSON Schema by ajv, Avro by avsc, in upstream's words (reference, section 2, publish). */
import { Ajv, type ValidateFunction } from 'ajv';
import avro from 'avsc';
import type { SchemaDocument } from '../../contracts/messaging-documents.ts';
import { internal, invalid } from './errors.ts';
import { fromBase64 } from './record.ts';

/** What is wrong with one message, to follow `Message i `; undefined: nothing. */
export type MessageFault = string | undefined;

export interface SchemaValidators {
  /** Throws 400 with the compiler's text where the schema is none. */
  compile(type: SchemaDocument['type'], schema: unknown): (data: string) => MessageFault;
  /** As compile, for one that is stored, and kept for the next message. Throws 500 where it does not compile. */
  stored(schema: SchemaDocument): (data: string) => MessageFault;
}

/** Upstream's spelling. */
export const notBase64 = 'is not in valid base64 enocding,illegal base64 data';

/** Compiled schemas kept; each holds some kilobytes. */
const kept = 500;

export function createSchemaValidators(): SchemaValidators {
  const compiled = new Map<string, (data: string) => MessageFault>();
  return {
    compile,
    stored(schema) {
      const key = `${schema.uuid} ${schema.type} ${schema.raw_schema}`;
      const known = compiled.get(key);
      if (known !== undefined) return known;
      try {
        const made = compile(schema.type, JSON.parse(Buffer.from(schema.raw_schema, 'base64').toString('utf8')));
        const oldest = compiled.keys().next();
        if (compiled.size >= kept && !oldest.done) compiled.delete(oldest.value);
        compiled.set(key, made);
        return made;
      } catch {
        throw internal('Could not load schema for topic');
      }
    },
  };
}

function compile(type: SchemaDocument['type'], schema: unknown): (data: string) => MessageFault {
  return type === 'json' ? compileJson(schema) : compileAvro(schema);
}

function compileJson(schema: unknown): (data: string) => MessageFault {
  if ((typeof schema !== 'object' && typeof schema !== 'boolean') || schema === null)
    throw invalid('schema is invalid');
  let validate: ValidateFunction;
  try {
    // A compiler of its own for each: two schemas may share an $id. Formats are not checked, as `strict: false` allows.
    validate = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false }).compile(schema);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  return (data) => {
    const bytes = fromBase64(data);
    if (bytes === undefined) return notBase64;
    let document: unknown;
    try {
      document = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      return `data is not valid JSON format,${error instanceof Error ? error.message : String(error)}`;
    }
    if (validate(document)) return undefined;
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message = 'is not valid' }) =>
        `${instancePath === '' ? '(root)' : instancePath.slice(1).replaceAll('/', '.')}: ${message}`,
    );
    return faults.length === 1
      ? `data is not valid,${faults[0]}`
      : `data is not valid.${faults.map((fault, index) => `${index + 1})${fault}.`).join('')}`;
  };
}

function compileAvro(schema: unknown): (data: string) => MessageFault {
  if (typeof schema !== 'object' || schema === null) throw invalid('schema is invalid');
  let type: avro.Type;
  try {
    type = avro.Type.forSchema(schema as avro.Schema);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  return (data) => {
    const bytes = fromBase64(data);
    if (bytes === undefined) return notBase64;
    try {
      type.fromBuffer(bytes);
      return undefined;
    } catch (error) {
      return `is not valid.${error instanceof Error ? error.message : String(error)}`;
    }
  };
}
