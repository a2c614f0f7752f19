/**
 * @file Makes `test/golden/*.json`, every case of the reference goldens: `BITCLIFF_SHARED=… node test/extract-golden.ts`.
 * The source says of itself, in `about`, which program made the numbers.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const shared = process.env.BITCLIFF_SHARED;
if (shared === undefined)
  throw new Error('extract-golden: set BITCLIFF_SHARED to the folder of eval-golden.json');
const golden = JSON.parse(readFileSync(join(shared, 'eval-golden.json'), 'utf8'));

const write = (name: string, content: object): void => {
  const text = JSON.stringify({ about: golden._about, ...content }, null, 1);
  writeFileSync(new URL(`golden/${name}.json`, import.meta.url), `${text}\n`);
};

write('tasks', { tasks: golden.tasks, copa_classic: golden['copa_classic_v0.3.0'] });
write('requests', {
  encode_pair: golden.encode_pair,
  truncation: golden.truncation,
  rolling_windows: golden.rolling_windows,
});
write('text', {
  hellaswag_preprocess: golden.hellaswag_preprocess,
  py_capitalize: golden.py_capitalize,
  py_whitespace_codepoints: golden.py_whitespace_codepoints,
  wikitext_detok: golden.wikitext_detok,
});
write('metrics', { ...golden.metrics, paralex: golden.paralex_proposal });
write('statistics', { paired_stats: golden.paired_stats, kl: golden.kl });

const tables = JSON.parse(readFileSync(join(shared, 'golden/paper-tables.json'), 'utf8'));
writeFileSync(new URL('golden/paper-tables.json', import.meta.url), `${JSON.stringify(tables, null, 1)}\n`);
