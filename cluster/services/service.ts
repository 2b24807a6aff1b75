/**
 * What a system is to the house: its settings, what it listens on, the files that it reads and the process that it runs as.
 *
 * A service knows nothing of the target: addresses, ports and paths come through `Addressing`. It decides its settings once, in `derive`;
 * `files` and `process` only write down.
 */
import type { z } from 'zod';
import type { Addressing } from '../addressing.ts';
import type { Cluster, Group, Id, Listener, Node, Place, ServiceFile, ServiceProcess } from '../model.ts';

/** Everything that a renderer may look at. */
export interface Site<S> {
  readonly cluster: Cluster;
  readonly group: Group;
  readonly node: Node;
  readonly settings: S;
  readonly addressing: Addressing;
}

/** What settings are derived from: the cluster before its groups are known, and the machine that the group's nodes have. */
export interface Sizing {
  readonly tolerate: number;
  readonly replicas: number;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** Active nodes of the group. */
  readonly nodes: number;
}

export interface ServiceDefinition<Spec extends z.ZodType, Profile extends z.ZodType, S> {
  readonly id: Id;
  /** The service in whose place it runs, on one node alone, where a machine lacks that one. */
  readonly standsInFor?: Id;
  /** Services that must be ready before this one can serve; those that the environment does not have do not count. */
  readonly startAfter: readonly Id[];
  readonly listeners: readonly Listener[];
  /** Folders within each volume that must be there before the first start; made together with the volume and never again. */
  readonly volumeFolders: readonly string[];
  /** The service's section in an environment file. */
  readonly spec: Spec;
  /** What `profile` may change on a small machine, and nothing else. */
  readonly profile: Profile;
  derive(spec: z.output<Spec>, profile: z.output<Profile> | undefined, sizing: Sizing): S;
  files(site: Site<S>): readonly ServiceFile[];
  process(site: Site<S>): ServiceProcess;
}

/** A service whose settings' type only it knows; `Group.settings` carries them from `derive` to `files`. */
export interface Service {
  readonly id: Id;
  readonly standsInFor?: Id | undefined;
  readonly startAfter: readonly Id[];
  readonly listeners: readonly Listener[];
  readonly volumeFolders: readonly string[];
  derive(spec: unknown, profile: unknown, sizing: Sizing): unknown;
  files(site: Site<unknown>): readonly ServiceFile[];
  process(site: Site<unknown>): ServiceProcess;
}

/** Closes over the settings' type: the casts are safe since a group's settings come from the same definition's `derive`. */
export function defineService<Spec extends z.ZodType, Profile extends z.ZodType, S>(
  definition: ServiceDefinition<Spec, Profile, S>,
): Service {
  return {
    id: definition.id,
    standsInFor: definition.standsInFor,
    startAfter: definition.startAfter,
    listeners: definition.listeners,
    volumeFolders: definition.volumeFolders,
    derive: (spec, profile, sizing) =>
      definition.derive(spec as z.output<Spec>, profile as z.output<Profile> | undefined, sizing),
    files: (site) => definition.files(site as Site<S>),
    process: (site) => definition.process(site as Site<S>),
  };
}

export const configuration: Place = { kind: 'configuration' };

/** Where a service keeps a configuration file of its own on this node. */
export function configurationPath(site: Site<unknown>, service: Id, file: string): string {
  return `${site.addressing.path(site.node, service, configuration)}/${file}`;
}
