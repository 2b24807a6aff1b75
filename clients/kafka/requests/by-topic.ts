/** Partitions as Kafka's requests want them: under their topics, each topic once. */
export function byTopic<T extends { readonly topic: string }>(
  items: readonly T[],
): readonly (readonly [string, T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.topic);
    if (group === undefined) groups.set(item.topic, [item]);
    else group.push(item);
  }
  return [...groups];
}
