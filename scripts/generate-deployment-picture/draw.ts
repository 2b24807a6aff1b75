/**
 * docs/aws.svg as text: what an environment's three stacks build, drawn from the model as it stands: zones as columns with their blocks, each node with
 * its address, what keeps data in bold frames. It follows the reader's colour scheme, and names each node in a data attribute for its test.
 */
import { cloudAddress, defaultCloudSubnet, zoneBlocks } from '../../cluster/address-plan.ts';
import type { Cluster, Group, Node } from '../../cluster/model.ts';

const width = 1080;
const zoneTop = 250;
const boxHeight = 46;
const rowGap = 12;
const labelWidth = 120;

/** Groups from the clients inwards: those that anybody may take the place of first. */
export function drawDeployment(cluster: Cluster): string {
  const rows = [...cluster.groups].sort((a, b) => rank(a) - rank(b)).map((group) => rowOf(cluster, group));
  const tops: number[] = [];
  let y = zoneTop + 106;
  for (const row of rows) {
    tops.push(y);
    y += row.deepest * (boxHeight + rowGap) + 14;
  }
  const bottom = y;
  const height = bottom + 118;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">What ${cluster.environment} is on AWS</title>
${style}
<rect class="paper" width="${width}" height="${height}"/>
${zones(cluster, bottom)}
${entrance(cluster)}
${rows.map((row, index) => drawRow(row, tops[index] ?? 0)).join('\n')}
${shared(bottom + 22)}
</svg>
`;
}

const style = `<style>
  :root { --paper: #ffffff; --box: #f6f8fa; --line: #8c959f; --text: #1f2328; --quiet: #57606a; --open: #0969da; --data: #1a7f37; --zone: #eaeef2 }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0d1117; --box: #161b22; --line: #6e7681; --text: #e6edf3; --quiet: #9da7b3; --open: #58a6ff; --data: #3fb950; --zone: #21262d }
  }
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; font-size: 12px; fill: var(--quiet); text-anchor: middle }
  .name { font-size: 14px; font-weight: 600; fill: var(--text) }
  .left { text-anchor: start }
  .paper { fill: var(--paper) }
  .zone { fill: var(--zone); fill-opacity: 0.5 }
  .box { fill: var(--box); stroke: var(--line); stroke-width: 1.2 }
  .data { stroke: var(--data); stroke-width: 2.2 }
  .open { stroke: var(--open); stroke-width: 1.8 }
  .way { fill: none; stroke: var(--open); stroke-width: 1.6 }
</style>`;

interface Row {
  readonly group: Group;
  /** A column of nodes for each zone. */
  readonly columns: readonly (readonly { readonly node: Node; readonly address: string }[])[];
  readonly deepest: number;
}

/** The entrance first, what keeps data last. */
function rank({ identity, names }: Group): number {
  if (names.length > 0) return 0;
  return identity === 'fungible' ? 1 : 2;
}

function rowOf(cluster: Cluster, group: Group): Row {
  const columns = cluster.zones.map((zone) =>
    group.nodes.filter((node) => node.zone === zone).map((node) => ({ node, address: cloudAddress(cluster, node) })),
  );
  return { group, columns, deepest: Math.max(1, ...columns.map(({ length }) => length)) };
}

function columnWidth(count: number): number {
  return (width - labelWidth - 20) / count;
}

function box(x: number, y: number, w: number, h: number, classes: string, name: string, words: string): string {
  const middle = x + w / 2;
  return `<rect class="box ${classes}" x="${x}" y="${y}" width="${w}" height="${h}" rx="7"/><text class="name" x="${middle}" y="${y + 19}">${name}</text><text x="${middle}" y="${y + 36}">${words}</text>`;
}

function entrance({ zones: names, cloud }: Cluster): string {
  const columns = columnWidth(names.length);
  const gates = names
    .map((zone, index) => ({ zone, x: labelWidth + index * columns + 20 }))
    .filter((_, index) => cloud?.nat !== 'one' || index === 0)
    .map(({ x }) => box(x, zoneTop + 18, columns - 60, boxHeight, '', 'NAT gateway', 'the only way out'));
  const middle = labelWidth + (width - labelWidth - 20) / 2;
  return [
    box(middle - 110, 16, 220, boxHeight, 'open', 'Clients', 'HTTPS 443, authentication 8443'),
    `<path class="way" d="M${middle} 62V96"/>`,
    box(middle - 170, 96, 340, boxHeight, 'open', 'Network load balancer', 'TCP, unopened; the only door from outside'),
    `<path class="way" d="M${middle} 142V${zoneTop - 40}"/>`,
    ...gates,
  ].join('\n');
}

function zones(cluster: Cluster, bottom: number): string {
  const columns = columnWidth(cluster.zones.length);
  return zoneBlocks(cluster.network.subnet ?? defaultCloudSubnet, cluster.zones)
    .map((blocks, index) => {
      const x = labelWidth + index * columns;
      const middle = x + columns / 2 - 10;
      return `<rect class="zone" x="${x}" y="${zoneTop - 40}" width="${columns - 20}" height="${bottom - zoneTop + 40}" rx="9"/><text class="name" x="${middle}" y="${zoneTop - 20}">${blocks.zone}</text><text x="${middle}" y="${zoneTop - 2}">public ${blocks.public}</text><text x="${middle}" y="${zoneTop + 93}">private ${blocks.private}</text>`;
    })
    .join('\n');
}

function drawRow({ group, columns, deepest }: Row, top: number): string {
  const wide = columnWidth(columns.length);
  const kept = group.identity === 'pinned';
  const middle = top + (deepest * (boxHeight + rowGap) - rowGap) / 2;
  const label = `<text class="name left" x="14" y="${middle}">${group.role}</text>${group.services
    .map((service, index) => `<text class="left" x="14" y="${middle + 17 + index * 15}">${service}</text>`)
    .join('')}`;
  const nodes = columns.flatMap((column, index) =>
    column.map(({ node, address }, place) => {
      const x = labelWidth + index * wide + 14;
      const size = node.volumes.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0);
      const words = `${address} · ${node.machine}${size === 0 ? '' : ` · ${size} GiB`}`;
      return `<g data-node="${node.id}">${box(x, top + place * (boxHeight + rowGap), wide - 48, boxHeight, kept ? 'data' : '', node.id, words)}</g>`;
    }),
  );
  return [label, ...nodes].join('\n');
}

function shared(top: number): string {
  const things: readonly (readonly [name: string, words: string])[] = [
    ['Bucket', 'archives, settings, reports'],
    ['Secrets Manager', 'one secret a node'],
    ['KMS key', 'volumes, bucket, secrets, logs'],
    ['Topics applier', 'a function inside the network'],
    ['CloudWatch', 'logs, alarms, snapshots daily'],
  ];
  const wide = (width - 40) / things.length;
  const boxes = things.map(([name, words], index) =>
    box(20 + index * wide, top, wide - 12, boxHeight, index < 2 ? 'data' : '', name, words),
  );
  const legend = `<text class="left" x="20" y="${top + 74}">Green frames keep data: an address, a volume and a name that outlive the machine. Blue: reached from outside.</text>`;
  return [...boxes, legend].join('\n');
}
