/**
 * The page's own script: `timeline` (timeline.ts) drawn by ECharts as five plots above each other with one axis of time. It runs in a browser, not here.
 */
export const plotScript = `
const names = (bands) => [...new Set(bands.map((band) => band.row))].sort().reverse();
const ink = '#1b2430';
const leaderColours = ['#b3261e', '#2f6db3', '#c9820a', '#3a8f66', '#7d5ba6', '#a0507a', '#4d7c8a', '#8a6d3b', '#5b6673'];
const nobodyKnows = '#8b95a1';
const inSyncColours = ['#3a8f66', '#d99a1c', '#c4532d', '#b3261e'];
const rows = {
  faults: names(timeline.faults), leaders: names(timeline.leaders), inSync: names(timeline.inSync),
};
const heights = { rate: 150, latency: 130 };
const rowHeight = 24;
let top = 44;
const grids = ['rate', 'latency', 'faults', 'leaders', 'inSync'].map((name) => {
  const height = heights[name] ?? Math.max(1, rows[name].length) * rowHeight;
  const grid = { name, left: 110, right: 24, top, height };
  top += height + 44;
  return grid;
});
const holder = document.getElementById('timeline');
holder.style.height = top + 44 + 'px';
const chart = echarts.init(holder, undefined, { renderer: 'svg' });
const index = (name) => grids.findIndex((grid) => grid.name === name);
const shaded = { silent: true, itemStyle: { color: 'rgba(179, 38, 30, 0.08)' },
  data: timeline.faults.map((band) => [{ xAxis: band.from }, { xAxis: band.to }]) };
const line = (name, grid, values, colour, more) => ({
  name, type: 'line', xAxisIndex: index(grid), yAxisIndex: index(grid), showSymbol: false, connectNulls: false,
  lineStyle: { width: 1.5, color: colour }, itemStyle: { color: colour },
  data: timeline.at.map((at, place) => [at, values[place]]), ...more,
});
const bands = (name, list, colour) => ({
  name, type: 'custom', xAxisIndex: index(name), yAxisIndex: index(name), clip: true, encode: { x: [0, 1], y: 2 },
  data: list.map((band) => ({ value: [band.from, band.to, rows[name].indexOf(band.row)], text: band.text, itemStyle: { color: colour(band) } })),
  renderItem(params, api) {
    const from = api.coord([api.value(0), api.value(2)]);
    const to = api.coord([api.value(1), api.value(2)]);
    const { x, y, width, height } = params.coordSys;
    const shape = echarts.graphic.clipRectByRect(
      { x: from[0], y: from[1] - 9, width: Math.max(1, to[0] - from[0]), height: 18 }, { x, y, width, height });
    if (shape === undefined) return;
    const text = list[params.dataIndex].text;
    return { type: 'rect', shape, style: { fill: api.visual('color') },
      textContent: shape.width > 8 * text.length ? { style: { text, fill: '#fff', fontSize: 12 } } : undefined, textConfig: { position: 'inside' } };
  },
  tooltip: { trigger: 'item', formatter: ({ data, dataIndex }) =>
    echarts.format.encodeHTML(list[dataIndex].row + ': ' + data.text) + '<br>' + data.value[0].toFixed(2) + ' s to ' + data.value[1].toFixed(2) + ' s' },
});
// What waited for minutes comes at once, a hundred times the usual: with a linear axis nothing else would be seen. Its floor, 1, is nothing at all.
const orNothing = (rate) => (rate <= 1 ? '0' : rate.toLocaleString('en'));
const rate = (name, values, colour, more) => line(name, 'rate', values.map((each) => Math.max(1, each)), colour,
  { tooltip: { valueFormatter: orNothing }, ...more });
const rates = [
  rate('acknowledged', timeline.acknowledged, '#2f6db3', { markArea: shaded }),
  rate('read', timeline.read, '#3a8f66'),
  ...(timeline.pushed.some((each) => each > 0) ? [rate('pushed', timeline.pushed, '#7d5ba6')] : []),
  rate('failed', timeline.failed, '#c9820a'),
  rate('unknown', timeline.unknown, '#b3261e'),
];
const titles = { rate: 'Records a second', latency: 'Acknowledged after, ms', faults: 'Faults', leaders: 'Leaders', inSync: 'In sync' };
chart.setOption({
  animation: false,
  textStyle: { color: ink, fontFamily: 'system-ui, sans-serif' },
  title: grids.map((grid) => ({ text: titles[grid.name], left: 8, top: grid.top - 26, textStyle: { fontSize: 13, fontWeight: 600, color: ink } })),
  legend: [
    { data: rates.map(({ name }) => name), top: grids[0].top - 28, right: 24 },
    { data: ['p50', 'p99', 'longest'], top: grids[1].top - 28, right: 24 },
  ],
  tooltip: { trigger: 'axis', axisPointer: { type: 'line' } },
  axisPointer: { link: [{ xAxisIndex: 'all' }] },
  grid: grids.map(({ left, right, top: from, height }) => ({ left, right, top: from, height })),
  xAxis: grids.map((grid, place) => ({ type: 'value', gridIndex: place, min: 0, max: timeline.endsAt,
    axisLabel: { show: place === grids.length - 1, formatter: (value) => value.toFixed(value % 1 === 0 ? 0 : 1) + ' s' }, splitLine: { lineStyle: { color: '#eef1f5' } } })),
  yAxis: grids.map((grid, place) => rows[grid.name] === undefined
    ? { type: 'log', gridIndex: place, min: 1, axisLabel: grid.name === 'rate' ? { formatter: orNothing } : {}, splitLine: { lineStyle: { color: '#eef1f5' } } }
    : { type: 'category', gridIndex: place, data: rows[grid.name], axisTick: { show: false } }),
  dataZoom: [
    { type: 'inside', xAxisIndex: grids.map((_each, place) => place), filterMode: 'none' },
    { type: 'slider', xAxisIndex: grids.map((_each, place) => place), filterMode: 'none', bottom: 6, height: 18, labelFormatter: (value) => value.toFixed(1) + ' s' },
  ],
  series: [
    ...rates,
    line('p50', 'latency', timeline.p50.map((ms) => ms === null ? null : Math.max(1, ms)), '#2f6db3', { markArea: shaded }),
    line('p99', 'latency', timeline.p99.map((ms) => ms === null ? null : Math.max(1, ms)), '#c9820a'),
    line('longest', 'latency', timeline.most.map((ms) => ms === null ? null : Math.max(1, ms)), '#7d5ba6', { lineStyle: { width: 1, color: '#7d5ba6' } }),
    bands('faults', timeline.faults, () => '#b3261e'),
    bands('leaders', timeline.leaders, (band) => band.colour < 0 ? nobodyKnows : band.colour === 0 ? '#b3261e' : leaderColours[1 + (band.colour - 1) % (leaderColours.length - 1)]),
    bands('inSync', timeline.inSync, (band) => band.colour < 0 ? nobodyKnows : inSyncColours[Math.min(band.colour, inSyncColours.length - 1)]),
  ],
});
addEventListener('resize', () => chart.resize());
`;
