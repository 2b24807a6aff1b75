/**
 * Where each room stands in docs/architecture.svg and along which lane each arrow runs. Chosen by hand, so that no label and no arrow of another
 * colour is crossed without need; which rooms and arrows there are comes from the code (room-graph.ts). Units are those of the viewBox.
 */

export interface RoomPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** What the room is, a line each. */
  readonly lines: readonly string[];
  /** Where the words stand when not in the middle, to keep clear of lines that pass. */
  readonly wordsAt?: number;
}

export const size = { width: 1200, height: 722 };

/** The room that all others may import: a dot in the importer stands for the arrow. */
export const ground = 'contracts';

export const places: Readonly<Record<string, RoomPlace>> = {
  scripts: {
    x: 40,
    y: 24,
    width: 770,
    height: 62,
    lines: ['the commands: parse, call one operation, print, exit status'],
  },
  bin: { x: 860, y: 24, width: 100, height: 62, lines: ['the bundle'] },
  operations: {
    x: 40,
    y: 136,
    width: 1120,
    height: 66,
    lines: ['joins rooms, in named steps: up, down,', 'status, doctor, start, stop, topics'],
    wordsAt: 614,
  },
  topics: { x: 40, y: 268, width: 180, height: 80, lines: ['manifest → state → plan', '→ apply → verify'] },
  drivers: {
    x: 320,
    y: 268,
    width: 180,
    height: 80,
    lines: ['processes of this machine:', 'start, probe, stop, logs'],
  },
  secrets: { x: 570, y: 268, width: 168, height: 80, lines: ['the environment’s CA,', 'a certificate a node'] },
  artifacts: { x: 800, y: 268, width: 160, height: 80, lines: ['Kafka, ZooKeeper:', 'one locked archive each'] },
  stacks: { x: 1000, y: 268, width: 160, height: 80, lines: ['an environment as', 'Terraform for AWS'] },
  provision: {
    x: 1000,
    y: 410,
    width: 160,
    height: 80,
    lines: ['a machine becomes a node:', 'list, units, one script'],
  },
  clients: {
    x: 40,
    y: 410,
    width: 212,
    height: 80,
    lines: ['the wire: Kafka’s protocol,', 'ZooKeeper’s four letters'],
  },
  cluster: {
    x: 268,
    y: 410,
    width: 232,
    height: 80,
    lines: ['the model: environment → cluster', '→ files and processes of a node'],
  },
  platform: {
    x: 570,
    y: 410,
    width: 590,
    height: 80,
    lines: ['who a process is, a lock between processes,', 'where Ensemble is installed'],
  },
  documents: {
    x: 40,
    y: 548,
    width: 460,
    height: 66,
    lines: ['YAML into a typed value, or every fault with its line and column'],
  },
  programs: {
    x: 570,
    y: 548,
    width: 390,
    height: 66,
    lines: ['what nodes will run: the messaging API, not started by up yet'],
  },
  chaos: { x: 1000, y: 548, width: 160, height: 66, lines: ['what must survive;', 'verdicts on histories'] },
  contracts: { x: 40, y: 650, width: 1120, height: 52, lines: ['the error shape, exit statuses, late values'] },
};

type Point = readonly [x: number, y: number];

/** Lanes of arrows that would not look well as the straight line between two rooms. A number is a vertical line at that x. */
export const lanes: Readonly<Record<string, number | readonly Point[]>> = {
  'bin scripts': [
    [860, 55],
    [810, 55],
  ],
  'scripts operations': 614,
  'scripts topics': 182,
  'scripts cluster': 300,
  'scripts drivers': 452,
  'scripts platform': 782,
  'operations topics': 110,
  'operations clients': 238,
  'operations cluster': 282,
  'operations drivers': 372,
  'operations secrets': 654,
  'operations platform': 760,
  'operations artifacts': 880,
  'topics clients': 130,
  'topics documents': [
    [40, 308],
    [18, 308],
    [18, 581],
    [40, 581],
  ],
  'drivers cluster': 410,
  'drivers platform': [
    [500, 308],
    [535, 308],
    [535, 450],
    [570, 450],
  ],
  'artifacts platform': 880,
  'stacks cluster': [
    [1090, 348],
    [1090, 380],
    [430, 380],
    [430, 410],
  ],
  'stacks platform': [
    [1040, 348],
    [1040, 394],
    [940, 394],
    [940, 410],
  ],
  'stacks provision': 1120,
  'provision cluster': [
    [1060, 490],
    [1060, 505],
    [420, 505],
    [420, 490],
  ],
  'provision platform': [
    [1000, 462],
    [960, 462],
  ],
  'provision artifacts': [
    [1000, 430],
    [980, 430],
    [980, 308],
    [960, 308],
  ],
  'scripts chaos': [
    [700, 86],
    [700, 112],
    [1184, 112],
    [1184, 590],
    [1160, 590],
  ],
  'operations chaos': [
    [1160, 170],
    [1176, 170],
    [1176, 566],
    [1160, 566],
  ],
  'chaos clients': [
    [1030, 548],
    [1030, 532],
    [200, 532],
    [200, 490],
  ],
  'chaos platform': [
    [1000, 570],
    [982, 570],
    [982, 524],
    [940, 524],
    [940, 490],
  ],
  'chaos documents': [
    [1060, 614],
    [1060, 632],
    [470, 632],
    [470, 614],
  ],
  'cluster documents': 384,
  'programs clients': [
    [570, 581],
    [525, 581],
    [525, 519],
    [146, 519],
    [146, 490],
  ],
};
