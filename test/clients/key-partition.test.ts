/** Keys and their partitions, by the values that Kafka's own test of murmur2 holds (clients/src/test/java/.../UtilsTest.java, testMurmur2). */
import { expect, test } from 'vitest';
import { partitionOfKey } from '../../clients/kafka/key-partition.ts';

const hashes = {
  '21': -973932308,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
  abc: 479470107,
};

test('a key belongs to the partition that Kafka’s own producer chooses', () => {
  for (const partitions of [1, 3, 12, 1000]) {
    for (const [key, hash] of Object.entries(hashes)) {
      const positive = hash & 0x7fffffff;
      expect([key, partitionOfKey(Buffer.from(key), partitions)]).toEqual([key, positive % partitions]);
    }
  }
});
