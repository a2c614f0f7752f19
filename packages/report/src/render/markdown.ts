import type { Report, Table } from '../report.ts';
import { capitalized } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { errorText, valueText } from './cell-text.ts';
import { escapeMarkdown } from './escape.ts';

/** Options of {@link renderMarkdown}. */
export interface MarkdownOptions {
  /** Folder with the figures as `<id>.svg`, relative to the file and ending in `/`; `''` for the same folder. @default figures are left out */
  readonly figures?: string | undefined;
}

/** The report as Markdown. */
export function renderMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const blocks = [`# ${escapeMarkdown(report.name)}`];
  if (report.title !== null) blocks.push(escapeMarkdown(report.title));
  for (const [topic, sentences] of groupBy(report.answer, (sentence) => sentence.topic)) {
    blocks.push(
      `**${capitalized(topic)}**`,
      sentences.map(({ text }) => `- ${escapeMarkdown(text)}`).join('\n'),
    );
  }
  for (const { title, text, figures, tables } of report.sections) {
    blocks.push(`## ${escapeMarkdown(title)}`, escapeMarkdown(text));
    if (options.figures !== undefined) {
      for (const { id, title: name, caption } of figures) {
        blocks.push(`![${escapeMarkdown(name)}](${options.figures}${id}.svg)`, escapeMarkdown(caption));
      }
    }
    for (const table of tables) {
      blocks.push(`### ${escapeMarkdown(table.title)}`, tableText(table), ...table.notes.map(escapeMarkdown));
    }
  }
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function tableText({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const isNumeric = columns.map((_, c) => rows.some((row) => typeof row[c]!.value === 'number'));
  return [
    line(columns.map(({ label }) => escapeMarkdown(label))),
    line(isNumeric.map((numeric) => (numeric ? '---:' : '---'))),
    ...rows.map((row) =>
      line(row.map((cell, c) => escapeMarkdown(valueText(cell, columns[c]!) + errorText(cell, columns[c]!)))),
    ),
  ].join('\n');
}
