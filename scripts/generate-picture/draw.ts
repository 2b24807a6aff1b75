/**
 * docs/architecture.svg as text: rooms and arrows of a RoomGraph at the places of layout.ts. It follows the reader's colour scheme, and each room
 * and arrow carries its name in a data attribute, by which a test compares the picture with the code.
 */
import { ground, lanes, places, type RoomPlace, size } from './layout.ts';
import type { RoomArrow, RoomGraph } from './room-graph.ts';

/** Throws for a room that has no place in layout.ts. An arrow without a lane is drawn as a straight line. */
export function drawPicture({ rooms, arrows }: RoomGraph): string {
  const lines = arrows.filter((arrow) => arrow.to !== ground).map(drawArrow);
  const grounded = arrows.filter((arrow) => arrow.to === ground);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="title">
<title id="title">The rooms of Ensemble, and which imports which</title>
${style}
<defs>
${['commands', 'operations', 'room'].map(drawHead).join('\n')}
</defs>
<rect class="paper" width="${size.width}" height="${size.height}"/>
${lines.join('\n')}
${rooms.map(drawRoom).join('\n')}
${grounded.map(drawDot).join('\n')}
${legend}
</svg>
`;
}

const style = `<style>
  :root { --paper: #ffffff; --box: #f6f8fa; --line: #8c959f; --text: #1f2328; --quiet: #57606a; --commands: #0969da; --operations: #8250df; --room: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0d1117; --box: #161b22; --line: #6e7681; --text: #e6edf3; --quiet: #9da7b3; --commands: #58a6ff; --operations: #bc8cff; --room: #3fb950 }
  }
  text { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; font-size: 12px; fill: var(--quiet); text-anchor: middle }
  .name { font-size: 15px; font-weight: 600; fill: var(--text) }
  .legend { text-anchor: start }
  .paper { fill: var(--paper) }
  .box { fill: var(--box); fill-opacity: 0.74; stroke: var(--line); stroke-width: 1.2 }
  .arrow { fill: none; stroke-width: 1.6 }
  .types { stroke-dasharray: 5 4 }
  .commands { stroke: var(--commands) } .operations { stroke: var(--operations) } .room { stroke: var(--room) }
  .head-commands { fill: var(--commands) } .head-operations { fill: var(--operations) } .head-room { fill: var(--room) }
  .dot { fill: var(--quiet) }
</style>`;

const legend = `<g>
${[
  ['commands', 'arrow commands', 'a command imports', 562],
  ['operations', 'arrow operations', 'an operation imports', 582],
  ['room', 'arrow room', 'a room imports', 602],
]
  .map(
    ([kind, classes, words, y]) =>
      `<path class="${classes}" d="M590 ${y}H636" marker-end="url(#${kind})"/><text class="legend" x="648" y="${Number(y) + 4}">${words}</text>`,
  )
  .join('\n')}
<path class="arrow commands types" d="M790 562H836"/><text class="legend" x="848" y="566">types alone</text>
<circle class="dot" cx="813" cy="582" r="4"/><text class="legend" x="848" y="586">imports contracts/</text>
</g>`;

function drawHead(kind: string): string {
  return `<marker id="${kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="head-${kind}" d="M0 0L8 4L0 8Z"/></marker>`;
}

function placeOf(room: string): RoomPlace {
  const place = places[room];
  if (place === undefined)
    throw new Error(`${room}/ has no place in the picture: give it one in scripts/generate-picture/layout.ts`);
  return place;
}

function drawRoom(room: string): string {
  const { x, y, width, height, lines, wordsAt } = placeOf(room);
  const middle = wordsAt ?? x + width / 2;
  const first = y + height / 2 - lines.length * 8.5 + 5;
  const words = lines
    .map((line, index) => `<text x="${middle}" y="${first + 18 + index * 16}">${line}</text>`)
    .join('');
  return `<g data-room="${room}"><rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="7"/><text class="name" x="${middle}" y="${first}">${room}/</text>${words}</g>`;
}

function drawArrow({ from, to, typesOnly }: RoomArrow): string {
  const kind = from === 'scripts' || from === 'bin' ? 'commands' : from === 'operations' ? 'operations' : 'room';
  const classes = `arrow ${kind}${typesOnly ? ' types' : ''}`;
  return `<path class="${classes}" data-arrow="${from} ${to}" d="${pathOf(from, to)}" marker-end="url(#${kind})"/>`;
}

/** From the bottom of one room to the top of the other, unless a lane says otherwise. */
function pathOf(from: string, to: string): string {
  const [start, end] = [placeOf(from), placeOf(to)];
  const lane = lanes[`${from} ${to}`];
  const [top, bottom] = [start.y + start.height, end.y];
  if (typeof lane === 'number') return `M${lane} ${top}V${bottom}`;
  const points = lane ?? [
    [start.x + start.width / 2, top],
    [end.x + end.width / 2, bottom],
  ];
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}

function drawDot({ from, to }: RoomArrow): string {
  const { x, y, width } = placeOf(from);
  return `<circle class="dot" data-arrow="${from} ${to}" cx="${x + width - 11}" cy="${y + 11}" r="4"/>`;
}
