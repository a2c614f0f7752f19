import { createHash } from 'node:crypto';
import {
  FormatError,
  InvalidInputError,
  NotFoundError,
  ShapeError,
  Tensor,
  UnsupportedError,
} from '@bitcliff/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, failureOf } from '../test/hostile.ts';
import { serveRange, startServer, type TestServer } from '../test/http-server.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { HttpError } from './http-error.ts';
import { type HttpSourceOptions, httpSource } from './http-source.ts';
import { openSafetensors } from './open-safetensors.ts';

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);

let server: TestServer;
const pauses: number[] = [];
/** Retries without waiting; the pauses are recorded. */
const quick: HttpSourceOptions = {
  sleep: async (ms) => {
    pauses.push(ms);
  },
};
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.ranges.length = 0;
  pauses.length = 0;
  server.answer = (request, response) => serveRange(BYTES, request, response, { etag: '"one"' });
});

describe('httpSource', () => {
  it('reads ranges, the first 64 KB without another request', async () => {
    const source = await httpSource(`${server.url}/model.bin?token=secret#part`);
    expect(source.name).toBe(`${server.url}/model.bin`);
    expect(source.byteLength).toBe(BYTES.length);
    expect(await source.read(0, 65536)).toEqual(BYTES.slice(0, 65536));
    expect((await source.read(BYTES.length, 0)).length).toBe(0);
    expect(server.ranges).toEqual(['bytes=0-65535']);
    expect(await source.read(65530, 10)).toEqual(BYTES.slice(65530, 65540));
    expect(await source.read(0, BYTES.length)).toEqual(BYTES);
    expect(server.ranges.slice(1)).toEqual(['bytes=65530-65539', `bytes=0-${BYTES.length - 1}`]);
    await source.close();
    await source.close();
    expect(await failureOf(() => source.read(0, 1))).toBeInstanceOf(InvalidInputError);
  });

  it('gives fresh memory, aligned for every dtype', async () => {
    const source = await httpSource(server.url);
    for (const bytes of [await source.read(3, 9), await source.read(100_001, 9)]) {
      expect(bytes.byteOffset).toBe(0);
      expect(bytes.buffer.byteLength).toBe(9);
    }
  });

  it('refuses a range outside of the file without a request', async () => {
    const source = await httpSource(server.url);
    await expectRefusal(() => source.read(BYTES.length, 1), server.url, {
      error: ShapeError,
      says: ['range is not inside the file'],
    });
    expect(server.ranges.length).toBe(1);
  });

  it('serves a tensor file', async () => {
    const big = new Tensor(
      'F32',
      [50_000],
      Float32Array.from({ length: 50_000 }, (_, i) => i),
    );
    const small = new Tensor('F16', [1], new Uint16Array([0x3c00]));
    const file = encodeSafetensors(
      new Map<string, Tensor>([
        ['big', big],
        ['small', small],
      ]),
    );
    server.answer = (request, response) => serveRange(file, request, response);
    const tensors = await openSafetensors(await httpSource(`${server.url}/m.safetensors`));
    expect(server.ranges.length).toBe(1);
    expect((await tensors.read('big', { range: { start: 40_000, end: 40_002 } })).data).toEqual(
      new Float32Array([40_000, 40_001]),
    );
    expect(await tensors.readFloat32('small')).toEqual(new Float32Array([1]));
    await tensors.close();
  });

  it('opens files of 0, 1, 65536 and 65537 bytes', async () => {
    for (const size of [0, 1, 65536, 65537]) {
      server.answer = (request, response) => serveRange(BYTES.subarray(0, size), request, response);
      const source = await httpSource(server.url);
      expect(source.byteLength).toBe(size);
      expect(await source.read(0, size)).toEqual(BYTES.slice(0, size));
    }
  });

  it('sends headers, and follows redirects', async () => {
    const seen: (string | undefined)[] = [];
    server.answer = (request, response) => {
      seen.push(request.headers.authorization, request.headers['accept-encoding']);
      if (request.url === '/from') response.writeHead(302, { location: '/to' }).end();
      else serveRange(BYTES, request, response);
    };
    const source = await httpSource(`${server.url}/from`, { headers: { authorization: 'Bearer x' } });
    expect(source.name).toBe(`${server.url}/from`);
    expect(await source.read(100_000, 3)).toEqual(BYTES.slice(100_000, 100_003));
    expect(seen.length).toBe(8);
    expect(new Set(seen)).toEqual(new Set(['Bearer x', 'identity']));
  });

  it('does not pass credentials on to another origin', async () => {
    const other = await startServer();
    const seen: (string | undefined)[] = [];
    other.answer = (request, response) => {
      seen.push(request.headers.authorization);
      serveRange(BYTES, request, response);
    };
    server.answer = (_, response) => response.writeHead(307, { location: `${other.url}/to` }).end();
    await httpSource(server.url, { headers: { authorization: 'Bearer x' } });
    expect(seen).toEqual([undefined]);
    await other.close();
  });
});

describe('a server that refuses', () => {
  const status = (code: number, headers: Record<string, string> = {}) => {
    server.answer = (_, response) => response.writeHead(code, headers).end('an error page');
  };

  it.each([404, 410])('%d is a missing file', async (code) => {
    status(code);
    await expectRefusal(() => httpSource(`${server.url}/x`, quick), `${server.url}/x`, {
      error: NotFoundError,
      says: ['no such file', `status ${code}`],
    });
    expect(server.ranges.length).toBe(1);
  });

  it.each([401, 403])('%d asks for credentials', async (code) => {
    status(code);
    const error = await failureOf(() => httpSource(server.url, quick));
    expect(error).toBeInstanceOf(HttpError);
    expect((error as HttpError).status).toBe(code);
    expect((error as HttpError).message).toContain('access denied, expected status 206');
    expect((error as HttpError).hint).toContain('authorization');
    expect(server.ranges.length).toBe(1);
  });

  it.each([
    [416, {}],
    [416, { 'content-range': 'bytes */500' }],
    [204, {}],
    [304, {}],
    [400, {}],
    [501, {}],
  ])('%d is not retried', async (code, headers) => {
    status(code, headers);
    const error = await failureOf(() => httpSource(server.url, quick));
    expect(error).toBeInstanceOf(HttpError);
    expect((error as HttpError).message).toContain(
      `the server refuses the request, expected status 206, received status ${code}`,
    );
    expect(server.ranges.length).toBe(1);
  });

  it('ends a loop of redirects', async () => {
    status(302, { location: '/' });
    const error = await failureOf(() => httpSource(server.url, { ...quick, retries: 0 }));
    expect(error).toBeInstanceOf(HttpError);
    expect((error as HttpError).message).toContain('redirect');
  });

  it('ignoring Range is named, and the body is not read', async () => {
    let written = 0;
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-length': 1e12 });
      const chunk = new Uint8Array(65536);
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', pour);
      pour();
    };
    await expectRefusal(() => httpSource(server.url, quick), server.url, {
      error: UnsupportedError,
      says: ['the server ignores Range', 'received status 200', 'Download the file'],
    });
    expect(written).toBeLessThan(64e6);
  });

  it.each(['http//x', 'ftp://x/y', 'file:///etc/passwd', 'http://user:secret@127.0.0.1/x'])(
    'refuses the URL %s',
    async (url) => {
      const error = await failureOf(() => httpSource(url));
      expect(error).toBeInstanceOf(InvalidInputError);
      if (url.includes('secret')) expect((error as Error).message).not.toContain('secret');
    },
  );

  it('refuses bad options without showing a header value', async () => {
    const error = await failureOf(() => httpSource(server.url, { headers: { authorization: 'se\ncret' } }));
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as Error).message).not.toContain('cret');
    for (const options of [{ retries: -1 }, { retries: Number.NaN }, { stallMs: 0.5 }]) {
      expect(await failureOf(() => httpSource(server.url, options))).toBeInstanceOf(InvalidInputError);
    }
  });
});

describe('a server that fails for a while', () => {
  it.each([408, 429, 500, 502, 503, 504])('%d is tried again, with growing pauses', async (code) => {
    let failures = 3;
    server.answer = (request, response) => {
      if (failures-- > 0) response.writeHead(code).end('busy');
      else serveRange(BYTES, request, response);
    };
    const source = await httpSource(server.url, quick);
    expect(source.byteLength).toBe(BYTES.length);
    expect(pauses).toEqual([500, 1000, 2000]);
  });

  it('waits as long as the server asks, up to half a minute', async () => {
    const waits = ['3', '86400', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon'];
    server.answer = (request, response) => {
      const wait = waits.shift();
      if (wait !== undefined) response.writeHead(429, { 'retry-after': wait }).end();
      else serveRange(BYTES, request, response);
    };
    await httpSource(server.url, quick);
    expect(pauses).toEqual([3000, 30000, 2000, 4000]);
  });

  it('gives up after the retries, with the last status', async () => {
    server.answer = (_, response) => response.writeHead(503).end();
    const error = await failureOf(() => httpSource(server.url, { ...quick, retries: 2 }));
    expect(error).toBeInstanceOf(HttpError);
    expect((error as HttpError).status).toBe(503);
    expect((error as HttpError).message).toContain(
      'the server failed, expected an answer within 3 attempts, received status 503',
    );
    expect(server.ranges.length).toBe(3);
  });

  it('goes on where a connection was cut', async () => {
    const source = await httpSource(server.url, quick);
    server.ranges.length = 0;
    let cuts = 2;
    server.answer = (request, response) => {
      if (cuts-- === 0) return serveRange(BYTES, request, response);
      const [first, last] = request.headers.range!.slice(6).split('-').map(Number) as [number, number];
      const headers = {
        'content-range': `bytes ${first}-${last}/${BYTES.length}`,
        'content-length': last - first + 1,
      };
      response.writeHead(206, headers);
      response.write(BYTES.subarray(first, first + 20_000), () => setTimeout(() => response.destroy(), 50));
    };
    expect(await source.read(100_000, 100_000)).toEqual(BYTES.slice(100_000, 200_000));
    expect(server.ranges.length).toBe(3);
    const starts = server.ranges.map((range) => Number(/=(\d+)-199999$/.exec(range!)![1]));
    expect(starts[0]).toBe(100_000);
    expect(starts[1]!).toBeGreaterThan(starts[0]!);
    expect(starts[2]!).toBeGreaterThan(starts[1]!);
  });

  it('gives up when every connection is cut', async () => {
    server.answer = (request) => request.socket.destroy();
    const error = await failureOf(() => httpSource(server.url, { ...quick, retries: 1 }));
    expect(error).toBeInstanceOf(HttpError);
    expect((error as HttpError).message).toContain(
      'the connection failed, expected an answer within 2 attempts',
    );
    expect(server.ranges.length).toBe(2);
  });

  it('does not wait for a silent server, before or inside the body', async () => {
    const options = { ...quick, retries: 1, stallMs: 60 };
    server.answer = () => {};
    expect((await failureOf(() => httpSource(server.url, options))) as Error).toMatchObject({ code: 'HTTP' });
    server.answer = (request, response) => {
      const [first] = request.headers.range!.slice(6).split('-').map(Number) as [number];
      const headers = {
        'content-range': `bytes ${first}-65535/${BYTES.length}`,
        'content-length': 65536 - first,
      };
      response.writeHead(206, headers).write(BYTES.subarray(first, first + 10));
    };
    const error = (await failureOf(() => httpSource(server.url, options))) as Error;
    expect(error.message).toContain('no byte for 60 ms');
  });

  it('stops at once when it is told to, while reading and while waiting', async () => {
    const reason = new Error('enough');
    const reading = new AbortController();
    server.answer = () => reading.abort(reason);
    expect(await failureOf(() => httpSource(server.url, { signal: reading.signal }))).toBe(reason);
    const waiting = new AbortController();
    server.answer = (_, response) => {
      response.writeHead(503).end();
      setTimeout(() => waiting.abort(reason), 20);
    };
    expect(await failureOf(() => httpSource(server.url, { signal: waiting.signal }))).toBe(reason);
    expect(await failureOf(() => httpSource(server.url, { signal: waiting.signal }))).toBe(reason);
  });
});

describe('a server that lies', () => {
  const range = (text: string, body = BYTES.subarray(0, 65536), headers: Record<string, string> = {}) => {
    server.answer = (_, response) => {
      response.writeHead(206, { 'content-range': text, ...headers }).end(body);
    };
  };

  it.each([
    'bytes 0-65535/*',
    'bytes */300000',
    'bytes 5-2/300000',
    'bytes 0-65535/100',
    'bytes 0-65535/99999999999999999',
    'items 0-65535/300000',
    'bytes 0-65535/3e5',
    'bytes=0-65535/300000',
  ])('bad content-range %s', async (text) => {
    range(text);
    await expectRefusal(() => httpSource(server.url, quick), server.url, {
      error: FormatError,
      says: ['bad content-range', text],
    });
  });

  it.each(['bytes 1-65536/300000', 'bytes 0-65534/300000', 'bytes 0-99/300000'])(
    'another range: %s',
    async (text) => {
      range(text);
      await expectRefusal(() => httpSource(server.url, quick), server.url, {
        error: FormatError,
        says: ['the server sent another range', 'expected bytes 0-65535', text],
      });
    },
  );

  it('a 206 without content-range', async () => {
    server.answer = (_, response) => response.writeHead(206).end(BYTES.subarray(0, 65536));
    await expectRefusal(() => httpSource(server.url, quick), server.url, {
      error: UnsupportedError,
      says: ['no content-range', 'access-control-expose-headers'],
    });
  });

  it('compressed content', async () => {
    range('bytes 0-65535/300000', undefined, { 'content-encoding': 'gzip' });
    await expectRefusal(() => httpSource(server.url, quick), server.url, {
      error: UnsupportedError,
      says: ['encodes the content', '"gzip"'],
    });
  });

  it('content-length against content-range', async () => {
    range('bytes 0-65535/300000', BYTES.subarray(0, 100), { 'content-length': '100' });
    await expectRefusal(() => httpSource(server.url, quick), server.url, {
      error: FormatError,
      says: ['content-length contradicts content-range', 'expected 65536 bytes', '"100"'],
    });
  });

  it('more bytes than it says', async () => {
    range('bytes 0-65535/300000', BYTES.subarray(0, 65537)); // no content-length: sent in chunks
    await expectRefusal(() => httpSource(server.url, quick), server.url, {
      error: FormatError,
      says: ['more than its content-range says', '65536 bytes'],
    });
  });

  it('fewer bytes than it says, every time', async () => {
    range('bytes 0-65535/300000', BYTES.subarray(0, 0));
    const error = await failureOf(() => httpSource(server.url, { ...quick, retries: 2 }));
    expect((error as Error).message).toContain('the body ended after 0 of 65536 bytes');
    expect(server.ranges.length).toBe(3);
  });

  it('a size that no memory holds', async () => {
    const size = 2 ** 53 - 1;
    server.answer = (request, response) => {
      const [first, last] = request.headers.range!.slice(6).split('-');
      response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${size}` });
      response.end(first === '0' && last === '65535' ? BYTES.subarray(0, 65536) : '');
    };
    const source = await httpSource(server.url, quick);
    await expectRefusal(() => source.read(0, size), server.url, {
      error: UnsupportedError,
      says: ['range is too long for memory', `${size} bytes`],
    });
  });
});

describe('a file that changes', () => {
  it.each([
    ['its etag', { etag: '"two"' }, ['etag "\\"one\\""', '"\\"two\\""']],
    ['its date', { 'last-modified': 'Fri, 20 Nov 2026 10:00:00 GMT' }, ['lastModified', '20 Nov']],
  ])('by %s', async (_, changed, says) => {
    const before: Record<string, string> =
      'etag' in changed ? { etag: '"one"' } : { 'last-modified': 'Fri, 20 Nov 2026 09:00:00 GMT' };
    server.answer = (request, response) => serveRange(BYTES, request, response, before);
    const source = await httpSource(server.url, quick);
    await source.read(100_000, 10);
    server.answer = (request, response) => serveRange(BYTES, request, response, changed);
    await expectRefusal(() => source.read(100_000, 10), server.url, {
      error: FormatError,
      says: ['the file changed on the server while it was open', ...says],
    });
  });

  it('by its size', async () => {
    const source = await httpSource(server.url, quick);
    server.answer = (request, response) => serveRange(BYTES.subarray(0, 200_000), request, response);
    await expectRefusal(() => source.read(100_000, 10), server.url, {
      error: FormatError,
      says: ['the file changed', '300000 bytes', '200000'],
    });
    await expectRefusal(() => source.read(199_990, 20), server.url, {
      error: FormatError,
      says: ['the file changed'],
    });
  });

  it('not by a weak etag of the same text, and not by the date when the etag is the same', async () => {
    const source = await httpSource(server.url, quick);
    server.answer = (request, response) =>
      serveRange(BYTES, request, response, {
        etag: 'W/"one"',
        'last-modified': 'Fri, 20 Nov 2026 10:00:00 GMT',
      });
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(await source.read(0, BYTES.length))).toBe(digest(BYTES));
  });
});
