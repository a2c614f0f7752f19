import { describe, expect, it } from 'vitest';
import { recipeStyle, sequenceStyle } from './palette.ts';

/** Contrast of two colours, WCAG 2. */
function contrast(a: string, b: string): number {
  const luminance = (color: string): number => {
    const [r, g, bl] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * bl!;
  };
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const GROUNDS = ['#ffffff', '#14171a'];

describe('palette', () => {
  it('is seen on white and on dark', () => {
    for (const ground of GROUNDS) {
      for (let i = 0; i < 8; i++) expect(contrast(sequenceStyle(i, 8).color, ground)).toBeGreaterThan(3);
      // the published colours; the lightest two have large areas of their own in shapes
      for (let i = 0; i < 7; i++) expect(contrast(recipeStyle(i, 0).color, ground)).toBeGreaterThan(2.1);
    }
  });

  it('gives no two recipes the same look, and sets of one recipe its colour', () => {
    const looks = Array.from(
      { length: 49 },
      (_, i) => `${recipeStyle(i, 0).color} ${recipeStyle(i, 0).shape}`,
    );
    expect(new Set(looks).size).toBe(49);
    expect(recipeStyle(2, 1).color).toBe(recipeStyle(2, 0).color);
    expect(recipeStyle(2, 1).shape).not.toBe(recipeStyle(2, 0).shape);
  });

  it('spreads a sequence from its first to its last colour', () => {
    expect(sequenceStyle(0, 3).color).toBe(sequenceStyle(0, 8).color);
    expect(sequenceStyle(2, 3).color).toBe(sequenceStyle(7, 8).color);
    expect(sequenceStyle(0, 1).color).toMatch(/^#/);
  });
});
