import { describe, expect, it } from 'vitest';
import { formatBytes, groupTensors, naturalOrder, renderTensorTable } from './tensor-table.ts';

const tensor = (name: string, shape: number[], dtype = 'F16') => ({
  name,
  dtype,
  shape,
  byteLength: 2 * shape.reduce((a, b) => a * b, 1),
});

describe('the tensor table', () => {
  it('sorts numbers as numbers', () => {
    expect(['l.10.w', 'l.2.w', 'a', 'l.1.w'].sort(naturalOrder)).toEqual(['a', 'l.1.w', 'l.2.w', 'l.10.w']);
  });

  it('puts layers of one shape and dtype together', () => {
    const tensors = [0, 1, 2, 3, 5].map((i) => tensor(`h.${i}.w`, [4, 4], i === 3 ? 'F32' : 'F16'));
    expect(groupTensors(tensors).map(({ name, count, dtype }) => [name, count, dtype])).toEqual([
      ['h.{0-2,5}.w', 4, 'F16'],
      ['h.3.w', 1, 'F32'],
    ]);
  });

  it('shows a model of a thousand tensors on one screen, or every tensor when asked', () => {
    const tensors = [
      tensor('embed', [100, 8]),
      ...Array.from({ length: 100 }, (_, i) =>
        ['q', 'k', 'v', 'o', 'g', 'u', 'd', 'n1', 'n2', 'b'].map((n) => tensor(`layers.${i}.${n}`, [8, 8])),
      ).flat(),
    ];
    const table = renderTensorTable(tensors, { all: false });
    expect(table.split('\n').length).toBeLessThan(20);
    expect(table).toContain('layers.{0-99}.q');
    expect(table).toContain('× 100');
    expect(table).toMatch(/1001 tensors +F16 +64,800 elements +126\.56 KiB/);
    expect(renderTensorTable(tensors, { all: true }).split('\n').length).toBeGreaterThan(1000);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.50 KiB'],
    [5 * 1024 ** 3, '5.00 GiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
