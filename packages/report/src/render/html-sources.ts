/** @file Where numbers come from, as the end of the page: one entry for each run, and one for each set of runs that a number was computed from. */
import type { Manifest } from '@bitcliff/study';
import type { Report } from '../report.ts';
import { formatNumber } from '../view/format-number.ts';
import { escapeMarkup } from './escape.ts';

/** Anchors of runs and of sets of runs. */
export interface Sources {
  /** Address of what a number was made from, such as `#r3`; of the study's config without a run. */
  href(runs: readonly string[]): string;
  /** The entries; call it when the page is done. */
  html(): string;
}

/** Sources of a report. */
export function createSources({ manifests, config }: Report): Sources {
  const place = new Map(manifests.map(({ run }, i) => [run, i + 1]));
  const sets = new Map<string, { readonly id: number; readonly runs: readonly number[] }>();
  return {
    href(runs) {
      if (runs.length === 0) return '#config';
      const own = runs.map((run) => place.get(run)!);
      if (own.length === 1) return `#r${own[0]}`;
      const key = own.join(' ');
      const known = sets.get(key) ?? { id: sets.size + 1, runs: own };
      sets.set(key, known);
      return `#s${known.id}`;
    },
    html() {
      const values = sharedValues(manifests);
      const links = (runs: readonly number[]): string =>
        runs.map((run) => `<a href="#r${run}">run ${run}</a>`).join(' ');
      return [
        '<h2 id="sources">Where the numbers come from</h2>',
        '<p>Every number of a table links to the run that made it. Equal keys, equal results.</p>',
        ...manifests.map((manifest, i) => runHtml(manifest, i + 1, values)),
        ...[...sets.values()].map(
          ({ id, runs }) => `<div class="run" id="s${id}">Computed from ${links(runs)}</div>`,
        ),
        ...[...values].map(
          ([text, id]) => `<div class="run" id="v${id}">Value ${id} <pre>${escapeMarkup(text)}</pre></div>`,
        ),
        `<div class="run" id="config"><b>Config of the study</b><pre>${escapeMarkup(JSON.stringify(config, null, 2))}</pre></div>`,
      ].join('\n');
    },
  };
}

function runHtml(manifest: Manifest, index: number, values: ReadonlyMap<string, number>): string {
  const { run, kind, checkpoint, variant, subject, environment, started, finished, seconds } = manifest;
  const entries = (record: Readonly<Record<string, unknown>>): string =>
    Object.entries(record)
      .map(([key, value]) => {
        const text = JSON.stringify(value) ?? 'null';
        const shared = values.get(text);
        const shown =
          shared === undefined
            ? `<code>${escapeMarkup(text)}</code>`
            : `<a href="#v${shared}">value ${shared}</a>`;
        return `<dt>${escapeMarkup(key)}<dd>${shown}`;
      })
      .join('');
  return `<div class="run" id="r${index}"><b>Run ${index}</b> · ${escapeMarkup(kind)} · <bdi>${escapeMarkup(checkpoint)}</bdi> · <bdi>${escapeMarkup(variant)}</bdi> · ${escapeMarkup(started)} to ${escapeMarkup(finished)}, ${formatNumber(seconds)} s<br>key <code>${escapeMarkup(run)}</code><details><summary>subject and environment</summary><dl>${entries(subject)}${entries(environment)}</dl></details></div>`;
}

/** Long values that several runs have, such as recipes: they are written once. */
function sharedValues(manifests: readonly Manifest[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { subject, environment } of manifests) {
    for (const value of [...Object.values(subject), ...Object.values(environment)]) {
      const text = JSON.stringify(value) ?? 'null';
      if (text.length > 80) counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  const shared = [...counts].filter(([, n]) => n > 1);
  return new Map(shared.map(([text], i) => [text, i + 1]));
}
