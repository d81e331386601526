// The beginning: once data and typeface are there, the page comes alive.

/** On paper everything that is folded is open, on white, and charts are as wide as the paper. */
function startPrinting() {
  let before = null;
  const start = () => {
    if (before) return;
    // Long lists stay folded: all pairs, all definitions.
    const folded = all('.at details.data').filter(details => !details.open);
    before = { theme: root.dataset.theme, folded };
    folded.forEach(details => { details.open = true; });
    setTheme('light');
    for (const { chart, spec } of plots.values()) chart.setSize({ width: Math.min(chart.width, 680), height: spec.height });
  };
  const end = () => {
    if (!before) return;
    before.folded.forEach(details => { details.open = false; });
    setTheme(before.theme);
    before = null;
    for (const [box, { chart, spec }] of plots) chart.setSize({ width: box.clientWidth, height: spec.height });
  };
  addEventListener('beforeprint', start);
  addEventListener('afterprint', end);
  matchMedia('print').addEventListener('change', event => (event.matches ? start() : end()));
}

function startSaving() {
  const button = one('#save');
  if (!button) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    const address = URL.createObjectURL(new Blob([JSON.stringify(data)], { type: 'application/json' }));
    make('a', { href: address, download: 'report-data.json' }).click();
    URL.revokeObjectURL(address);
  });
}

/** A link to a definition opens what it is folded into. */
function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  const folded = target?.closest('details.data');
  if (folded && !folded.open) {
    folded.open = true;
    target.scrollIntoView();
  }
}

async function start(text) {
  // Canvases draw with whatever is there: the typeface has to be, first.
  await Promise.all(['400 12px Inter', '600 12px Inter'].map(font => document.fonts.load(font)));
  data = JSON.parse(text);
  root.className = 'with-script-on';
  all('details.data').forEach(details => { details.open = false; });
  all('.with-script').forEach(element => { element.hidden = false; });
  startTheme();
  startTips();
  startPrinting();
  startSaving();
  addEventListener('hashchange', openTarget);
  if (data.points.length) {
    startChoices();
    watchScrolling = startScrolling();
    chooseLoadPoint(Number(one('div.at')?.dataset.at ?? 0));
  }
  openTarget();
  root.dataset.ready = 'yes';
}

addEventListener('unpacked', event => start(event.detail).catch(error => {
  console.error(error);
  // Without its script the page still says everything.
  root.className = 'no-script';
}), { once: true });
