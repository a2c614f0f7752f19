import { createRng, ShapeError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { worst, worstRelative } from '../../test/read-golden.ts';
import { createGramForm } from './gram-form.ts';
import { collectInputStatistics } from './input-statistics.ts';

const rng = createRng(14);
const random = (rows: number, columns: number) => ({
  data: Float32Array.from({ length: rows * columns }, () => rng.normal()),
  rows,
  columns,
});

/** Xᵀ X in float64. */
function gramOf(x: Float32Array, width: number): Float64Array {
  const gram = new Float64Array(width * width);
  for (let t = 0; t < x.length; t += width) {
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++) gram[i * width + j]! += x[t + i]! * x[t + j]!;
  }
  return gram;
}

describe('collectInputStatistics', () => {
  it.each([
    [1, 1500],
    [300, 70],
    [37, 2500],
  ])('width %i, %i tokens', (width, tokens) => {
    const x = random(tokens, width);
    const collector = collectInputStatistics(width);
    const cut = Math.floor(tokens / 3);
    collector.add({ data: x.data.subarray(0, cut * width), rows: cut, columns: width });
    collector.add({ data: x.data.subarray(cut * width), rows: tokens - cut, columns: width });
    const stats = collector.finish();
    expect(stats.tokens).toBe(tokens);
    const columns = Array.from({ length: width }, (_, j) =>
      Array.from({ length: tokens }, (_, t) => Math.abs(x.data[t * width + j]!)),
    );
    expect([...stats.absMax]).toEqual(columns.map((column) => Math.max(...column)));
    expect(
      worstRelative(
        stats.meanAbs,
        columns.map((column) => column.reduce((a, b) => a + b) / tokens),
      ),
    ).toBeLessThan(1e-6);
    const far = worst(stats.gram, gramOf(x.data, width)) / tokens;
    expect(far, `max |diff| per token ${far}`).toBeLessThan(1e-5);
    for (let i = 0; i < width; i++)
      for (let j = 0; j < i; j++) expect(stats.gram[i * width + j]).toBe(stats.gram[j * width + i]);
  });

  it('goes without the Gram matrix, and refuses other widths and nothing', () => {
    const collector = collectInputStatistics(4, { gram: false });
    expect(() => collector.finish()).toThrow('no inputs were added');
    expect(() => collector.add(random(2, 3))).toThrow(ShapeError);
    collector.add(random(2, 4));
    expect(collector.finish().gram).toHaveLength(0);
  });
});

describe('createGramForm', () => {
  it.each([
    [1, 3],
    [127, 5],
    [300, 7],
  ])('%i inputs, %i outputs: the squares of the outputs', (size, columns) => {
    const x = random(50, size);
    const d = random(size, columns);
    const expected = new Float64Array(columns);
    for (let t = 0; t < 50; t++) {
      for (let n = 0; n < columns; n++) {
        let y = 0;
        for (let k = 0; k < size; k++) y += x.data[t * size + k]! * d.data[k * columns + n]!;
        expected[n]! += y * y;
      }
    }
    const form = createGramForm(gramOf(x.data, size), size);
    expect(worstRelative(form.perColumn(d.data, columns), expected)).toBeLessThan(2e-5);
    expect(form.total(d.data, columns) / expected.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  it('takes a part of the inputs, divided by scales', () => {
    const x = random(40, 20);
    const gram = gramOf(x.data, 20);
    const scale = Float32Array.of(0.5, 2, 4);
    const form = createGramForm(gram, 3, { start: 6, stride: 20, scale });
    const d = random(3, 1);
    let expected = 0;
    for (let t = 0; t < 40; t++) {
      let y = 0;
      for (let k = 0; k < 3; k++) y += (x.data[t * 20 + 6 + k]! / scale[k]!) * d.data[k]!;
      expected += y * y;
    }
    expect(form.total(d.data, 1) / expected).toBeCloseTo(1, 5);
  });
});
