/** host:port as people write it, also with IPv6 in brackets. */
import { addressInvalid } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Throws CLIENT_ADDRESS_INVALID, naming the text. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/,]+)):(\d{1,5})$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65_535)) throw addressInvalid(text);
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
