import { expect, it } from 'vitest';
import { transpose } from './transpose.ts';

it.each([
  [1, 1],
  [3, 5],
  [32, 33],
  [100, 7],
])('transposes %i × %i', (rows, columns) => {
  const data = Float32Array.from({ length: rows * columns }, (_, i) => i);
  const out = transpose(data, rows, columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) expect(out[c * rows + r]).toBe(data[r * columns + c]);
});
