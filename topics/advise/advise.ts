/**
 * How many partitions a topic should have, with the arithmetic: what was measured and what is wanted -> a number and each bound that led to it. No I/O.
 *
 *   partitions = max(ceil(target / what one partition carries), ceil(target / what one member of a group reads))
 *                but no more than there are keys (a key has one partition: the others would stay empty),
 *                at least the members of the largest group (a member without a partition idles), and never fewer than there are.
 *
 * What is measured on a cluster that copes is a load, not a limit: a rate that was seen can be had, and perhaps a greater one too. Each rate therefore says
 * whether it is a limit, and slow rates give way to what any partition and any member can do.
 */
import { estimateKeys, type KeySample } from './key-count.ts';

export interface ProducedFacts {
  /** Of the whole topic in its busiest stretch, in records. */
  readonly peakPerSecond: number;
  /** Of the busiest partition in its own busiest stretch, in records. */
  readonly partitionPeakPerSecond: number;
  /** How long a stretch is. */
  readonly stretchMs: number;
  /** How far back was looked. */
  readonly historyMs: number;
}

export interface GroupFacts {
  readonly group: string;
  /** Members that subscribe to this topic now, idle ones too. */
  readonly members: number;
  /** Read and committed during the window, in records. */
  readonly consumedPerSecond: number;
  /** Whether it had no more to read at the end than it reads between two commits. One that had reads as fast as it can. */
  readonly keptUp: boolean;
}

export interface AdviseInput {
  readonly topic: string;
  readonly partitions: number;
  readonly produced: ProducedFacts;
  /** On disk, compressed as they are; `undefined` where the topic is empty or its disks cannot be asked. */
  readonly bytesPerRecord: number | undefined;
  /** How long groups were watched. */
  readonly windowMs: number;
  readonly groups: readonly GroupFacts[];
  /** `undefined` where no record could be read. */
  readonly keys: KeySample | undefined;
  /** What could not be measured, as clauses for people. */
  readonly gaps: readonly string[];
}

export interface AdviseWishes {
  /** What the topic should carry, in records. Default: its peak times `headroom`. */
  readonly targetPerSecond?: number;
  /** Default 2: the load may double before anybody has to act. */
  readonly headroom?: number;
  /** What one partition carries, and one member reads, where a person knows it from a test; in records. They replace what is measured. */
  readonly partitionPerSecond?: number;
  readonly memberPerSecond?: number;
}

export interface Bound {
  readonly kind: 'producers' | 'consumers' | 'keys' | 'members' | 'current';
  readonly partitions: number;
  /** The arithmetic with its values: `ceil(400 / 100) = 4`, and where they come from. */
  readonly says: string;
}

export interface Advice {
  readonly topic: string;
  /** What it has. */
  readonly partitions: number;
  /** Never fewer than it has. */
  readonly advised: number;
  readonly targetPerSecond: number;
  /** Where the target comes from. */
  readonly target: string;
  readonly bounds: readonly Bound[];
  /** The kind of the bound that the number comes from. */
  readonly decidedBy: Bound['kind'];
  /** What the numbers rest on, and what more partitions would not help with. */
  readonly remarks: readonly string[];
}

/** Below these a measured rate says that little was asked, not that little can be had. Both give way to what a person knows. */
const assumed = {
  /** 1 MiB/s: a tenth of the 10 MB/s that Kafka's makers plan a partition with (J. Rao, "How to choose the number of topics/partitions", Confluent). */
  partitionBytesPerSecond: 2 ** 20,
  /** 10 ms for a record. A slower member cannot hide: its group falls behind, and what it reads then is taken for its limit. */
  memberPerSecond: 100,
} as const;

/** Kafka counts partitions in an INT32. A rate next to nothing would ask for more. */
const mostPartitions = 2_147_483_647;

/** The interval at which consumers commit unless told otherwise (auto.commit.interval.ms). */
export const commitIntervalMs = 5_000;

export function advise(input: AdviseInput, wishes: AdviseWishes = {}): Advice {
  const { topic, partitions, produced, groups, keys } = input;
  const headroom = wishes.headroom ?? 2;
  const target = wishes.targetPerSecond ?? produced.peakPerSecond * headroom;
  const wanted = [producersBound(input, target, wishes), consumersBound(input, target, wishes)].filter(isBound);
  const cap = keys === undefined ? undefined : keysBound(keys);
  const floors = [membersBound(groups), currentBound(partitions)].filter(isBound);
  const needed = largest(wanted);
  const capped = needed !== undefined && cap !== undefined && cap.partitions < needed.partitions ? cap : needed;
  // The first of equals decides: what is there already explains a number best.
  const decisive =
    largest([...[...floors].reverse(), ...(capped === undefined ? [] : [capped])]) ?? currentBound(partitions);
  return {
    topic,
    partitions,
    advised: decisive.partitions,
    targetPerSecond: target,
    target:
      wishes.targetPerSecond === undefined
        ? `${rate(produced.peakPerSecond)} at its peak, times ${headroom}`
        : `${rate(target)}, as asked for`,
    bounds: [...wanted, ...(cap === undefined ? [] : [cap]), ...floors],
    decidedBy: decisive.kind,
    remarks: [...growthRemark(partitions, decisive), ...remarksOn(input, target, wishes)],
  };
}

function producersBound(input: AdviseInput, target: number, wishes: AdviseWishes): Bound | undefined {
  const one = partitionRate(input, wishes);
  if (one === undefined || one.perSecond <= 0) return undefined;
  return quotient('producers', target, one);
}

interface Rate {
  readonly perSecond: number;
  readonly from: string;
}

function partitionRate({ produced, bytesPerRecord }: AdviseInput, wishes: AdviseWishes): Rate | undefined {
  if (wishes.partitionPerSecond !== undefined) {
    return { perSecond: wishes.partitionPerSecond, from: 'what a partition carries, as said' };
  }
  const measured = produced.partitionPeakPerSecond;
  const any = bytesPerRecord === undefined ? 0 : assumed.partitionBytesPerSecond / bytesPerRecord;
  if (any > measured) {
    return {
      perSecond: any,
      from: `any partition carries 1 MiB/s, with ${number(bytesPerRecord ?? 0)} bytes a record; the busiest was seen with ${rate(measured)}`,
    };
  }
  return { perSecond: measured, from: 'the busiest partition was seen with it, and may do more' };
}

/** The group that needs the most partitions decides. */
function consumersBound(input: AdviseInput, target: number, wishes: AdviseWishes): Bound | undefined {
  const bounds = input.groups.map((group) => {
    const one = memberRate(group, input.produced, wishes);
    return one === undefined || one.perSecond <= 0 ? undefined : quotient('consumers', target, one);
  });
  return largest(bounds.filter(isBound));
}

function memberRate(
  { group, members, consumedPerSecond, keptUp }: GroupFacts,
  produced: ProducedFacts,
  { memberPerSecond }: AdviseWishes,
): Rate | undefined {
  if (members === 0) return undefined;
  if (memberPerSecond !== undefined) return { perSecond: memberPerSecond, from: 'what a member reads, as said' };
  const of = `of ${group} (${members} ${members === 1 ? 'member' : 'members'})`;
  if (!keptUp)
    return { perSecond: consumedPerSecond / members, from: `a member ${of} reads no faster: the group is behind` };
  // It has kept up with the peak too, or it would be behind.
  const seen = Math.max(consumedPerSecond, produced.peakPerSecond) / members;
  return seen >= assumed.memberPerSecond
    ? { perSecond: seen, from: `a member ${of} keeps up with it, and may do more` }
    : {
        perSecond: assumed.memberPerSecond,
        from: `a member ${of} keeps up with ${rate(seen)}; any member reads 100/s`,
      };
}

function quotient(kind: 'producers' | 'consumers', target: number, { perSecond, from }: Rate): Bound {
  // A hair above a whole number is that number: 550 / (110 / 3) is 15, and 15.000000000000002 to a computer.
  const partitions = Math.min(Math.ceil(Number((target / perSecond).toPrecision(12))), mostPartitions);
  // Whoever checks the sum must get the same: where rounded numbers would give another, they are shown as they are.
  const agrees = Math.ceil(Number(number(target)) / Number(number(perSecond))) === partitions;
  const shown = agrees ? number : unrounded;
  return { kind, partitions, says: `ceil(${shown(target)} / ${shown(perSecond)}) = ${partitions}: ${from}` };
}

function keysBound(keys: KeySample): Bound | undefined {
  if (keys.keyed === 0 || keys.keyed < keys.records) return undefined; // records without a key go to any partition
  const partitions = estimateKeys(keys);
  const records = `${number(keys.records)} records`;
  return {
    kind: 'keys',
    partitions,
    says: keys.complete
      ? `${partitions} different keys in all of its ${records}: more partitions would stay empty`
      : `about ${partitions} different keys (${keys.distinct} in a sample of ${records}, ${keys.seenOnce} of them once, ${keys.seenTwice} twice)`,
  };
}

function membersBound(groups: readonly GroupFacts[]): Bound | undefined {
  const most = groups.reduce<GroupFacts | undefined>(
    (best, each) => (each.members > (best?.members ?? 0) ? each : best),
    undefined,
  );
  if (most === undefined) return undefined;
  const { members, group } = most;
  return {
    kind: 'members',
    partitions: members,
    says: `${group} has ${members} ${members === 1 ? 'member' : 'members'}: one without a partition idles`,
  };
}

function currentBound(partitions: number): Bound {
  return { kind: 'current', partitions, says: `it has ${partitions}, and Kafka cannot take partitions away` };
}

/** Partitions are not free: each is files, memory and a leader on a broker. */
function growthRemark(partitions: number, { kind, partitions: advised }: Bound): readonly string[] {
  if (advised < 10 * partitions) return [];
  const what = kind === 'consumers' ? 'a faster consumer may be the better remedy' : 'check the target first';
  return [`that is ${Math.floor(advised / partitions)} times as many as now: ${what}`];
}

function remarksOn(input: AdviseInput, target: number, wishes: AdviseWishes): readonly string[] {
  const { produced, windowMs, groups, keys, gaps } = input;
  const remarks: string[] = [];
  if (produced.peakPerSecond === 0) remarks.push(`nothing was sent in the last ${duration(produced.historyMs)}`);
  else {
    remarks.push(
      `peaks are of ${duration(produced.stretchMs)} within the last ${duration(produced.historyMs)}: a shorter burst may be higher`,
    );
  }
  if (groups.some(({ members }) => members > 0)) {
    const percent = Math.min(100, Math.round((100 * commitIntervalMs) / windowMs));
    remarks.push(
      `groups were watched for ${duration(windowMs)}: one that commits every 5 s is measured to ${percent} % or better`,
    );
  }
  for (const { group, members, consumedPerSecond, keptUp } of groups) {
    if (members > 0 && !keptUp && consumedPerSecond === 0)
      remarks.push(`${group} is behind and reads nothing: it tells no rate`);
    if (members > input.partitions)
      remarks.push(`${members - input.partitions} of ${members} members of ${group} idle now`);
  }
  const one = partitionRate(input, wishes);
  const share = keys === undefined || keys.keyed === 0 ? 0 : keys.hottest / keys.records;
  if (one !== undefined && share * target > one.perSecond) {
    remarks.push(
      `one key has ${Math.round(share * 100)} % of the records: its partition would carry ${rate(share * target)}, however many there are`,
    );
  }
  if (keys !== undefined && keys.keyed > 0 && keys.keyed < keys.records) {
    remarks.push(`${keys.records - keys.keyed} of ${keys.records} records have no key, so keys set no limit`);
  }
  return [...remarks, ...gaps];
}

function largest(bounds: readonly Bound[]): Bound | undefined {
  return bounds.reduce<Bound | undefined>(
    (best, each) => (best === undefined || each.partitions > best.partitions ? each : best),
    undefined,
  );
}

function isBound(bound: Bound | undefined): bound is Bound {
  return bound !== undefined;
}

function rate(perSecond: number): string {
  return `${number(perSecond)}/s`;
}

/** Three digits, more only where they are whole. */
function number(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** `133.33...`: cut, not rounded. */
function unrounded(value: number): string {
  const cut = Math.floor(Number((value * 100).toPrecision(12))) / 100;
  return cut === value ? String(value) : `${cut}...`;
}

function duration(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${number(ms / 1_000)} s`;
}
