import type { Report, Table } from '../report.ts';
import { capitalized, count } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { errorText, valueText } from './cell-text.ts';

/** Options of {@link renderTerminal}. */
export interface TerminalOptions {
  /** Columns of the terminal. @default 100 */
  readonly width?: number | undefined;
  /** Rows of a table that are printed. @default 40 */
  readonly rows?: number | undefined;
}

/** The answer and the tables as plain text. Tables that are too wide are cut into parts that repeat their first columns. */
export function renderTerminal(report: Report, { width = 100, rows = 40 }: TerminalOptions = {}): string {
  const lines = [report.name, '═'.repeat(Math.min(width, textWidth(report.name)))];
  if (report.title !== null) lines.push(...wrap(report.title, width));
  lines.push('');
  for (const [topic, sentences] of groupBy(report.answer, (sentence) => sentence.topic)) {
    lines.push(`${capitalized(topic)}:`, ...sentences.flatMap(({ text }) => bullet(text, width)));
  }
  for (const { title, text, tables } of report.sections) {
    lines.push('', title, '─'.repeat(Math.min(width, textWidth(title))), ...wrap(text, width));
    for (const table of tables) lines.push('', ...tableLines(table, width, rows));
  }
  return `${lines.join('\n')}\n`;
}

const bullet = (text: string, width: number): string[] =>
  wrap(text, width - 2).map((line, i) => `${i === 0 ? '•' : ' '} ${line}`);

/** Most columns of the terminal that one cell takes; in a narrow one, half of it. */
const MOST_CELL = 36;

function tableLines({ title, columns, rows, notes }: Table, width: number, mostRows: number): string[] {
  const shown = rows.slice(0, mostRows);
  const mostCell = Math.min(MOST_CELL, Math.floor(width / 2) - 2);
  const texts = [
    columns.map(({ label }) => cut(label, mostCell)),
    ...shown.map((row) =>
      row.map((cell, c) => cut(valueText(cell, columns[c]!) + errorText(cell, columns[c]!), mostCell)),
    ),
  ];
  const widths = columns.map((_, c) => Math.max(...texts.map((row) => textWidth(row[c]!))));
  const isNumeric = columns.map((_, c) => rows.some((row) => typeof row[c]!.value === 'number'));
  // the columns before the first number say what a row is about
  const leading = isNumeric.indexOf(true);
  const keys = fitting(widths.slice(0, leading === -1 ? 1 : leading), width / 2);
  const left = rows.length - shown.length;
  return [
    title,
    ...parts(widths, keys, width).flatMap((part, p) => {
      const line = (cells: readonly string[]): string =>
        part
          .map((c) => pad(cells[c]!, widths[c]!, isNumeric[c]! ? 'left' : 'right'))
          .join('  ')
          .trimEnd();
      const rule = part.map((c) => '─'.repeat(widths[c]!)).join('  ');
      return [...(p === 0 ? [] : ['']), line(texts[0]!), rule, ...texts.slice(1).map(line)];
    }),
    ...(left > 0 ? [`… ${count(left, 'more row')}`] : []),
    ...notes.flatMap((note) => wrap(note, width)),
  ];
}

/** How many of the first columns, at least one, have no more than some width together. */
function fitting(widths: readonly number[], most: number): number {
  let [fits, used] = [0, 0];
  for (const width of widths) {
    used += width + 2;
    if (used > most && fits > 0) break;
    fits++;
  }
  return Math.max(1, fits);
}

/** Columns of each part: the keys, and as many others as fit. */
function parts(widths: readonly number[], keys: number, width: number): number[][] {
  const first = Array.from({ length: keys }, (_, c) => c);
  const base = first.reduce((sum, c) => sum + widths[c]! + 2, -2);
  const found: number[][] = [[...first]];
  let used = base;
  for (let c = keys; c < widths.length; c++) {
    if (used + 2 + widths[c]! > width && found.at(-1)!.length > keys) {
      found.push([...first]);
      used = base;
    }
    found.at(-1)!.push(c);
    used += 2 + widths[c]!;
  }
  return found;
}

/** Characters that take no column, and those that take two. */
const ZERO_WIDTH = /^(\p{M}|\p{Cf}|[\ufe00-\ufe0f])$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]$/u;

const charWidth = (char: string): number => (ZERO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1);

/** Columns that a text takes in a terminal, by its code points. */
function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** At most so many columns, with an ellipsis where something was cut off. */
function cut(text: string, most: number): string {
  if (textWidth(text) <= most) return text;
  let [kept, width] = ['', 0];
  for (const char of text) {
    width += charWidth(char);
    if (width > most - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

function pad(text: string, width: number, side: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return side === 'left' ? space + text : text + space;
}

/** Lines of at most so many columns, broken at spaces, and inside words that are longer. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => chunks(part, width))) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (textWidth(joined) <= width) line = joined;
    else {
      lines.push(line);
      line = word;
    }
  }
  return line === '' ? lines : [...lines, line];
}

function chunks(word: string, width: number): string[] {
  if (textWidth(word) <= width) return [word];
  const found: string[] = [];
  let chunk = '';
  for (const char of word) {
    if (textWidth(chunk + char) > width) {
      found.push(chunk);
      chunk = '';
    }
    chunk += char;
  }
  return [...found, chunk];
}
