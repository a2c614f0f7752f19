import { expect, it } from 'vitest';
import { textTable } from './text-table.ts';

it('aligns columns and sets the last rows apart', () => {
  const table = textTable(
    ['task', 'baseline', 'w4'],
    [
      ['hellaswag', '29.67 ± 2.64', '31.67'],
      ['average', '29.67', '31.67'],
    ],
    1,
  );
  expect(table).toBe(
    [
      'task           baseline     w4',
      '─────────  ────────────  ─────',
      'hellaswag  29.67 ± 2.64  31.67',
      '─────────  ────────────  ─────',
      'average           29.67  31.67',
      '',
    ].join('\n'),
  );
});
