import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Real text of several kinds, with a few hard cases. @param shared folder of the shared data */
export function realTexts(shared: string): string[] {
  const read = (name: string): string => readFileSync(`${shared}/data/${name}`, 'utf8');
  const web = gunzipSync(readFileSync(`${shared}/data/text/c4-sample.json.gz`))
    .toString()
    .trim()
    .split('\n');
  return [
    ...read('text/tinyshakespeare.train.txt').split('\n\n').slice(0, 400),
    ...read('text/tinystories.cased.txt').split('\n').slice(0, 400),
    ...web.slice(0, 150).map((line) => (JSON.parse(line) as { text: string }).text),
    ...read('wikitext-2/valid.raw.txt').split('\n').slice(0, 300),
    '  hello   world\n\n\tÀ é 日本語 🙂\r\n  x',
    "I'LL we'Re 12345 e\u0301 a\u00a0b",
    ' '.repeat(40),
  ].filter((text) => text !== '');
}
