/** Schemas of a project, and messages tried against them (reference, section 2, Schemas). */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SchemaDocument } from '../../../contracts/messaging-documents.ts';
import { absent, exists, invalid, invalidArguments } from '../errors.ts';
import { fields, parseJson, readBody, text } from '../lenient-json.ts';
import type { Route } from '../router.ts';
import type { Call, Service } from '../service.ts';
import type { Stored } from '../store/store.ts';
import { projectOf } from './find.ts';

const schemaShape = fields({ name: text(), type: text(), schema: z.unknown().optional() });
const avroMessage = fields({ data: text() });
const nameShape = /^[a-zA-Z0-9_-]+$/;

function view(project: string, { uuid, name, type, raw_schema }: SchemaDocument): object {
  const schema: unknown = JSON.parse(Buffer.from(raw_schema, 'base64').toString('utf8'));
  return { uuid, name: `projects/${project}/schemas/${name}`, type, schema };
}

async function schemaOf({ store }: Service, call: Call): Promise<Stored<SchemaDocument>> {
  const name = call.params.schema ?? '';
  const schema = await store.schemas.first({ project_uuid: projectOf(call).uuid, name });
  if (schema === undefined) throw absent('Schema');
  return schema;
}

function typeOf(text: string): SchemaDocument['type'] {
  const type = text.toLowerCase();
  if (type !== 'json' && type !== 'avro') throw invalid("Schema type can only be 'json' or 'avro'");
  return type;
}

async function create(service: Service, call: Call): Promise<object> {
  const { uuid: project_uuid, name: project } = projectOf(call);
  const asked = readBody(schemaShape, call.body, invalidArguments('Schema'));
  const type = typeOf(asked.type);
  const content = asked.schema ?? {};
  service.schemas.compile(type, content);
  const raw_schema = encoded(content);
  const schema: SchemaDocument = { project_uuid, uuid: randomUUID(), name: call.params.schema ?? '', type, raw_schema };
  if (!(await service.store.schemas.insert(schema))) throw exists('Schema');
  return view(project, schema);
}

async function update(service: Service, call: Call): Promise<object> {
  const before = await schemaOf(service, call);
  const { name: project } = projectOf(call);
  const asked = readBody(schemaShape, call.body, invalidArguments('Schema'));
  const type = asked.type === '' ? before.type : typeOf(asked.type);
  const raw = asked.schema === undefined ? before.raw_schema : encoded(asked.schema);
  service.schemas.compile(type, JSON.parse(Buffer.from(raw, 'base64').toString('utf8')));
  const name = asked.name === '' ? before.name : shortName(asked.name);
  const { uuid, project_uuid } = before;
  if (name !== before.name && (await service.store.schemas.first({ project_uuid, name })) !== undefined)
    throw exists('Schema');
  const set = { name, type, raw_schema: raw };
  if ((await service.store.schemas.rename({ uuid }, set)) === 'taken') throw exists('Schema');
  return view(project, { ...before, ...set });
}

function shortName(fullName: string): string {
  const [projects, project, schemas, name = '', ...more] = fullName.split('/');
  const wellFormed = projects === 'projects' && project !== '' && schemas === 'schemas' && more.length === 0;
  if (!wellFormed || !nameShape.test(name)) throw invalid('wrong schema name declaration');
  return name;
}

function encoded(schema: unknown): string {
  return Buffer.from(JSON.stringify(schema)).toString('base64');
}

async function remove(service: Service, call: Call): Promise<undefined> {
  const { uuid, project_uuid } = await schemaOf(service, call);
  const letGo = () => service.store.topics.changeAll({ project_uuid, schema_uuid: uuid }, { set: { schema_uuid: '' } });
  await letGo();
  await service.store.schemas.remove({ uuid });
  // A topic that was given it in between would refuse every message from now on.
  await letGo();
  return undefined;
}

async function validate(service: Service, call: Call): Promise<object> {
  const schema = await schemaOf(service, call);
  const check = service.schemas.stored(schema);
  const refusal = invalidArguments('Schema Payload');
  if (schema.type === 'json') parseJson(call.body, refusal);
  const data = schema.type === 'json' ? call.body.toString('base64') : readBody(avroMessage, call.body, refusal).data;
  const fault = check(data);
  if (fault !== undefined) throw invalid(`Message 0 ${fault}`);
  return { message: 'Message validated successfully' };
}

const one = '/projects/{project}/schemas/{schema}';

export const schemaRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/projects/{project}/schemas',
    action: 'schemas:list',
    handler: async ({ store }, call) => {
      const { uuid: project_uuid, name } = projectOf(call);
      return { schemas: (await store.schemas.find({ project_uuid })).map((each) => view(name, each)) };
    },
  },
  {
    method: 'GET',
    path: one,
    action: 'schemas:show',
    handler: async (service, call) => view(projectOf(call).name, await schemaOf(service, call)),
  },
  { method: 'POST', path: `${one}:validate`, action: 'schemas:validateMessage', body: z.unknown(), handler: validate },
  { method: 'POST', path: one, action: 'schemas:create', body: schemaShape, handler: create },
  { method: 'PUT', path: one, action: 'schemas:update', body: schemaShape, handler: update },
  { method: 'DELETE', path: one, action: 'schemas:delete', handler: remove },
];
