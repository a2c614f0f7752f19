/**
 * Tables and figures of a study, from its records: terminal, Markdown, CSV, SVG, one HTML file.
 * @packageDocumentation
 */

// from records to a report
export { buildReport } from './build-report.ts';
export type {
  Cell,
  Column,
  Figure,
  LegendEntry,
  Panel,
  Report,
  Section,
  Sentence,
  Table,
  UnitSpec,
} from './report.ts';

// from a report to files
export { renderTerminal, type TerminalOptions } from './render/terminal.ts';
export { type MarkdownOptions, renderMarkdown } from './render/markdown.ts';
export { renderCsv } from './render/csv.ts';
export { type RenderedFigure, renderSvg } from './render/svg.ts';
export { renderHtml } from './render/html.ts';

// text and numbers as a report prints them
export { printable } from './view/printable.ts';
export { formatNumber } from './view/format-number.ts';
