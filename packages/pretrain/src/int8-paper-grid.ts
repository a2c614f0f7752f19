import type { TrainingOptions } from './pretraining-config.ts';

type Axes = Pick<TrainingOptions, 'weightDecay' | 'clipNorm' | 'dropout' | 'precision'>;

/** Weight decay 0.1, clipping at 1, no dropout, bf16: the recipe that the INT8 paper ends with. */
const CONTROL: Axes = { weightDecay: 0.1, clipNorm: 1, dropout: 0, precision: 'bf16' };

/**
 * The controlled study of the INT8 paper (Table 1) as variants: weight decay {0.001, 0.01, 0.1} without clipping, clipping {none, 1} at weight decay
 * 0.001, dropout {0, 0.1, 0.4, 0.8}, half precision {bf16, fp16} at weight decay 0.1 and 0.01; what is not varied has the control's value.
 * Trainings that two axes share occur once: `control` is also dropout 0 and bf16 at weight decay 0.1, `wd0.001-noclip` also the clipping axis's "none".
 * @see https://arxiv.org/abs/2305.19268
 */
export const int8PaperGrid: Readonly<Record<string, Axes>> = {
  control: CONTROL,
  'wd0.001-noclip': { ...CONTROL, weightDecay: 0.001, clipNorm: null },
  'wd0.01-noclip': { ...CONTROL, weightDecay: 0.01, clipNorm: null },
  'wd0.1-noclip': { ...CONTROL, clipNorm: null },
  'wd0.001-clip1': { ...CONTROL, weightDecay: 0.001 },
  'dropout0.1': { ...CONTROL, dropout: 0.1 },
  'dropout0.4': { ...CONTROL, dropout: 0.4 },
  'dropout0.8': { ...CONTROL, dropout: 0.8 },
  'fp16-wd0.1': { ...CONTROL, precision: 'fp16' },
  'bf16-wd0.01': { ...CONTROL, weightDecay: 0.01 },
  'fp16-wd0.01': { ...CONTROL, weightDecay: 0.01, precision: 'fp16' },
};
