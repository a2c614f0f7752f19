import { BitcliffError, createRng } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { httpSource } from './http-source.ts';

const ROUNDS = 4000;
const BYTES = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);

it(`gives the right bytes or a BitcliffError in ${ROUNDS} rounds of random answers`, async () => {
  const rng = createRng(206);
  let opened = 0;
  let refused = 0;
  /** An answer with up to two lies. */
  const answer = (range: string): Response => {
    const [from, to] = /^bytes=(\d+)-(\d+)$/.exec(range)!.slice(1).map(Number) as [number, number];
    let [first, last, size] = [from, Math.min(to, BYTES.length - 1), BYTES.length];
    let body = BYTES.slice(first, last + 1);
    let status = 206;
    const headers = new Headers({ etag: '"a"', 'content-length': `${body.length}` });
    let text = '';
    for (let lies = rng.int(3); lies > 0; lies--) {
      const kind = rng.int(12);
      if (kind === 0) status = rng.pick([200, 206, 301, 404, 416, 429, 500]);
      else if (kind === 1) first += rng.int(3) - 1;
      else if (kind === 2) last = rng.pick([last + 1, last - 1, 0, 2 ** 53, -1]);
      else if (kind === 3) size = rng.pick([0, 1, size - 1, size + 1, 2 ** 50, -5]);
      else if (kind === 4) body = body.slice(0, rng.int(body.length + 1));
      else if (kind === 5) body = BYTES.slice(from, from + body.length + 100);
      else if (kind === 6) headers.set('content-length', rng.pick(['0', '-1', 'x', `${body.length + 1}`]));
      else if (kind === 7) headers.set('etag', rng.pick(['"b"', 'W/"a"', '']));
      else if (kind === 8) headers.set('content-encoding', rng.pick(['gzip', 'identity', '']));
      else if (kind === 9)
        text = rng.pick(['bytes', 'bytes */*', 'bytes 0-0/1', '\t', 'bytes 00-065535/0200000']);
      else if (kind === 10) throw new TypeError('fetch failed');
      else headers.delete('content-length');
    }
    headers.set('content-range', text || `bytes ${first}-${last}/${size}`);
    if (rng.int(40) === 0) headers.delete('content-range');
    return new Response(status === 301 ? null : body, { status, headers });
  };
  for (let round = 0; round < ROUNDS; round++) {
    const fetchLie = (async (_: unknown, init: { headers: Headers }) =>
      answer(init.headers.get('range')!)) as unknown as typeof fetch;
    try {
      const source = await httpSource('http://fuzz.test/file', {
        fetch: fetchLie,
        retries: 2,
        sleep: async () => {},
      });
      // a lie about the size that came with the right bytes cannot be seen at once: only what is read must be right
      for (let reads = 3; reads > 0; reads--) {
        const offset = rng.int(BYTES.length - 100);
        if (offset + 100 > source.byteLength) break;
        expect(await source.read(offset, 100)).toEqual(BYTES.slice(offset, offset + 100));
      }
      opened++;
    } catch (error) {
      if (!BitcliffError.isInstance(error)) throw error;
      expect(error.message).toContain('http://fuzz.test/file');
      refused++;
    }
  }
  expect(opened).toBeGreaterThan(ROUNDS / 20);
  expect(refused).toBeGreaterThan(ROUNDS / 20);
});
