import type {
  BlockImportanceRecord,
  MixedPrecision,
  NoiseRecord,
  SensitivityAnalysis,
  VariantLoss,
} from '@bitcliff/analysis';
import { formatNumber, formatPercent, largest, placeName } from './analysis-tables.ts';
import { textTable } from './text-table.ts';

/** A row for each part, and for each recipe what was measured beside the proxies. */
export function renderSensitivity({ baseline, records, correlations }: SensitivityAnalysis): string {
  const recipes = correlations.map(({ recipe }) => recipe);
  const byRecipe = recipes.map((name) => records.filter(({ recipe }) => recipe === name));
  const rows = byRecipe[0]!.map((part, i) => [
    placeName(part),
    ...byRecipe.flatMap((own) => {
      const { deltaNll, kl, proxies, score } = own[i]!;
      const tasks = score === null ? [] : [score.toFixed(2)];
      return [formatNumber(deltaNll), formatNumber(kl), formatNumber(proxies.gram), ...tasks];
    }),
  ]);
  const head = [
    'quantized alone',
    ...recipes.flatMap((name) => [
      `${name} ΔNLL`,
      'KL',
      'proxy',
      ...(baseline.score === null ? [] : ['tasks, %']),
    ]),
  ];
  const correlation = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
  const notes = correlations.flatMap(({ recipe, gramKl, weightKl }, r) => [
    `${recipe}: the most sensitive part is ${placeName(largest(byRecipe[r]!, ({ kl }) => kl))}; rank correlation with KL ${correlation(gramKl)} (Gram-weighted error), ${correlation(weightKl)} (weight error × E[x²]).`,
  ]);
  const meaning = `Nats per token; the baseline has ${formatNumber(baseline.nll)}${baseline.score === null ? '' : ` and a score of ${baseline.score.toFixed(2)} %`}. The proxy is the Gram-weighted error of the outputs, per token.`;
  return `${textTable(head, rows)}${[meaning, ...notes].join('\n')}\n`;
}

/** A mixed-precision recipe against those it is made of. */
export function renderMixed(
  { recipe, averageBits, predictedLoss, exact }: MixedPrecision,
  losses: readonly VariantLoss[],
): string {
  const rows = losses.map(({ variant, nll, deltaNll, kl, sameTop }) => [
    variant,
    formatNumber(nll),
    formatNumber(deltaNll),
    formatNumber(kl),
    formatPercent(sameTop),
  ]);
  const notes = [
    `${recipe.name}: ${formatNumber(averageBits)} bits a weight as stored, sum of KL of its parts ${formatNumber(predictedLoss)}${exact ? '' : '; bits were counted in coarse units'}.`,
    ...(recipe.overrides ?? []).map(({ layers, roles, policy }) => {
      const where = [
        roles?.join(', ') ?? [],
        layers === undefined ? [] : `${layers.length === 1 ? 'layer' : 'layers'} ${layers.join(', ')}`,
      ].flat();
      return `  ${where.join(' in ')}: ${policy === null ? 'floating point' : `${policy.weights.bits} bits`}`;
    }),
  ];
  return `${textTable(['whole model', 'NLL', 'ΔNLL', 'KL', 'same top'], rows)}${notes.join('\n')}\n`;
}

/** The loss without each block, and that of noise. */
export function renderControls(
  blocks: readonly BlockImportanceRecord[],
  noise: readonly NoiseRecord[],
): string {
  const without = blocks.map(({ layer, nll, deltaNll }) => [
    `layer ${layer}`,
    formatNumber(nll),
    formatNumber(deltaNll),
  ]);
  const shaken = noise.map(({ recipe, perturbation, seed, deltaNll, kl }) => [
    `${recipe}, ${perturbation}${seed === null ? '' : ` ${seed}`}`,
    formatNumber(deltaNll),
    formatNumber(kl),
  ]);
  return `${textTable(['left out', 'NLL', 'ΔNLL'], without)}\n${textTable(['weights changed by', 'ΔNLL', 'KL'], shaken)}Noise has the norm of the quantization error in every matrix.\n`;
}
