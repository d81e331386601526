// Unit, interval, definition and doubts of a figure, beside it: under the pointer and under the keyboard's focus.

const TERM = 'a[href^="#metric-"]';
const tip = one('#tip');
let tipped = null;
let leaving = 0;

const metricOf = link => decodeURIComponent(link.hash).replace('#metric-', '');

function definition(metric) {
  const row = document.getElementById(`metric-${metric}`);
  if (!row) return null;
  const [name, unit, better, meaning] = [...row.cells].map(cell => cell.textContent);
  return { name, unit, better, meaning };
}

/** Which metric of which contender at which load point a cell shows. */
function whatOf(cell) {
  const table = cell.closest('table');
  const head = table.tHead.rows[0].cells[cell.cellIndex];
  const row = cell.parentElement;
  const byMetric = table.classList.contains('by-metric');
  const metric = metricOf(one('a', byMetric ? row.cells[0] : head));
  const place = Number(byMetric ? head.dataset.contender : row.dataset.contender);
  const at = Number(cell.closest('.at').dataset.at);
  const [interval, doubts] = data.known[metric]?.[at]?.[data.points[at].here.indexOf(place)] ?? [''];
  return { metric, contender: data.contenders[place], interval, doubts: data.doubts[doubts] ?? [] };
}

function aboutDoubts(places) {
  const doubts = places.map(place => document.getElementById(`doubt-${place}`)).filter(Boolean);
  const grave = doubts.filter(doubt => doubt.classList.contains('untrusted'));
  const notes = doubts.filter(doubt => !doubt.classList.contains('untrusted'));
  const cause = doubt => one('span', doubt).textContent.split(' · ').pop();
  const told = grave.slice(0, 2).map(doubt => make('p', { class: 'untrusted' }, `Not to be trusted: ${one('p:last-child', doubt).textContent.split('. ')[0]}.`));
  if (notes.length) told.push(make('p', { class: 'soft' }, `Notes: ${notes.map(cause).join(', ')}.`));
  return told;
}

function contentOf(target) {
  const metric = target.matches(TERM) ? metricOf(target) : target.dataset.metric;
  const what = target.matches('td') ? whatOf(target) : { metric, interval: '', doubts: [] };
  const known = definition(what.metric);
  if (!known) return null;
  const better = known.better === '–' ? '' : `, ${known.better} is better`;
  const content = [make('p', {}, make('b', {}, known.name), `${what.contender ? ` of ${what.contender.name}` : ''} · ${known.unit}${better}`)];
  if (target.matches('td')) {
    const figure = target.firstChild?.textContent ?? '';
    if (target.classList.contains('best')) content.push(make('p', {}, 'The best at this load point.'));
    content.push(make('p', {}, what.interval ? `${figure}; 95 % interval over the repeats ${what.interval}` : `${figure}; no interval: one repeat, or repeats that are alike or 0`));
  }
  content.push(make('p', { class: 'soft' }, known.meaning), ...aboutDoubts(what.doubts));
  return content;
}

function showTip(target) {
  clearTimeout(leaving);
  if (tipped === target) return;
  hideTip();
  const content = contentOf(target);
  if (!content) return;
  tip.replaceChildren(...content);
  tip.hidden = false;
  const box = target.getBoundingClientRect();
  const left = Math.min(Math.max(16, box.left), document.documentElement.clientWidth - tip.offsetWidth - 16);
  const below = box.bottom + 8 + tip.offsetHeight <= innerHeight;
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${(below ? box.bottom + 8 : Math.max(8, box.top - tip.offsetHeight - 8)) + scrollY}px`;
  target.setAttribute('aria-describedby', 'tip');
  tipped = target;
}

function hideTip() {
  clearTimeout(leaving);
  tip.hidden = true;
  tipped?.removeAttribute('aria-describedby');
  tipped = null;
}

/** From cell to cell with the arrow keys: one stop for each table is enough for the tab key. */
function moveCell(event) {
  const cell = event.target;
  if (!cell.matches('.figures td')) return;
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!move) return;
  const rows = all('tbody tr:not(.group)', cell.closest('table')).filter(row => !row.hidden);
  let [row, column] = [rows.indexOf(cell.parentElement), cell.cellIndex];
  let next = null;
  do {
    row += move[0];
    column += move[1];
    next = rows[row]?.cells[column];
  } while (next && next.hidden);
  event.preventDefault();
  if (!next || next.tagName !== 'TD') return;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function startTips() {
  const targets = `.figures td, .tile, ${TERM}`;
  for (const table of all('.figures')) {
    const first = one('td', table);
    if (first) first.tabIndex = 0;
  }
  document.addEventListener('pointerover', event => {
    if (tip.contains(event.target)) return clearTimeout(leaving);
    const target = event.target.closest?.(targets);
    if (target) showTip(target);
    else if (tipped) leaving = setTimeout(hideTip, 150);
  });
  document.addEventListener('focusin', event => {
    const target = event.target.closest?.(targets);
    if (target) showTip(target);
    else hideTip();
  });
  document.addEventListener('focusout', () => { leaving = setTimeout(hideTip, 150); });
  document.addEventListener('keydown', event => {
    if (event.key === 'Escape') hideTip();
    moveCell(event);
  });
}
