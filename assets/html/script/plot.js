// One chart on a canvas: lines that are named where they end, a cursor that reads them, a range that can be zoomed into.

const FONT = 'Inter, "Helvetica Neue", Arial, sans-serif';
const NAME_FONT = `600 12px ${FONT}`;
const PITCH = 16;
const KEYS = 'Keys: arrows read it, + and − zoom, 0 shows all.';
const pen = document.createElement('canvas').getContext('2d');

/** Charts that are drawn: element → {chart, spec}. */
const plots = new Map();

function widthOf(text, font = `12px ${FONT}`) {
  pen.font = font;
  return pen.measureText(text).width;
}

/** As much of a name as fits, its end kept: names that begin alike differ there. */
function fitName(name, room) {
  if (widthOf(name, NAME_FONT) <= room) return name;
  const letters = [...name];
  for (let kept = letters.length - 1; kept > 4; kept -= 1) {
    const head = Math.ceil(kept * 0.6);
    const short = `${letters.slice(0, head).join('')}…${letters.slice(letters.length - (kept - head)).join('')}`;
    if (widthOf(short, NAME_FONT) <= room) return short;
  }
  return `${letters.slice(0, 3).join('')}…`;
}

/** Heights moved apart to at least a pitch, as little as possible, within a range; ascending ones are given. */
function spread(wanted, pitch, top, bottom) {
  pitch = Math.min(pitch, (bottom - top) / Math.max(1, wanted.length));
  const pools = [];
  wanted.forEach((height, index) => {
    let pool = { mean: height - index * pitch, size: 1 };
    while (pools.length && pools[pools.length - 1].mean > pool.mean) {
      const last = pools.pop();
      pool = { mean: (last.mean * last.size + pool.mean * pool.size) / (last.size + pool.size), size: last.size + pool.size };
    }
    pools.push(pool);
  });
  const highest = top + pitch / 2;
  const lowest = Math.max(highest, bottom - pitch / 2 - (wanted.length - 1) * pitch);
  return pools.flatMap(pool => Array(pool.size).fill(pool.mean)).map((level, index) => Math.min(lowest, Math.max(highest, level)) + index * pitch);
}

/** Names at the ends of lines. */
function drawNames(chart, spec) {
  const ratio = uPlot.pxRatio;
  const { left, top, width, height } = chart.bbox;
  const ends = [];
  spec.lines.forEach((line, index) => {
    if (!chart.series[index + 1].show) return;
    for (let place = spec.x.length - 1; place >= 0; place -= 1) {
      const value = line.values[place];
      if (value == null || spec.x[place] > chart.scales.x.max) continue;
      if (spec.x[place] < chart.scales.x.min) break;
      ends.push({ line, x: chart.valToPos(spec.x[place], 'x', true), y: chart.valToPos(value, 'y', true) });
      break;
    }
  });
  ends.sort((one, other) => one.y - other.y);
  const heights = spread(ends.map(end => end.y), PITCH * ratio, top - 8 * ratio, top + height + 8 * ratio);
  const ctx = chart.ctx;
  ctx.save();
  ctx.font = `600 ${12 * ratio}px ${FONT}`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ends.forEach((end, index) => {
    const edge = left + width;
    ctx.fillStyle = ctx.strokeStyle = colour(end.line.contender.colour);
    if (Math.abs(heights[index] - end.y) > 4 * ratio || end.x < edge - 8 * ratio) {
      ctx.beginPath();
      ctx.moveTo(end.x + 3 * ratio, end.y);
      ctx.lineTo(edge + 2 * ratio, end.y);
      ctx.lineTo(edge + 8 * ratio, heights[index]);
      ctx.stroke();
    }
    ctx.fillText(end.line.label, edge + 10 * ratio, heights[index]);
  });
  ctx.restore();
}

/** Ticks that do not touch: those too near to the one before are dropped. */
function thinned(ticks, place, room) {
  let last = -Infinity;
  return ticks.filter(tick => {
    const at = place(tick);
    const kept = Math.abs(at - last) >= room;
    if (kept) last = at;
    return kept;
  });
}

/** What the lines say at the cursor. Linked charts all tell; aloud speaks the one that has the keyboard. */
function tell(chart, spec, readout) {
  readout.setAttribute('aria-live', chart.root.parentElement === document.activeElement ? 'polite' : 'off');
  const place = chart.cursor.idx;
  if (place == null || chart.cursor.left < 0) {
    readout.replaceChildren(spec.hint ?? '');
    return;
  }
  const told = [make('b', {}, spec.tellX(spec.x[place]))];
  const lines = [...spec.lines].sort((one, other) => one.place - other.place);
  for (const line of lines) {
    const index = spec.lines.indexOf(line);
    if (chart.series[index + 1].show) told.push(make('span', {}, `${line.contender.name} `, make('b', {}, line.values[place] == null ? '–' : spec.tellY(line.values[place]))));
  }
  readout.replaceChildren(...told.flatMap(element => [element, ' ']));
}

/** Charts that have the same time below them are zoomed together. */
const zoomed = spec => [...plots.values()].filter(other => other.spec === spec || (spec.group && other.spec.group === spec.group));

function zoomTo(spec, min, max) {
  const [from, to] = [spec.x[0], spec.end];
  const least = Math.min(to - from, (to - from) / Math.max(1, spec.x.length - 1) * 4);
  const span = Math.min(to - from, Math.max(least, max - min));
  const start = Math.min(Math.max(from, (min + max - span) / 2), to - span);
  zoomed(spec).forEach(({ chart }) => chart.setScale('x', { min: start, max: start + span }));
}

function zoomBy(chart, spec, factor) {
  const { min, max } = chart.scales.x;
  const place = chart.cursor.idx;
  const centre = place != null && spec.x[place] >= min && spec.x[place] <= max ? spec.x[place] : (min + max) / 2;
  zoomTo(spec, centre - (centre - min) * factor, centre + (max - centre) * factor);
}

function onKey(event, chart, spec) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  if (event.key in steps) {
    const [first, last] = chart.series[0].idxs;
    const from = chart.cursor.idx == null || chart.cursor.left < 0 ? (steps[event.key] > 0 ? first - 1 : last + 1) : chart.cursor.idx;
    const place = Math.min(last, Math.max(first, from + steps[event.key] * (event.shiftKey ? 10 : 1)));
    chart.setCursor({ left: chart.valToPos(spec.x[place], 'x'), top: chart.over.clientHeight / 2 }, true, true);
  } else if (event.key === '+' || event.key === '=') zoomBy(chart, spec, 0.5);
  else if (event.key === '-') zoomBy(chart, spec, 2);
  else if (event.key === '0' || event.key === 'Escape') zoomTo(spec, spec.x[0], spec.end);
  else return;
  event.preventDefault();
}

/** Buttons above a chart: [label, whether it is pressed, what it does], then those of the zoom. */
function drawTools(tools, chart, spec) {
  const button = (label, pressed, act, attributes = {}) => {
    const made = make('button', { type: 'button', ...attributes }, label);
    if (pressed != null) made.setAttribute('aria-pressed', String(pressed));
    made.addEventListener('click', act);
    return made;
  };
  const choices = spec.choices.map(([label, pressed, act]) => button(label, pressed, act));
  const zoom = [
    button('+', null, () => zoomBy(chart, spec, 0.5), { 'aria-label': 'Zoom in' }),
    button('−', null, () => zoomBy(chart, spec, 2), { 'aria-label': 'Zoom out' }),
    button('All', null, () => zoomTo(spec, spec.x[0], spec.end), { 'aria-label': 'Show all' }),
  ];
  tools.replaceChildren(...choices, make('span', { class: 'apart' }, ...zoom));
  tools.hidden = false;
}

function undraw(box) {
  const drawn = plots.get(box);
  if (!drawn) return;
  drawn.watch.disconnect();
  drawn.chart.destroy();
  plots.delete(box);
}

/**
 * Draws a chart into a figure.
 * spec: x, end, lines [{place, values}], y {distr, range, ticks}, xTicks, tellX, tellY, tickX, tickY, height, group, choices, label.
 */
function draw(figure, spec) {
  const box = one('.plot', figure);
  const readout = one('.readout', figure);
  undraw(box);
  const layer = { control: 0, pull: 1, push: 2 };
  spec.lines = spec.lines.filter(line => line.values.some(value => value != null)).map(line => ({ ...line, contender: data.contenders[line.place] }));
  spec.lines.sort((one, other) => layer[one.contender.direction] - layer[other.contender.direction]);
  figure.hidden = spec.lines.length === 0;
  if (figure.hidden) return;
  const width = box.clientWidth;
  const room = Math.min(width * 0.3, Math.max(...spec.lines.map(line => widthOf(line.contender.name, NAME_FONT)))) + 2;
  spec.lines.forEach(line => { line.label = fitName(line.contender.name, room); });
  const axis = { font: `12px ${FONT}`, stroke: () => colour('soft'), grid: { stroke: () => colour('grid'), width: 1 }, ticks: { show: false }, filter: (_, splits) => splits };
  const own = index => colour(spec.lines[index - 1].contender.colour);
  const chart = new uPlot({
    width,
    height: spec.height,
    padding: [12, room + 14, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false },
      points: { size: 8, width: 0, fill: (_, index) => own(index), stroke: (_, index) => own(index) },
      ...(spec.group ? { sync: { key: spec.group, scales: ['x', null], setSeries: false } } : {}),
    },
    scales: {
      x: { time: false, range: (_, min, max) => min === max || min == null ? [spec.x[0], spec.end] : [min, max] },
      y: { distr: spec.y.distr, log: 10, asinh: 1, range: (_, min, max) => min == null ? [spec.y.distr === 3 ? 1e-3 : 0, 1] : spec.y.range(min, max) },
    },
    axes: [
      {
        ...axis,
        size: spec.twoLines ? 44 : 28,
        splits: (self, _, min, max) => thinned(spec.xTicks(min, max), tick => (tick - min) / (max - min || 1) * (self.width - room - 74), 58),
        values: (_, splits) => splits.map(spec.tickX),
      },
      {
        ...axis,
        size: (_, values) => values ? Math.max(20, ...values.map(value => widthOf(value))) + 12 : 50,
        splits: (self, _, min, max) => thinned(spec.y.ticks(min, max), tick => spec.y.place(tick, min, max) * (self.height - 60), 24),
        values: (_, splits) => splits.map(spec.tickY),
      },
    ],
    series: [{}, ...spec.lines.map((line, index) => ({
      stroke: () => own(index + 1),
      width: line.contender.direction === 'push' ? 2.5 : 1.75,
      dash: line.contender.dash.map(length => length / 2),
      cap: 'round',
      show: !state.hidden.has(line.place),
      points: { show: line.values.filter(value => value != null).length === 1, size: 6, fill: () => own(index + 1) },
    }))],
    hooks: {
      draw: [self => {
        drawNames(self, spec);
        tellRange(box, self);
      }],
      setCursor: [self => tell(self, spec, readout)],
    },
  }, [spec.x, ...spec.lines.map(line => spec.x.map((_, place) => line.values[place] ?? null))], box);
  zoomInit(chart, spec);
  const watch = new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - chart.width) > 1 && box.clientWidth > 0) chart.setSize({ width: box.clientWidth, height: spec.height });
  });
  watch.observe(box);
  plots.set(box, { chart, spec, watch });
  // Arrow keys are meant for the chart, and not for whoever reads the page aloud.
  for (const [name, text] of Object.entries({ role: 'application', 'aria-roledescription': 'chart', 'aria-label': `${spec.label}. ${KEYS}` })) box.setAttribute(name, text);
  box.onkeydown = event => onKey(event, chart, spec);
  drawTools(one('.tools', figure), chart, spec);
  tell(chart, spec, readout);
}

/** What is shown, for whoever looks from outside. */
function tellRange(box, chart) {
  box.dataset.from = chart.scales.x.min;
  box.dataset.to = chart.scales.x.max;
  box.dataset.lines = chart.series.filter((series, index) => index > 0 && series.show).length;
}

function zoomInit(chart, spec) {
  chart.setScale('x', { min: spec.x[0], max: spec.end });
  // A double click shows all: from the axis's beginning to its end, which data may not fill.
  chart.over.addEventListener('dblclick', () => zoomTo(spec, spec.x[0], spec.end));
}

/** Shows and hides lines as contenders are chosen. */
function choosePlots() {
  for (const { chart, spec } of plots.values()) {
    spec.lines.forEach((line, index) => {
      const show = !state.hidden.has(line.place);
      if (chart.series[index + 1].show !== show) chart.setSeries(index + 1, { show });
    });
  }
}

/** With the colours in force. */
function redraw() {
  for (const { chart } of plots.values()) chart.redraw(false);
}
