/** Small shapes that requests and answers of the topics applier have in common. JSON has no `undefined`: a key is left out, or null. */
import { z } from 'zod';
import { EnsembleError } from './error.ts';

/** Kafka's own limit of a topic's name. */
export const topicName = z.string().min(1).max(249);
export const names = z.array(topicName);
export const count = z.int().min(1);
export const brokerId = z.int().min(0);
export const brokerIds = z.array(brokerId);
export const topicPartition = z.strictObject({ topic: topicName, partition: z.int().min(0) });
export const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A key that the type has with `undefined`, and JSON leaves out. */
export function maybe<Shape extends z.ZodType>(shape: Shape) {
  return shape.nullish().transform((value) => value ?? undefined);
}

/** What Kafka answered for one resource. */
export const faultShape = z.strictObject({
  code: z.int(),
  name: z.string(),
  retriable: z.boolean(),
  message: z.string(),
});

/** An EnsembleError on its way; the code is the same on both sides. */
export const errorShape = z.strictObject({
  code: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  message: z.string(),
  next: z.string(),
  evidence: z.array(z.string()),
  exitStatus: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
});

export type SentError = z.output<typeof errorShape>;

export function sendError({ code, message, next, evidence, exitStatus }: EnsembleError): SentError {
  return { code, message, next, evidence: [...evidence], exitStatus };
}

export function receiveError(sent: SentError): EnsembleError {
  return new EnsembleError(sent);
}
