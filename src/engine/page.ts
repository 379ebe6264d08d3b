import { createHash } from 'node:crypto';

/** What all pages have in common. In a panel of an editor a page wears the editor's theme; elsewhere the system's. */
const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; --page: Canvas; --quiet: GrayText; }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #8884; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--page); }
td.text { text-align: left; white-space: normal; }
.note { color: var(--quiet); font-size: .85em; }
figure { margin: 0; } svg { display: block; max-width: 100%; }
`;

/** Text that is nothing but text. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A number as people read it. */
export function number(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

/** Whether more or less of something is better. */
export const arrow = (better: 'higher' | 'lower'): string => (better === 'higher' ? '↑' : '↓');

/**
 * A page that needs no other file: no script, nothing from elsewhere, and no style but its own.
 *
 * @param title plain text
 * @param style rules beside those that all pages have
 * @param body HTML; everything in it that was not written here is {@link escaped}
 */
export function page(title: string, style: string, body: string): string {
  const rules = STYLE + style;
  const hash = createHash('sha256').update(rules).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${rules}</style></head><body>
<h1>${escaped(title)}</h1>
${body}
</body></html>
`;
}
