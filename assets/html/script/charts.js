// The charts that the page draws itself: percentiles, and what happened over the time of the window.

const DECADES = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 21600, 86400, 604800, 2678400, 8640000];
const CLOCK = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
const SIDES = ['server', 'subscribers', 'publishers'];
const STEPS = 20;

/** Round values between two others. */
function roundTicks(min, max, parts = 5) {
  const power = 10 ** Math.floor(Math.log10((max - min) / parts || 1));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => (max - min) / step <= parts) || power * 10;
  const ticks = [];
  for (let tick = Math.ceil(min / step - 1e-9) * step; tick <= max + step * 1e-9; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return ticks;
}

const linear = {
  distr: 1,
  range: (_, max) => [0, max > 0 ? max * 1.06 : 1],
  ticks: (min, max) => roundTicks(min, max),
  place: (value, min, max) => (value - min) / (max - min),
};

/** Times on a logarithmic axis, from the mark below the least to the one above the largest. */
const times = {
  distr: 3,
  range: (min, max) => [DECADES.filter(time => time <= min).pop() ?? min / 2, DECADES.find(time => time >= max) ?? max * 2].map((time, index, both) => index && time <= both[0] ? time * 10 : time),
  ticks: (min, max) => {
    const inside = list => list.filter(time => time >= min * 0.9999 && time <= max * 1.0001);
    const marks = inside(DECADES);
    return marks.length > 2 ? marks : inside(DECADES.flatMap(time => [1, 2, 5].map(factor => factor * time)).sort((one, other) => one - other));
  },
  place: (value, min, max) => Math.log(value / min) / Math.log(max / min),
};

/** From nothing to very much: linear up to 1, logarithmic beyond. */
const wide = {
  distr: 4,
  range: (_, max) => [0, Math.max(1, max) * 1.3],
  ticks: (_, max) => [0, ...Array.from({ length: 13 }, (__, power) => 10 ** power).filter(value => value <= max)],
  place: (value, min, max) => (Math.asinh(value) - Math.asinh(min)) / (Math.asinh(max) - Math.asinh(min)),
};

/** A line for each contender of the load point, of one of the series or of what is made of it. */
const linesOf = (name, of = values => values) => point().here.map((place, index) => ({ place, values: of(data.series[name][state.at][index]) }));

/** What all charts over time have in common; `gathered` is what a point is of the seconds that it stands for. */
function overTime(gathered, more) {
  const { window, count, step } = point();
  const middles = Array.from({ length: count }, (_, place) => (place + 0.5) * step);
  const compressed = data.compression > 1;
  const at = seconds => compressed ? `${showSeconds(seconds)} (${showSeconds(seconds * data.compression)} of scenario time)` : showSeconds(seconds);
  return {
    x: middles,
    end: Math.max(window, middles[middles.length - 1]),
    // Round in the time that people count in: that of the scenario, where it is another.
    xTicks: (min, max) => {
      const span = (max - min) * data.compression;
      const step = (CLOCK.find(step => span / step <= 8) || span / 8) / data.compression;
      return Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, index) => index * step).filter(tick => tick >= min);
    },
    tickX: seconds => compressed ? `${showSeconds(seconds)}\n${showSeconds(seconds * data.compression)}` : showSeconds(seconds),
    twoLines: compressed,
    tellX: seconds => step > 1 ? `${at(seconds)}, ${gathered} of ${step} s` : at(seconds),
    group: 'time',
    height: 260,
    choices: [],
    ...more,
  };
}

const SPECS = {
  spectrum() {
    const scenario = state.time === 'scenario' && data.compression > 1;
    const lines = linesOf(scenario ? 'scenario_spectra' : 'spectra');
    const longest = Math.max(1, ...lines.map(line => line.values.length));
    const share = nines => significant(100 * (1 - 10 ** -nines), 8);
    const choice = time => [time === 'measured' ? 'Measured time' : 'Scenario time', state.time === time, () => { state.time = time; drawAll(['spectrum']); }];
    return {
      x: Array.from({ length: longest }, (_, place) => place / STEPS),
      end: Math.max(1, longest - 1) / STEPS,
      lines,
      y: times,
      xTicks: (min, max) => {
        const nines = [Math.log10(2), 1, 2, 3, 4, 5, 6].filter(tick => tick >= min && tick <= max);
        const between = [0, 0.25, 0.5, 0.75, 1].map(part => min + (max - min) * part);
        return nines.length > 1 ? nines : between;
      },
      tickX: nines => `${nines === Math.log10(2) ? 50 : share(nines).slice(0, 7)} %`,
      tickY: showSeconds,
      tellX: nines => `${share(nines)} % of updates within`,
      tellY: showSeconds,
      height: 400,
      hint: `Point at a chart to read it, drag to zoom, double-click to see all. ${KEYS} Charts over time are linked.`,
      choices: data.compression > 1 ? [choice('measured'), choice('scenario')] : [],
      label: 'Delivery latency by percentile, a line for each contender; the figures stand in the table below',
    };
  },
  latency() {
    return overTime('p99', { lines: linesOf('latency'), y: times, tickY: showSeconds, tellY: showSeconds, label: '99th percentile of delivery latency over time' });
  },
  traffic() {
    const bytes = state.traffic === 'bytes';
    const lines = linesOf(state.traffic);
    const meanOf = values => values.reduce((sum, value) => sum + (value ?? 0), 0) / Math.max(1, values.length);
    const means = lines.map(line => meanOf(line.values)).filter(mean => mean > 0);
    const show = bytes ? showBytes : showNumber;
    const choice = (traffic, name) => [name, state.traffic === traffic, () => { state.traffic = traffic; drawAll(['traffic']); }];
    return overTime('mean', {
      lines,
      // Lines that lie far apart could not both be read on a linear axis.
      y: Math.max(...means) / Math.min(...means) > 25 ? wide : linear,
      tickY: show,
      tellY: value => `${show(value)}/s`,
      choices: [choice('messages', 'Messages a second'), choice('bytes', 'Bytes a second')],
      label: `${bytes ? 'Bytes' : 'Messages'} of the subscribers a second over time`,
    });
  },
  cpu() {
    return ofSide('cpu', 'CPU in per cent of one core', value => `${significant(value)} %`);
  },
  memory() {
    return ofSide('memory', 'Resident memory', value => `${significant(value)} MiB`);
  },
};

function ofSide(kind, what, show) {
  const has = side => linesOf(kind, sides => sides[side]).some(line => line.values.length);
  const choice = side => [SIDES[side], state.side === side, () => { state.side = side; drawAll(['cpu', 'memory']); }];
  return overTime('mean', {
    lines: linesOf(kind, sides => sides[state.side]),
    y: linear,
    tickY: show,
    tellY: show,
    choices: kind === 'cpu' ? [0, 1, 2].filter(has).map(choice) : [],
    label: `${what} of the ${SIDES[state.side]} over time`,
  });
}

/** Draws the charts of the load point that is chosen: all, or those of these names. */
function drawAll(names = Object.keys(SPECS)) {
  for (const name of names) {
    for (const figure of here(`[data-chart="${name}"]`)) draw(figure, SPECS[name]());
  }
}
