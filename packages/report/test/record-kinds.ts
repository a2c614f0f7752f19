import type { RecordKind } from '@bitcliff/study';

/** All kinds of records. */
export const RECORD_KINDS: readonly RecordKind[] = [
  ...([
    'checkpoint',
    'variant',
    'task',
    'comparison',
    'loss',
    'weight',
    'gain',
    'activation',
    'outlier',
  ] as const),
  ...(['activationError', 'sensitivity', 'blockImportance', 'noise', 'fit'] as const),
];
