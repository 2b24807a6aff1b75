/** A process that moves replicas until it is done or killed: what a run that dies half-way leaves behind. Arguments: bootstrap, moves as JSON, bytes a second. */
import { connect } from '../../clients/kafka/connection.ts';
import { reassignPartitions, type TopicMoves } from '../../topics/reassign/reassign.ts';

const [bootstrap = '', moves = '[]', rate = '0'] = process.argv.slice(2);
const connection = await connect({ bootstrap: [bootstrap], clientId: 'reassign-process' });
await reassignPartitions(connection, JSON.parse(moves) as readonly TopicMoves[], {
  throttleBytesPerSecond: Number(rate),
  pollMs: 100,
  onProgress: ({ moving }) => process.stdout.write(`moving ${moving}\n`),
});
await connection.close();
