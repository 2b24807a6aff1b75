/** What the steps of a rehearsal share, and what a step is: one thing done and looked at, in a file of its own in steps/. The list of them is steps.ts. */
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import type { Group, Node } from '../../cluster/model.ts';
import type { NodeList } from '../../contracts/node-list.ts';
import type { AwsEnvironment } from '../aws/aws-environment.ts';
import type { DeploymentOptions } from '../deployment.ts';
import type { Hosted } from '../hosts/hosted.ts';
import type { Step } from '../step.ts';
import type { Load } from './load.ts';
import type { NotRehearsed, RehearsedMachine } from './report.ts';
import type { Stacks } from './stacks.ts';

export interface RehearseOptions extends DeploymentOptions {
  /** For a machine to become its node, and for its services to serve. */
  readonly timeoutMs: number;
  /** The machines go on running afterwards, and so does an AWS of this machine's own. */
  readonly keep: boolean;
  /** The id of the last step; all where absent. */
  readonly until?: string | undefined;
  /** The folder that `.ensemble/archives` lies in; absolute. */
  readonly projectFolder: string;
  /** A folder of Terraform's providers instead of their registry. */
  readonly pluginDirectory: string | undefined;
}

/** A node whose machine boots here, with the list that it reads. */
export interface Placed {
  readonly group: Group;
  readonly node: Node;
  readonly list: NodeList;
}

export interface Rehearsal {
  /** As the stacks were synthesized last: a step that changes the environment puts what it became here. */
  aws: AwsEnvironment;
  readonly options: RehearseOptions;
  readonly hosted: Hosted;
  /** What is written in the course of it; absolute. */
  readonly folder: string;
  readonly stacks: Stacks;
  /** Of the environment's bucket. */
  readonly objects: ObjectsClient;
  /** Those whose machines boot, from the step `lists` on. */
  chosen: readonly Placed[];
  /** A folder, from the step `image` on. */
  image: string;
  /** While one writes. */
  load: Load | undefined;
  /** As the step `services` finds them. */
  machines: readonly RehearsedMachine[];
  /** A step adds what it leaves out. */
  readonly notRehearsed: NotRehearsed[];
}

/** It resolves with what it found, in a few words; where it throws, the rehearsal ends, and an EnsembleError's evidence stands in the report. */
export interface RehearsalStep extends Step<Rehearsal> {
  /** As `--until` takes it. */
  readonly id: string;
}
