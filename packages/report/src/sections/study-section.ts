import type { Section, Table } from '../report.ts';
import { cell } from '../view/cell.ts';
import { count, formatNumber } from '../view/format-number.ts';
import { BASELINE, type StudyView } from '../view/study-view.ts';

/** What was studied: checkpoints and variants. */
export function studySection(view: StudyView): Section | null {
  if (view.checkpoints.length === 0) return null;
  const { done, total } = view.progress;
  return {
    id: 'study',
    title: 'What was studied',
    text: `${count(view.checkpoints.length, 'checkpoint')} × ${count(view.variants.length, 'variant')}; ${done} of ${total} runs are done.`,
    figures: [],
    tables: [checkpointTable(view), variantTable(view)],
  };
}

function checkpointTable(view: StudyView): Table {
  const labels = [...new Set(view.checkpoints.flatMap(({ metadata }) => Object.keys(metadata.labels ?? {})))];
  const heads = [
    ...[
      'checkpoint',
      'architecture',
      'layers',
      'hidden size',
      'vocabulary',
      'parameters',
      'without embeddings',
    ],
    ...['step', 'tokens', 'learning rate', 'weight decay', ...labels],
  ];
  return {
    id: 'checkpoints',
    title: 'Checkpoints',
    columns: heads.map((label) => ({ label })),
    rows: view.checkpoints.map((record) => {
      const { step, tokens, learningRate, weightDecay } = record.metadata;
      return [
        ...[record.checkpoint, record.architecture, record.layers, record.hiddenSize, record.vocabularySize],
        ...[record.parameters, record.nonEmbeddingParameters, step, tokens, learningRate, weightDecay],
        ...labels.map((label) => text(record.metadata.labels?.[label])),
      ].map((value) => cell(value, record));
    }),
    notes: [],
  };
}

const text = (value: string | number | boolean | undefined): string | number | undefined =>
  typeof value === 'boolean' ? String(value) : value;

function variantTable(view: StudyView): Table {
  const bits = (variant: string): string | number => {
    const own = view.records('variant').filter((record) => record.variant === variant);
    const values = own.flatMap(({ averageBits }) => averageBits ?? []);
    const [min, max] = [Math.min(...values), Math.max(...values)];
    return values.length === 0 ? '–' : min === max ? min : `${formatNumber(min)} to ${formatNumber(max)}`;
  };
  return {
    id: 'variants',
    title: 'Variants',
    columns: ['variant', 'recipe', 'version', 'bits a weight', 'calibration set'].map((label) => ({ label })),
    rows: view.variants.map((record) => [
      cell(record.variant, record),
      cell(record.recipe?.description ?? (record.variant === BASELINE ? 'not quantized' : null), record),
      cell(record.recipe?.version, record),
      cell(bits(record.variant), record),
      cell(record.calibration, record),
    ]),
    notes: ['Bits a weight: of the linear layers as stored, scales included.'],
  };
}
