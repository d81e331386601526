// The choice of a load point and of contenders.

/** What scrolls sideways can be reached by the keyboard; what has room for all of it is no stop. */
function startScrolling() {
  const watch = new ResizeObserver(entries => entries.forEach(({ target }) => {
    if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
    else target.removeAttribute('tabindex');
  }));
  all('.scroll').forEach(part => watch.observe(part));
  return part => watch.observe(part);
}

let watchScrolling = () => {};

/** Shows a load point and nothing of the others. */
function chooseLoadPoint(at) {
  state.at = at;
  for (const block of all('.at')) {
    const shown = Number(block.dataset.at) === at;
    block.hidden = !shown;
    if (shown && block.tagName === 'DETAILS') block.open = true;
  }
  here('.headline')[0]?.setAttribute('aria-level', '1');
  [...plots.keys()].forEach(undraw);
  putPictures();
  startAgainst();
  chooseContenders();
  drawAll();
}

/** Large pictures, and those of load points that were not shown first, come from the data. */
function putPictures() {
  for (const figure of [...here('[data-picture]'), ...all('section > [data-picture]')]) {
    const name = figure.dataset.picture;
    const picture = data.pictures[name]?.[state.at] ?? data.common[name];
    if (!picture || one('svg', figure)) continue;
    // Parsed as a document of its own, in which nothing runs.
    const svg = one('svg', new DOMParser().parseFromString(picture, 'text/html'));
    const title = one('p', figure).textContent;
    const scroll = make('div', { class: 'scroll', role: 'group', tabindex: '0', 'aria-label': title });
    scroll.append(document.adoptNode(svg));
    figure.replaceChildren(scroll);
    watchScrolling(scroll);
  }
}

/** Hides lines, rows and columns of those who are not chosen; in pictures they turn pale. */
function chooseContenders() {
  choosePlots();
  // On paper there are no boxes that are not ticked.
  const unshown = data.contenders.filter((_, place) => state.hidden.has(place)).map(contender => contender.name);
  one('#unshown').textContent = `Not shown in charts and tables: ${unshown.join(', ')}.`;
  one('#unshown').hidden = unshown.length === 0;
  for (const row of here('tr[data-contender]')) row.hidden = state.hidden.has(Number(row.dataset.contender));
  point().here.forEach((place, index) => {
    for (const table of here('.by-metric')) {
      for (const row of table.rows) if (!row.classList.contains('group')) row.cells[index + 1].hidden = state.hidden.has(place);
    }
  });
  const colours = new Set(data.contenders.map(contender => contender.colour));
  for (const name of colours) {
    // A hue may belong to several: it turns pale with the last of them.
    const shown = data.contenders.some((contender, place) => contender.colour === name && !state.hidden.has(place));
    for (const picture of all('.picture')) {
      if (shown) picture.style.removeProperty(`--${name}`);
      else picture.style.setProperty(`--${name}`, 'var(--grid)');
    }
  }
}

function startChoices() {
  const bar = one('#bar');
  if (bar) bar.hidden = false;
  one('#load-point')?.addEventListener('change', event => {
    chooseLoadPoint(Number(event.target.value));
    one('#told').textContent = here('.headline')[0]?.textContent ?? '';
  });
  for (const box of all('.chip input')) {
    box.addEventListener('change', () => {
      const place = Number(box.value);
      if (box.checked) state.hidden.delete(place);
      else state.hidden.add(place);
      chooseContenders();
    });
  }
}
