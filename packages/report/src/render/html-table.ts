import type { Cell, Column, Table } from '../report.ts';
import { count } from '../view/format-number.ts';
import { errorText, valueText } from './cell-text.ts';
import { escapeMarkup } from './escape.ts';
import type { Sources } from './html-sources.ts';

/** Tables with more rows start folded. */
const OPEN_ROWS = 40;

/** Rows that a page shows of a table; with all of them, one of 10,000 would take megabytes. */
const MOST_ROWS = 1000;

/** A table that sorts, scrolls and links its numbers. */
export function tableHtml({ id, title, columns, rows, notes }: Table, sources: Sources): string {
  const isText = columns.map((_, c) => rows.every((row) => typeof row[c]!.value !== 'number'));
  const head = columns.map(
    ({ label }, c) =>
      `<th aria-sort="none"${classOf(isText[c]!, label)}><button type="button">${textHtml(label)}</button>`,
  );
  const shown = rows.slice(0, MOST_ROWS);
  const body = shown.map(
    (row) => `<tr>${row.map((cell, c) => cellHtml(cell, columns[c]!, sources)).join('')}`,
  );
  return [
    `<details id="table-${id}"${rows.length <= OPEN_ROWS ? ' open' : ''}><summary>${textHtml(title)} <span class="faint">(${count(rows.length, 'row')})</span></summary>`,
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeMarkup(title)}"><table><thead><tr>${head.join('')}<tbody>`,
    body.join('\n'),
    '</table></div>',
    ...(shown.length === rows.length
      ? notes
      : [...notes, `The first ${MOST_ROWS} of ${rows.length} rows; the CSV file has all of them.`]
    ).map((note) => `<p class="note">${textHtml(note)}</p>`),
    '</details>',
  ].join('\n');
}

function cellHtml(cell: Cell, column: Column, sources: Sources): string {
  const text = textHtml(valueText(cell, column));
  const rest = escapeMarkup(errorText(cell, column));
  if (typeof cell.value === 'string') {
    const shown = cell.runs.length === 0 ? text : `<a href="${sources.href(cell.runs)}">${text}</a>`;
    return `<td${classOf(true, cell.value)}>${shown}${rest}`;
  }
  return cell.value === null
    ? `<td>${text}${rest}`
    : `<td><a href="${sources.href(cell.runs)}">${text}</a>${rest}`;
}

/** Texts that are longer than this break inside words; shorter ones stay on a line. */
const SHORT = 40;

function classOf(isText: boolean, { length }: string): string {
  const names = [...(isText ? ['t'] : []), ...(length > SHORT ? ['long'] : [])];
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

/** Escaped, and kept from turning the direction of the text around it. */
export function textHtml(text: string): string {
  const escaped = escapeMarkup(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  return /^[\u0000-\u007f]*$/.test(text) ? escaped : `<bdi>${escaped}</bdi>`;
}
