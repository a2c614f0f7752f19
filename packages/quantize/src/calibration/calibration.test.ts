import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { tokenHash } from './token-hash.ts';
import { ASCII_PUNCTUATION, randomPunctuation, randomTokens, tokenWindows } from './token-sources.ts';

const options = { count: 7, length: 20, seed: 5 };
const tokens = Uint32Array.from({ length: 300 }, (_, i) => 1000 + i);

describe('tokenWindows', () => {
  it('cuts runs of the text, by seed', () => {
    const windows = tokenWindows(tokens, options);
    expect(windows).toHaveLength(7);
    for (const window of windows) {
      const start = window[0]! - 1000;
      expect([...window]).toEqual([...tokens.subarray(start, start + 20)]);
    }
    expect(tokenWindows(tokens, options)).toEqual(windows);
    expect(tokenWindows(tokens, { ...options, seed: 6 })).not.toEqual(windows);
    expect(new Set(windows.map(([first]) => first)).size).toBeGreaterThan(4);
  });

  it('takes a text of exactly one window, and refuses a shorter one', () => {
    expect(tokenWindows(tokens.subarray(0, 20), options)[3]).toEqual(tokens.subarray(0, 20));
    expect(() => tokenWindows(tokens.subarray(0, 19), options)).toThrow(
      'tokenWindows: the calibration text is shorter than one window, expected at least 20 tokens, received 19. Give more text',
    );
    expect(() => tokenWindows(tokens, { ...options, count: 0 })).toThrow(
      'tokenWindows: bad count, expected a positive integer, received 0',
    );
  });
});

describe('random sources', () => {
  it('draw from the vocabulary, by seed', () => {
    const drawn = randomTokens(50, options);
    expect(drawn.every((sequence) => sequence.length === 20 && sequence.every((id) => id < 50))).toBe(true);
    expect(randomTokens(50, options)).toEqual(drawn);
    expect(randomTokens([3, 9], options)[0]!.every((id) => id === 3 || id === 9)).toBe(true);
    expect(() => randomTokens(0, options)).toThrow('an empty vocabulary');
  });

  it('write punctuation', () => {
    expect(ASCII_PUNCTUATION).toHaveLength(32);
    const text = randomPunctuation({ characters: 5000, seed: 1 });
    expect(text).toHaveLength(5000);
    expect(new Set(text)).toEqual(new Set(ASCII_PUNCTUATION));
    expect(randomPunctuation({ characters: 5000, seed: 1 })).toBe(text);
  });
});

it('tokenHash is SHA-256 of lengths and ids', async () => {
  const expected = createHash('sha256')
    .update(Buffer.from(Uint32Array.of(2, 7, 70000, 1, 4294967295).buffer))
    .digest('hex');
  expect(await tokenHash([[7, 70000], [4294967295]])).toBe(expected);
  expect(await tokenHash([[7], [70000]])).not.toBe(await tokenHash([[7, 70000]]));
});
