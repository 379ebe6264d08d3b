/** A cell: quoted where it has to be, and never taken for a formula by a spreadsheet. */
function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table as RFC 4180 writes it, its columns' names first; what there is no value for is an empty cell. */
export const writeCsv = (lines: readonly (readonly (string | number | null | undefined)[])[]): string =>
  lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
