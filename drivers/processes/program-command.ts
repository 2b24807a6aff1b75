/** A program of the model as a command line of this machine. */
import type { JavaProgram, NativeProgram, NodeProgram, Program, UpstreamProgram } from '../../cluster/model.ts';
import { processMark } from './command-lines.ts';

/** What a Java program runs with; found and fetched by others. */
export interface JavaRuntime {
  readonly kind: 'java';
  readonly executable: string;
  readonly classpath: readonly string[];
  /** Options that depend on this machine alone and change nothing but the time to start (class-data sharing); none where they cannot be had. */
  readonly startOptions: readonly string[];
}

/** What a program of ours runs with: node, and its one file. */
export interface NodeRuntime {
  readonly kind: 'node';
  readonly executable: string;
  readonly file: string;
}

/** A program that runs by itself. */
export interface NativeRuntime {
  readonly kind: 'native';
  readonly executable: string;
}

export type Runtime = JavaRuntime | NodeRuntime | NativeRuntime;

/** Gives what a program runs with; the same kind for the same program. */
export interface Runtimes {
  (program: JavaProgram): Promise<JavaRuntime>;
  (program: NodeProgram): Promise<NodeRuntime>;
  (program: NativeProgram | UpstreamProgram): Promise<NativeRuntime>;
  (program: Program): Promise<Runtime>;
}

export interface Command {
  readonly executable: string;
  readonly arguments: readonly string[];
}

/** @param folder of the service, by which a listing of processes shows whose it is. */
export async function commandOf(program: Program, runtimes: Runtimes, folder: string): Promise<Command> {
  switch (program.runtime) {
    case 'java': {
      const { executable, startOptions, classpath } = await runtimes(program);
      const options = [processMark(folder), ...startOptions, `@${program.optionsFile}`];
      return {
        executable,
        arguments: [...options, '-cp', classpath.join(':'), program.mainClass, ...program.arguments],
      };
    }
    case 'node': {
      const { executable, file } = await runtimes(program);
      return { executable, arguments: [...program.options, file, ...program.arguments] };
    }
    case 'native':
    case 'upstream':
      return { executable: (await runtimes(program)).executable, arguments: program.arguments };
  }
}
