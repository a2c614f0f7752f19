/** @file The report as one HTML file that needs nothing else: no network, no fonts, no library; a content security policy forbids them. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Figure, LegendEntry, Report, Section, Sentence } from '../report.ts';
import { capitalized } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { escapeMarkup } from './escape.ts';
import { createSources, type Sources } from './html-sources.ts';
import { tableHtml, textHtml } from './html-table.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import { panelSvg } from './svg.ts';

/**
 * Render a report as one HTML file, light or dark as its reader prefers.
 * @example
 * await writeFile('report.html', await renderHtml(buildReport(study)));
 */
export async function renderHtml(report: Report): Promise<string> {
  const sources = createSources(report);
  const answer = [...groupBy(report.answer, ({ topic }) => topic)].map(
    ([topic, sentences]) =>
      `<h2>${textHtml(capitalized(topic))}</h2><ul>${sentences.map((sentence) => sentenceHtml(sentence, sources)).join('\n')}</ul>`,
  );
  const sections: string[] = [];
  for (const section of report.sections) sections.push(await sectionHtml(section, sources));
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${base64Sha256(PAGE_SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeMarkup(report.name)}</title>`,
    `<style>${PAGE_STYLE}</style>`,
    `<h1>${textHtml(report.name)}</h1>`,
    ...(report.title === null ? [] : [`<p>${textHtml(report.title)}</p>`]),
    `<div class="answer">${answer.join('\n')}</div>`,
    `<nav aria-label="Sections">${report.sections.map(({ id, title }) => `<a href="#${id}">${textHtml(title)}</a>`).join('\n')}\n<a href="#sources">Where the numbers come from</a></nav>`,
    ...sections,
    sources.html(),
    '<div id="tip" role="status" hidden></div>',
    `<script>${PAGE_SCRIPT}</script>`,
    '</html>\n',
  ].join('\n');
}

function sentenceHtml({ text, runs }: Sentence, sources: Sources): string {
  return `<li>${textHtml(text)}${runs.length === 0 ? '' : ` <a class="faint" href="${sources.href(runs)}">records</a>`}`;
}

async function sectionHtml({ id, title, text, figures, tables }: Section, sources: Sources): Promise<string> {
  const parts = [`<h2 id="${id}">${textHtml(title)}</h2>`, `<p>${textHtml(text)}</p>`];
  for (const figure of figures) parts.push(await figureHtml(figure));
  parts.push(...tables.map((table) => tableHtml(table, sources)));
  return parts.join('\n');
}

async function figureHtml({ id, title, caption, panels, legend }: Figure): Promise<string> {
  const images: string[] = [];
  for (const [i, panel] of panels.entries()) {
    const label = panel.title === null ? title : `${title}: ${panel.title}`;
    const svg = await panelSvg(panel, `${id}-${i}`);
    const head = panel.title === null ? '' : `<h4>${textHtml(panel.title)}</h4>`;
    images.push(
      `<div>${head}${svg.replace('<svg ', `<svg role="img" tabindex="0" aria-label="${escapeMarkup(label)}" `)}</div>`,
    );
  }
  return [
    `<figure id="figure-${id}"><h3>${textHtml(title)}</h3>`,
    legend.length === 0 ? '' : `<ul class="legend">${legend.map(legendHtml).join('')}</ul>`,
    `<div class="panels">${images.join('\n')}</div>`,
    `<figcaption>${textHtml(caption)}</figcaption></figure>`,
  ].join('\n');
}

/** Outlines of Vega's symbols in a box of 12 × 12. */
const OUTLINES: Readonly<Record<string, string>> = {
  circle: 'M10,6A4,4,0,1,1,2,6A4,4,0,1,1,10,6',
  square: 'M2,2h8v8h-8Z',
  'triangle-up': 'M6,1L11,10H1Z',
  'triangle-down': 'M6,11L11,2H1Z',
  'triangle-right': 'M11,6L2,11V1Z',
  diamond: 'M6,0.5L11,6L6,11.5L1,6Z',
  cross: 'M4,1h4v3h3v4h-3v3h-4v-3h-3v-4h3Z',
};

function legendHtml({ label, color, shape, dash = [] }: LegendEntry): string {
  const line = `<path d="M0,6h24" stroke="${color}" stroke-width="1.5"${dash.length === 0 ? '' : ` stroke-dasharray="${dash.join(' ')}"`}/>`;
  const symbol = `<path transform="translate(6,0)" d="${OUTLINES[shape] ?? ''}" fill="${color}"/>`;
  return `<li><svg width="24" height="12" aria-hidden="true">${line}${symbol}</svg><span>${textHtml(label)}</span>`;
}

function base64Sha256(text: string): string {
  return btoa(String.fromCharCode(...sha256(new TextEncoder().encode(text))));
}
