import { expect, it } from 'vitest';
import { createResidentCache } from './resident-cache.ts';

it('keeps parts while they fit, and loads the others again', async () => {
  const log: string[] = [];
  const cache = createResidentCache(100);
  const use = (key: string, bytes: number) =>
    cache.get(key, async () => {
      log.push(key);
      return { value: key, bytes };
    });
  for (const pass of [1, 2]) {
    log.push(`pass ${pass}`);
    expect([await use('a', 60), await use('b', 60), await use('c', 40)]).toEqual(['a', 'b', 'c']);
  }
  expect([cache.keeps('a', 1e9), cache.keeps('b', 1), cache.keeps('b', 0)]).toEqual([true, false, true]);
  cache.clear();
  await use('a', 60);
  expect(log).toEqual(['pass 1', 'a', 'b', 'c', 'pass 2', 'b', 'a']);
});
