/** Where the process driver keeps what, below the state folder of one environment. Paths only. */
import type { ServiceRef } from '../driver.ts';

export function nodesFolder(stateDirectory: string): string {
  return `${stateDirectory}/nodes`;
}

export function serviceFolder(stateDirectory: string, { node, service }: ServiceRef): string {
  return `${nodesFolder(stateDirectory)}/${node}/${service}`;
}

export function logFile(stateDirectory: string, ref: ServiceRef): string {
  return `${serviceFolder(stateDirectory, ref)}/console.log`;
}

export function recordFile(stateDirectory: string, ref: ServiceRef): string {
  return `${serviceFolder(stateDirectory, ref)}/process.json`;
}
