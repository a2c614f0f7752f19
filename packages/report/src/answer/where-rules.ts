/** @file Where a loss comes from: sensitive parts, outlier dimensions, noise, and what a kept role brings. */
import { dimensionNames, ruleName } from '../sections/outlier-section.ts';
import { runsOf } from '../view/cell.ts';
import { count, formatNumber, formatSigned, listedShort, percent } from '../view/format-number.ts';
import { groupBy, indexBy } from '../view/index-by.ts';
import { keptRoles } from '../view/kept-role.ts';
import { placeName, ROLES } from '../view/roles.ts';
import { BASELINE, type RecordOf } from '../view/study-view.ts';
import type { Rule } from './rule.ts';

/** The role that costs most on average, and the single part that does. */
export const mostSensitive: Rule = (view) => {
  const records = view.records('sensitivity');
  const parts = records.filter(({ deltaNll }) => deltaNll > 0);
  if (parts.length === 0) return [];
  const worst = parts.reduce((a, b) => (b.deltaNll > a.deltaNll ? b : a));
  const sentences = [
    {
      text: `The most sensitive part is ${placeName(worst)} of ${worst.checkpoint}: ${worst.recipe} there alone adds ${formatNumber(worst.deltaNll)} nats per token.`,
      runs: runsOf(worst),
    },
  ];
  const maps = [
    ...groupBy(
      records.filter(({ role }) => role !== null),
      ({ checkpoint, recipe }) => JSON.stringify([checkpoint, recipe]),
    ).values(),
  ];
  const winners = maps.flatMap((own) => {
    const sums = ROLES.map((role) => ({
      role,
      sum: total(own.filter((record) => record.role === role)),
    })).filter(({ sum }) => Number.isFinite(sum));
    return sums.length < 2 ? [] : [sums.reduce((a, b) => (b.sum > a.sum ? b : a)).role];
  });
  const [best] = [...groupBy(winners, (role) => role)].sort((a, b) => b[1].length - a[1].length);
  if (best !== undefined) {
    const [role, wins] = best;
    sentences.push({
      text: `Summed over layers, ${role} costs the most ${winners.length === 1 ? 'of the roles' : `in ${wins.length} of ${winners.length} pairs of checkpoint and recipe`}.`,
      runs: runsOf(maps.flat()),
    });
  }
  return sentences;
};

const total = (records: readonly RecordOf<'sensitivity'>[]): number =>
  records.length === 0 ? Number.NaN : records.reduce((sum, { deltaNll }) => sum + deltaNll, 0);

/** What keeping a role brings, at what price, and whether another role brings more. */
export const remedy: Rule = (view) => {
  const loss = groupBy(view.records('loss'), ({ checkpoint, variant }) =>
    JSON.stringify([checkpoint, variant]),
  );
  const bits = indexBy(view.records('variant'), ({ checkpoint, variant }) => [checkpoint, variant]);
  const effects = view.checkpoints.flatMap(({ checkpoint }) =>
    keptRoles(view).flatMap((pair) => {
      const before = loss.get(JSON.stringify([checkpoint, pair.base.variant]))?.[0];
      const after = loss
        .get(JSON.stringify([checkpoint, pair.kept.variant]))
        ?.find(({ text }) => text === before?.text);
      const more = bits(checkpoint, pair.kept.variant)?.averageBits ?? null;
      const less = bits(checkpoint, pair.base.variant)?.averageBits ?? null;
      if (before === undefined || after === undefined || before.deltaNll <= 0) return [];
      return [
        {
          checkpoint,
          pair,
          before,
          after,
          saved: 1 - after.deltaNll / before.deltaNll,
          bits: more === null || less === null ? null : more - less,
        },
      ];
    }),
  );
  const named = ({ pair: { role, bits, layers } }: (typeof effects)[number]): string =>
    `${role} at ${bits} bits${layers === null ? '' : ` in ${count(layers.length, 'layer')}`}`;
  return [...groupBy(effects, ({ pair }) => pair.base.variant)].map(([variant, own]) => {
    const last = [...groupBy(own, ({ checkpoint }) => checkpoint).values()].at(-1)!;
    const [best, ...others] = [...last].sort((a, b) => b.saved - a.saved);
    const same = own.filter(({ pair }) => pair.kept === best!.pair.kept);
    const lower = same.filter(({ saved }) => saved > 0).length;
    const price = best!.bits === null ? '' : ` for ${formatNumber(best!.bits)} bits a weight more`;
    const rest = others.map((effect) => `${named(effect)} ${formatNumber(effect.after.deltaNll)}`);
    return {
      text: `Keeping ${named(best!)}${price} lowers the loss that ${variant} adds in ${lower} of ${count(same.length, 'checkpoint')}; in ${best!.checkpoint} from ${formatNumber(best!.before.deltaNll)} to ${formatNumber(best!.after.deltaNll)} nats per token${rest.length === 0 ? '' : `, with ${listedShort(rest)}`}.`,
      runs: runsOf(own.flatMap(({ before, after }) => [before, after])),
    };
  });
};

/** Outlier dimensions of the unquantized checkpoints. */
export const outlierDimensions: Rule = (view) => {
  const records = view.records('outlier').filter(({ variant }) => variant === BASELINE);
  if (records.length === 0) return [];
  const found = records.filter(({ dimensions }) => dimensions.length > 0);
  const checkpoints = new Set(records.map(({ checkpoint }) => checkpoint)).size;
  if (found.length === 0) {
    const rules = [...new Set(records.map(ruleName))];
    const text = `No outlier dimensions by ${listedShort(rules)} in ${count(checkpoints, 'checkpoint')}.`;
    return [{ text, runs: runsOf(records) }];
  }
  const parts = found.map((record) => {
    const { checkpoint, dimensions, tokenFraction, layerFraction } = record;
    const spread =
      tokenFraction === null || layerFraction === null
        ? ''
        : `, at ${formatNumber(percent(tokenFraction))} % of the sequence and in ${formatNumber(percent(layerFraction))} % of layers`;
    return `${checkpoint} has ${dimensions.length} by ${ruleName(record)} (${dimensionNames(record)}${spread})`;
  });
  return [{ text: `Outlier dimensions: ${listedShort(parts, 3)}.`, runs: runsOf(found) }];
};

/** Whether the errors of recipes add more loss than noise of the same size, in the last checkpoint. */
export const againstNoise: Rule = (view) => {
  const records = view.records('noise');
  const checkpoint = view.checkpoints.findLast((record) =>
    records.some((own) => own.checkpoint === record.checkpoint),
  )?.checkpoint;
  const last = records.filter((record) => record.checkpoint === checkpoint);
  const results = [...groupBy(last, ({ recipe }) => recipe)].flatMap(([recipe, own]) => {
    const [quantized] = own.filter(({ perturbation }) => perturbation === 'quantization');
    const losses = own.flatMap(({ perturbation, deltaNll }) =>
      perturbation === 'quantization' ? [] : deltaNll,
    );
    if (quantized === undefined || losses.length === 0) return [];
    const [min, max] = [Math.min(...losses), Math.max(...losses)];
    const verdict = quantized.deltaNll > max ? 'more' : quantized.deltaNll < min ? 'less' : 'about as much';
    const noise = min === max ? formatSigned(min) : `${formatSigned(min)} to ${formatSigned(max)}`;
    return [{ verdict, text: `under ${recipe} (${formatSigned(quantized.deltaNll)}, noise ${noise})` }];
  });
  if (results.length === 0) return [];
  const parts = [...groupBy(results, ({ verdict }) => verdict)].map(
    ([verdict, own]) => `${verdict} loss ${listedShort(own.map(({ text }) => text))}`,
  );
  return [
    {
      text: `Against random noise of equal norm in every matrix, the error of the weights of ${checkpoint} adds ${parts.join('; ')}, in nats per token.`,
      runs: runsOf(last),
    },
  ];
};
