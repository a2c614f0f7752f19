import { describe, expect, it } from 'vitest';
import { interleave, median } from './interleave.ts';

describe('interleave', () => {
  it('runs in turn, leaves out the warm-up, and compares within a round', async () => {
    let clock = 0;
    const order: string[] = [];
    // the machine is ten times slower in the second of the rounds that count
    const slowdown = [100, 1, 10, 1];
    const takes = (name: string, ms: number) => () => {
      order.push(name);
      clock += ms * slowdown[Math.floor((order.length - 1) / 2)]!;
      return 1;
    };
    const contenders = { copy: takes('copy', 2), code: takes('code', 4) };
    const { ratios, consumed } = await interleave(contenders, 'copy', {
      rounds: 3,
      warmups: 1,
      now: () => clock,
    });
    expect(order.join(' ')).toBe('copy code copy code copy code copy code');
    expect(ratios).toEqual([{ name: 'code', median: 0.5, min: 0.5, max: 0.5, milliseconds: 4 }]);
    expect(consumed).toBe(8);
  });

  it('waits for promises and gives the spread of the rounds', async () => {
    let clock = 0;
    const times = [1, 2, 4];
    const contenders = {
      base: () => {
        clock += 4;
        return 0;
      },
      other: async () => {
        await Promise.resolve();
        clock += times.shift()!;
        return 0;
      },
    };
    const { ratios } = await interleave(contenders, 'base', { rounds: 3, warmups: 0, now: () => clock });
    expect(ratios[0]).toMatchObject({ median: 2, min: 1, max: 4 });
  });

  it('refuses an unknown baseline', async () => {
    await expect(interleave({ a: () => 0 }, 'b')).rejects.toThrow('no baseline b');
  });
});

describe('median', () => {
  it('is the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
