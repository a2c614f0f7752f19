import { mkdirSync, writeFileSync } from 'node:fs';
import {
  buildReport,
  renderCsv,
  renderHtml,
  renderMarkdown,
  renderSvg,
  renderTerminal,
} from '../src/index.ts';
import { createFixtureStudy } from './fixture-study.ts';

const t0 = performance.now();
const big = process.argv[2] === 'big';
const study = createFixtureStudy(
  big
    ? {
        steps: [100, 200, 400, 800, 1600, 3200, 4800, 6400, 8000],
        others: 3,
        recipes: [
          'rtn-w3g128',
          'rtn-w3g128+qkv8',
          'rtn-w4g128',
          'rtn-w5g128',
          'awq-w3g128',
          'awq-w4g128',
          'gptq-w4g128',
          'w8a8',
        ],
        tasks: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
        layers: 24,
        items: 100,
      }
    : {},
);
const t1 = performance.now();
const report = buildReport(study);
const t2 = performance.now();
const html = await renderHtml(report);
const t3 = performance.now();
mkdirSync('/tmp/probe/out', { recursive: true });
writeFileSync('/tmp/probe/out/report.html', html);
for (const s of report.sections)
  for (const f of s.figures) {
    const { svg } = await renderSvg(f);
    writeFileSync(`/tmp/probe/out/${f.id}.svg`, svg);
  }
const t4 = performance.now();
for (const [name, text] of renderCsv(report)) writeFileSync(`/tmp/probe/out/${name}`, text);
writeFileSync('/tmp/probe/out/report.md', renderMarkdown(report, { figures: '' }));
writeFileSync('/tmp/probe/out/report.txt', renderTerminal(report));
console.log({
  fixture: t1 - t0,
  build: t2 - t1,
  html: t3 - t2,
  svgs: t4 - t3,
  size: html.length,
  rss: process.memoryUsage.rss() / 2 ** 20,
  panels: report.sections.flatMap((s) => s.figures).reduce((a, f) => a + f.panels.length, 0),
});
