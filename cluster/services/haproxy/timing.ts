/** Times that several parts of haproxy.cfg, its process and the nodes behind it must agree on. */

/** A pull waits 300 s at most (programs/messaging-api/routes/pull.ts), and its answer takes a moment. */
export const longestAnswerSeconds = 310;

/** Everything but a pull: a publish waits 30 s at most for Kafka. */
export const answerSeconds = 60;

/** Between two requests of a client. A stop waits as long for idle clients, so that it is less than the time that a stop may take. */
export const idleClientSeconds = 30;

/** After a reload, for what the worker of before still serves. */
export const hardStopSeconds = longestAnswerSeconds + 10;

/** A stop finishes what is short and lets idle clients go; pulls that still wait are cut off, and pull again. */
export const stopTimeoutMs = (idleClientSeconds + 5) * 1_000;

/** API nodes hold one gRPC connection to the push servers and seldom use it. */
export const privateConnectionSeconds = 3_600;

/** A node that says that it is not ready gets no more requests after `inter` and two times `fastinter`: 1.6 s and the time of three checks. */
export const checks = { interMs: 1_000, fastInterMs: 300, fall: 3, rise: 2, slowStartSeconds: 5 } as const;

/** How long a node that leaves goes on to serve after it began to say so: until it is out, with time for checks that are slow. */
export const leaveMs = checks.interMs + (checks.fall - 1) * checks.fastInterMs + 1_400;
