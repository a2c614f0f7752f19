import { readFileSync } from 'node:fs';

/** One file of `test/golden`. */
export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8')) as T;
}
