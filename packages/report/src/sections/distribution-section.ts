/** @file Histograms of weights and of norm gains, block by block: figures 4 and 6 to 9 of arXiv 2305.19268. */
import { fewPanels } from '../figures/few-panels.ts';
import { type Ridge, ridgePanel } from '../figures/ridge-panel.ts';
import type { Figure, Section } from '../report.ts';
import { formatNumber } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { BASELINE, type StudyView } from '../view/study-view.ts';

/** When weights were described. Numbers stand in the table of layers. */
export function distributionSection(view: StudyView): Section | null {
  const weights = view
    .records('weight')
    .filter(({ variant, role }) => variant === BASELINE && role === 'attn.qkv');
  const gains = view
    .records('gain')
    .filter(({ norm, histogram, note }) => norm === 'attention' && histogram !== null && note === null);
  const figures = [
    ...figure(
      'weights',
      'Weights of attn.qkv by layer',
      'weight',
      weights.map(({ checkpoint, layer, histogram, values }) => ({
        checkpoint,
        ...{ layer, ...histogram },
        tip: `layer ${layer}: std ${formatNumber(values.std)}, from ${formatNumber(values.min)} to ${formatNumber(values.max)}${values.kurtosis === null ? '' : `, kurtosis ${formatNumber(values.kurtosis)}`}`,
      })),
    ),
    ...figure(
      'gains',
      'Gain of the norm before attention by layer',
      'gain',
      gains.map(({ checkpoint, layer, histogram, std, min, max }) => ({
        checkpoint,
        ...{ layer, ...histogram! },
        tip: `layer ${layer}: std ${formatNumber(std)}, from ${formatNumber(min)} to ${formatNumber(max)}`,
      })),
    ),
  ];
  if (figures.length === 0) return null;
  return {
    id: 'distributions',
    title: 'Weights and gains by block',
    text: 'Wide or long-tailed distributions need a coarser grid for the same number of bits.',
    figures,
    tables: [],
  };
}

function figure(
  id: string,
  title: string,
  x: string,
  ridges: readonly (Ridge & { readonly checkpoint: string })[],
): Figure[] {
  if (ridges.length === 0) return [];
  const { shown, note } = fewPanels([...groupBy(ridges, ({ checkpoint }) => checkpoint)], 'checkpoints');
  return [
    {
      id,
      title,
      caption: `Heights are square roots of densities, on one scale in each panel, so that tails can be seen.${note}`,
      panels: shown.map(([checkpoint, own]) => ridgePanel(own, { title: checkpoint, x })),
      legend: [],
    },
  ];
}
