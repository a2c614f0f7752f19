import { describe, expect, it } from 'vitest';
import { createProgressLine, formatSeconds } from './progress-line.ts';

const event = (done: number) => ({
  phase: 'score',
  done,
  total: 200,
  unit: 'row blocks',
  detail: 'block 1 of 2',
});

describe('the progress line', () => {
  it('rewrites one line of a terminal and clears it', () => {
    const written: string[] = [];
    let time = 0;
    const line = createProgressLine({ write: (text) => written.push(text), isTTY: true }, () => time);
    line.update(event(0));
    time = 50;
    line.update(event(10)); // too soon
    time = 10_000;
    line.update(event(50));
    line.end();
    expect(written).toEqual([
      '\r\u001b[2Kscore 0 % (0 of 200 row blocks) block 1 of 2',
      '\r\u001b[2Kscore 25 % (50 of 200 row blocks, 5.00/s, 30 s left) block 1 of 2',
      '\r\u001b[2K',
    ]);
  });

  it('adds a line to a log every five seconds', () => {
    const written: string[] = [];
    let time = 0;
    const line = createProgressLine({ write: (text) => written.push(text) }, () => time);
    for (; time <= 11_000; time += 500) line.update(event(time / 100));
    line.end();
    expect(written).toEqual([
      'score 25 % (50 of 200 row blocks, 10.0/s, 15 s left) block 1 of 2\n',
      'score 50 % (100 of 200 row blocks, 10.0/s, 10 s left) block 1 of 2\n',
    ]);
  });

  it.each([
    [0.44, '0.4 s'],
    [59.4, '59 s'],
    [75, '1 min 15 s'],
    [3725, '1 h 2 min'],
  ])('writes %f s as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});
