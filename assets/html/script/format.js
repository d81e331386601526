// Numbers as the rest of the page writes them.

/** Three significant digits, without trailing zeros. */
function significant(value, digits = 3) {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  const text = value.toFixed(Math.min(decimals, 20));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const showNumber = value => Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : significant(value);

/** What rounds to 1,000 of a unit is shown as 1 of the next. */
function showSeconds(value) {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.9995e-3) return `${significant(value * 1e6)} µs`;
  if (size < 0.9995) return `${significant(value * 1e3)} ms`;
  if (size < 120) return `${significant(value)} s`;
  if (size < 7200) return `${significant(value / 60)} min`;
  if (size < 172800) return `${significant(value / 3600)} h`;
  return `${significant(value / 86400)} d`;
}

function showBytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    unit += 1;
  }
  return `${significant(value)} ${units[unit]}`;
}
