// Light and dark: the system's choice until somebody makes another.

const darkSystem = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : darkSystem.matches;

/** The value of a colour variable in force. */
const colour = name => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

function setTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  themeChanged();
}

function themeChanged() {
  const button = one('#theme');
  if (button) button.textContent = isDark() ? 'Light theme' : 'Dark theme';
  redraw();
}

function startTheme() {
  const button = one('#theme');
  if (button) {
    button.hidden = false;
    button.addEventListener('click', () => setTheme(isDark() ? 'light' : 'dark'));
  }
  darkSystem.addEventListener('change', themeChanged);
  themeChanged();
}
