/**
 * What the messaging API asks of its metadata store: a few operations on collections, each one step in the store, so that any number of nodes may
 * share it. Two implementations: MongoDB (mongo-store.ts), and memory for tests (memory-store.ts).
 *
 * A filter is equality as MongoDB means it: a list in a document matches when it holds the value, `a.b` looks into lists of documents, null matches
 * what is absent, a list in the filter means any of its values, and a Range what is of its bound's kind and on the right side of it.
 */
import type {
  DailyCountDocument,
  NodeMetricDocument,
  ProjectDocument,
  RegistrationDocument,
  RoleDocument,
  SchemaDocument,
  SubscriptionDocument,
  TopicDocument,
  UserDocument,
} from '../../../contracts/messaging-documents.ts';

export type Value = string | number | boolean | null | Date;
/** One bound, or both: of one kind. */
export type Range =
  | { readonly atLeast: number; readonly below?: number }
  | { readonly atLeast?: number; readonly below: number }
  | { readonly atLeast: string; readonly below: string };
export type Filter = Readonly<Record<string, Value | readonly Value[] | Range>>;
/** `id` is the ObjectId as 24 hex digits; a later document has a greater one. */
export type Stored<Document> = Document & { readonly id: string };

export function isRange(wanted: Value | readonly Value[] | Range): wanted is Range {
  return typeof wanted === 'object' && wanted !== null && ('below' in wanted || 'atLeast' in wanted);
}

export interface Window {
  /** The first document of the page: ids at or below it. */
  readonly from?: string | undefined;
  /** 0: all. */
  readonly limit?: number;
}

export interface Collection<Document extends object> {
  /** Newest first. */
  find(filter: Filter, window?: Window): Promise<readonly Stored<Document>[]>;
  first(filter: Filter): Promise<Stored<Document> | undefined>;
  count(filter: Filter): Promise<number>;
  /** False where a document with the same unique fields (see `uniqueFields`) is there already: one of several nodes wins. */
  insert(document: Document): Promise<boolean>;
  /**
   * Changes one document that matches, in one step, and says whether one did: with what was read in the filter it is a compare-and-set.
   * A list that is null (upstream leaves such) counts as empty. Fields that must be unique are changed by `rename`.
   * `add` counts up; with `insertMissing` a document of the filter, `set` and `add` is made where none matches.
   */
  change(filter: Filter, change: Change<Document>): Promise<boolean>;
  /** As `change` with `set`, for fields that must be unique: one of several nodes gets a name, and the others hear that it is taken. */
  rename(filter: Filter, set: Partial<Document>): Promise<'changed' | 'absent' | 'taken'>;
  /** As `change`, for all that match. */
  changeAll(filter: Filter, change: Pick<Change<Document>, 'set' | 'removeFromLists'>): Promise<void>;
  /** How many went. */
  remove(filter: Filter): Promise<number>;
}

export interface Change<Document> {
  readonly set?: Partial<Document>;
  readonly add?: Readonly<Partial<Record<keyof Document & string, number>>>;
  /** Values to put into a list where it lacks them, or to take out. */
  readonly addToLists?: Readonly<Partial<Record<keyof Document & string, Value>>>;
  readonly removeFromLists?: Readonly<Partial<Record<keyof Document & string, Value>>>;
  readonly insertMissing?: boolean;
}

export interface Store {
  readonly projects: Collection<ProjectDocument>;
  readonly topics: Collection<TopicDocument>;
  readonly subscriptions: Collection<SubscriptionDocument>;
  readonly users: Collection<UserDocument>;
  readonly roles: Collection<RoleDocument>;
  readonly schemas: Collection<SchemaDocument>;
  readonly registrations: Collection<RegistrationDocument>;
  readonly dailyCounts: Collection<DailyCountDocument>;
  readonly nodeMetrics: Collection<NodeMetricDocument>;
  /** Throws where the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type CollectionName = Exclude<keyof Store, 'ping' | 'close'>;

/** Upstream's collections have no unique keys, and creates that race make duplicates there. */
export const uniqueFields: Readonly<Record<CollectionName, readonly string[]>> = {
  projects: ['name'],
  topics: ['project_uuid', 'name'],
  subscriptions: ['project_uuid', 'name'],
  users: ['name'],
  roles: ['resource'],
  schemas: ['project_uuid', 'name'],
  registrations: ['uuid'],
  dailyCounts: ['date', 'project_uuid', 'topic_name'],
  nodeMetrics: ['hostname'],
};
