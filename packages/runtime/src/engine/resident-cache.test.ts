import { expect, it } from 'vitest';
import { createResidentCache } from './resident-cache.ts';

it('keeps parts while they fit, and frees the others after use', async () => {
  const log: string[] = [];
  const cache = createResidentCache(100);
  const use = (key: string, bytes: number) =>
    cache.with(
      key,
      async () => {
        log.push(`load ${key}`);
        return { value: key, bytes, dispose: async () => void log.push(`free ${key}`) };
      },
      async (value) => log.push(`use ${value}`),
    );
  for (const pass of [1, 2]) {
    log.push(`pass ${pass}`);
    await use('a', 60);
    await use('b', 60);
    await use('c', 40);
  }
  await cache.dispose();
  expect(log).toEqual([
    ...['pass 1', 'load a', 'use a', 'load b', 'use b', 'free b', 'load c', 'use c'],
    ...['pass 2', 'use a', 'load b', 'use b', 'free b', 'use c'],
    ...['free a', 'free c'],
  ]);
});

it('frees a part whose use failed', async () => {
  let freed = false;
  const part = {
    value: 1,
    bytes: 1,
    dispose: async () => {
      freed = true;
    },
  };
  const failing = createResidentCache(0).with(
    'x',
    async () => part,
    async () => Promise.reject(new Error('no')),
  );
  await expect(failing).rejects.toThrow('no');
  expect(freed).toBe(true);
});
