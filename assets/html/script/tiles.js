// Ratio tiles for the contenders that are chosen. What they say was reckoned before: here it is only looked up.

function pairOf(metric) {
  const { here, rivals, pairs } = point();
  const best = rivals[metric];
  const chosen = (name, side) => {
    const index = here.findIndex(place => data.contenders[place].name === name);
    return index >= 0 ? index : best?.[side];
  };
  const [left, right] = [chosen(state.left, 0), chosen(state.right, 1)];
  const said = pairs[metric]?.[left]?.[right];
  if (!said) return null;
  const [factor, stand, interval] = said;
  return { left: data.contenders[here[left]], right: data.contenders[here[right]], factor, stand, interval };
}

/** A contender's figure, as the table of all numbers has it. */
function figureOf(metric, contender) {
  const table = here('.by-metric')[0];
  const row = table && all('tr[data-metric]', table).find(row => row.dataset.metric === metric);
  const column = point().here.findIndex(place => data.contenders[place] === contender);
  return row?.cells[column + 1]?.firstChild?.textContent ?? '';
}

function wordsOf(kind, pair) {
  if (pair.stand === 'no-ratio') return `no ratio: ${kind.noun}`;
  if (!pair.factor.endsWith('×')) return `${kind.noun}, against ${figureOf(kind.metric, pair.right)}`;
  if (pair.stand === 'better') return kind.better;
  if (pair.stand === 'worse') return kind.worse;
  return `${pair.stand === 'unclear' ? 'no clear difference' : 'not to be trusted'}: ${kind.noun}`;
}

function topicOf(kind, pair) {
  if (kind.topic) return kind.topic;
  if (pair.left.direction !== 'push') return 'Cost';
  return pair.stand === 'worse' ? 'What push costs' : 'No cost found';
}

function fillTile(tile, kind, pair) {
  // Push is blue, whichever it is; within a family each has its own colour.
  const own = contender => pair.left.direction === pair.right.direction ? contender.colour : { push: 'push-1', pull: 'pull-1' }[contender.direction] ?? contender.colour;
  const colours = pair ? { better: own(pair.left), worse: own(pair.right), untrusted: 'warning' } : {};
  tile.dataset.metric = kind.metric;
  tile.style.setProperty('--own', `var(--${colours[pair?.stand] ?? 'soft'})`);
  const put = (selector, text) => { one(selector, tile).textContent = text; };
  put('.topic', pair ? topicOf(kind, pair) : kind.topic);
  put('.factor', pair ? pair.factor : '–');
  put('.words', pair ? wordsOf(kind, pair) : `no figures: ${kind.noun}`);
  put('.interval', pair ? pair.interval : '');
  const of = contender => contender ? make('span', {}, make('i', {}, contender.name), ' ', make('b', {}, figureOf(kind.metric, contender))) : '';
  one('.pair', tile).replaceChildren(of(pair?.left), of(pair?.right));
}

function fillTiles() {
  const tiles = here('.tile');
  const known = data.costs.filter(kind => pairOf(kind.metric));
  const cost = known.find(kind => pairOf(kind.metric).stand === 'worse') ?? known[0];
  [...data.main.filter(kind => tiles.length > 3 || pairOf(kind.metric)), cost].filter(Boolean).slice(0, tiles.length).forEach((kind, index) => fillTile(tiles[index], kind, pairOf(kind.metric)));
}

/** The two choices above the tiles of a load point. */
function startAgainst() {
  for (const against of here('.against')) {
    against.hidden = point().here.length < 2;
    for (const select of all('select', against)) {
      const side = select.dataset.side;
      if (select.options.length === 1) {
        point().here.forEach(place => select.append(make('option', { value: data.contenders[place].name }, data.contenders[place].name)));
        select.addEventListener('change', () => {
          state[side] = select.value;
          fillTiles();
        });
      }
      // Who is not at this load point cannot be compared here.
      if (![...select.options].some(option => option.value === state[side])) state[side] = '';
      select.value = state[side];
    }
  }
}
