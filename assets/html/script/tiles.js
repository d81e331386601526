// Ratio tiles for the contenders that are chosen. Whatever they say was made before: here it is only put in.

let tilePattern = null;

/** Names of those who can be compared at the load point. */
const namesHere = () => point().here.map(place => data.contenders[place].name);

function filledTile([metric, left, right, topic, factor, words, interval, colour, isCost]) {
  const tile = tilePattern.cloneNode(true);
  const names = namesHere();
  tile.dataset.metric = metric;
  tile.classList.toggle('cost', isCost);
  tile.style.setProperty('--own', `var(--${colour})`);
  for (const [part, text] of Object.entries({ topic, factor, words, interval })) one(`.${part}`, tile).textContent = text;
  const figures = point().figures[metric];
  one('.pair', tile).replaceChildren(...[left, right].map(place => make('span', {}, make('i', {}, names[place]), ' ', make('b', {}, figures[place]))));
  return tile;
}

/** Those of the page, or those of the two who are chosen. */
function fillTiles() {
  const box = here('.tiles')[0];
  if (!box) return;
  tilePattern ??= one('.tile').cloneNode(true);
  const names = namesHere();
  const tiles = state.left ? point().pairs[names.indexOf(state.left)][names.indexOf(state.right)] : point().tiles;
  hideTip();
  box.replaceChildren(...tiles.map(filledTile));
  here('.incomparable')[0].hidden = tiles.length > 0;
}

/** Who may be chosen as the second, and who is: nobody meets himself, and a pusher first of all a poller. */
function chooseSecond() {
  const names = namesHere();
  const directionOf = name => data.contenders.find(contender => contender.name === name).direction;
  if (!names.includes(state.left)) state.left = '';
  const others = names.filter(name => name !== state.left);
  if (!state.left) state.right = '';
  else if (!others.includes(state.right)) state.right = others.find(name => directionOf(name) !== directionOf(state.left)) ?? others[0];
  for (const against of here('.against')) {
    one('[data-side="left"]', against).value = state.left;
    const second = one('[data-side="right"]', against);
    second.replaceChildren(...others.map(name => make('option', { value: name }, name)));
    second.value = state.right;
    second.parentElement.hidden = !state.left;
  }
  fillTiles();
}

/** The choices above the tiles of a load point. */
function startAgainst() {
  for (const against of here('.against')) {
    against.hidden = namesHere().length < 2;
    const [first, second] = ['left', 'right'].map(side => one(`[data-side="${side}"]`, against));
    if (first.options.length > 1) continue;
    first.append(...namesHere().map(name => make('option', { value: name }, name)));
    for (const select of [first, second]) {
      select.addEventListener('change', () => {
        state[select.dataset.side] = select.value;
        chooseSecond();
      });
    }
  }
  chooseSecond();
}
