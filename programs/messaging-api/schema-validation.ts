/** Messages against a project's schemas: JSON Schema by ajv, Avro by avsc, in upstream's words (reference, section 2, publish). */
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft04 from 'ajv-draft-04';
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
  const validate = compiledByDraft(schema);
  return (data) => {
    const bytes = fromBase64(data);
    if (bytes === undefined) return notBase64;
    let document: unknown;
    try {
      document = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      return `data is not valid JSON format,${error instanceof Error ? error.message : String(error)}`;
    }
    try {
      if (validate(document)) return undefined;
    } catch {
      return 'data is not valid,it is nested too deeply'; // for a schema that refers to itself
    }
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message = 'is not valid' }) =>
        `${instancePath === '' ? '(root)' : instancePath.slice(1).replaceAll('/', '.')}: ${message}`,
    );
    return faults.length === 1
      ? `data is not valid,${faults[0]}`
      : `data is not valid.${faults.map((fault, index) => `${index + 1})${fault}.`).join('')}`;
  };
}

/** Formats are not checked, as `strict: false` allows. A reference leads nowhere but into the schema itself: nothing is fetched. */
const options: Options = { allErrors: true, strict: false, validateFormats: false, logger: false };
/** A compiler of its own for each schema: two may share an $id. */
const drafts = {
  'draft-04': () => new draft04.default(options),
  'draft-07': () => new Ajv(options),
  '2019-09': () => new Ajv2019(options),
  '2020-12': () => new Ajv2020(options),
};

/**
 * By the draft that `$schema` names; draft-06 is read as draft-07, which only adds to it. Without one a schema is draft-07 where it is that, and else draft-04,
 * as upstream's library takes either. Throws 400 with the compiler's words.
 */
function compiledByDraft(schema: object | boolean): ValidateFunction {
  const named = typeof schema === 'object' && '$schema' in schema ? String(schema.$schema) : '';
  const draft = /draft-04|2019-09|2020-12/.exec(named)?.[0] as keyof typeof drafts | undefined;
  const { $schema: _read, ...content } = typeof schema === 'object' ? (schema as { readonly $schema?: unknown }) : {};
  const plain = typeof schema === 'object' ? content : schema;
  try {
    return drafts[draft ?? 'draft-07']().compile(plain);
  } catch (error) {
    if (named === '') {
      try {
        return drafts['draft-04']().compile(plain);
      } catch {
        // The first error is the one to tell: it is of the draft that people write today.
      }
    }
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function compileAvro(schema: unknown): (data: string) => MessageFault {
  if (typeof schema !== 'object' || schema === null) throw invalid('schema is invalid');
  let type: avro.Type;
  try {
    type = avro.Type.forSchema(schema as avro.Schema);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  // A few bytes would say "as many as you like" of something that takes none, and the reader would make them all.
  if (holdsArrayOfNothing(type)) throw invalid('schema is invalid: an array of items that take no bytes');
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

function holdsArrayOfNothing(type: avro.Type, seen = new Set<avro.Type>()): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  const { itemsType } = type as Partial<avro.types.ArrayType>;
  if (itemsType !== undefined && takesNoBytes(itemsType)) return true;
  return partsOf(type).some((part) => holdsArrayOfNothing(part, seen));
}

function takesNoBytes(type: avro.Type, within = new Set<avro.Type>()): boolean {
  if (type.typeName === 'null') return true;
  if (type.typeName === 'fixed') return (type as avro.types.FixedType).size === 0;
  if (type.typeName !== 'record' || within.has(type)) return false;
  return partsOf(type).every((part) => takesNoBytes(part, new Set([...within, type])));
}

function partsOf(type: avro.Type): readonly avro.Type[] {
  const { fields = [] } = type as Partial<avro.types.RecordType>;
  const { types = [] } = type as { readonly types?: readonly avro.Type[] };
  const { itemsType } = type as Partial<avro.types.ArrayType>;
  const { valuesType } = type as Partial<avro.types.MapType>;
  return [...fields.map((field) => field.type), ...types, itemsType, valuesType].filter((part) => part !== undefined);
}
