/** Which names a topic may have. Source: org.apache.kafka.common.internals.Topic (legal characters, length, collisions, internal topics). */

/** What is wrong with a name, as the two halves of a fault; `undefined` for a legal one. */
export function nameFault(name: string): { readonly expected: string; readonly next: string } | undefined {
  if (name === '.' || name === '..')
    return { expected: 'a name other than "." and ".."', next: 'give it another name' };
  if (name.length > 249) {
    return { expected: 'a name of at most 249 characters', next: 'shorten it: Kafka makes folders of these names' };
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return { expected: 'a name of letters, digits, ".", "_" and "-"', next: 'leave the other characters out' };
  }
  if (internalTopics.has(name)) {
    return { expected: 'a topic of the platform', next: 'remove it: Kafka makes and owns this topic' };
  }
  return undefined;
}

/** Names with the same key collide: Kafka writes both "." and "_" as "_" in the names of metrics, and refuses the second. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}

const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__cluster_metadata',
  '__share_group_state',
  '__remote_log_metadata',
]);
