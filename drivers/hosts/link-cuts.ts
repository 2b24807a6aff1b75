/** Pairs of machines that do not hear each other: packets between their addresses are dropped on the bridge, in silence, both ways. A table of nftables a fault. */
import { ask, outcomeOf } from './run-command.ts';

function tableOf(id: string): string {
  return id.replaceAll('-', '_');
}

async function nft(hub: string, rules: string): Promise<void> {
  await ask('nsenter', [`--net=${hub}`, 'nft', '-f', '-'], { input: rules });
}

/** Tried with a table that is only checked. */
export async function hasPairCuts(hub: string): Promise<boolean> {
  const args = [`--net=${hub}`, 'nft', '--check', '-f', '-'];
  const tried = await outcomeOf('nsenter', args, { input: cuts('tried', '192.0.2.1', ['192.0.2.2']) });
  return tried.status === 0;
}

export async function cutPair(hub: string, id: string, address: string, others: readonly string[]): Promise<void> {
  // Added first, so that it can be deleted whether it was there or not.
  const table = `bridge ${tableOf(id)}`;
  await nft(hub, `add table ${table}\ndelete table ${table}\n${cuts(tableOf(id), address, others)}`);
}

export async function joinPair(hub: string, id: string): Promise<void> {
  const table = `bridge ${tableOf(id)}`;
  await nft(hub, `add table ${table}\ndelete table ${table}\n`);
}

function cuts(table: string, address: string, others: readonly string[]): string {
  const set = `{ ${others.join(', ')} }`;
  return `table bridge ${table} {
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip saddr ${address} ip daddr ${set} drop
		ip daddr ${address} ip saddr ${set} drop
	}
}
`;
}
