/** @file What the study is, what is missing in it, and how far calibration sets move results. */
import { calibratedVariants } from '../sections/calibration-section.ts';
import { runsOf } from '../view/cell.ts';
import { count, formatNumber, listedShort } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { BASELINE } from '../view/study-view.ts';
import type { Rule } from './rule.ts';

/** Runs that are not done, and failures. */
export const missing: Rule = ({ progress: { done, total }, failures }) => {
  const sentences = [];
  if (done < total) {
    const text = `The study is not complete: ${done} of ${total} runs are done. What follows is about these alone.`;
    sentences.push({ text, runs: [] });
  }
  if (failures.length > 0) {
    const jobs = listedShort(
      failures.map(({ job }) => job),
      3,
    );
    sentences.push({ text: `${count(failures.length, 'run')} failed: ${jobs}.`, runs: [] });
  }
  return sentences;
};

/** That nothing can be said of a loss, and why. */
export const noComparison: Rule = (view) => {
  if (view.records('comparison').length > 0) return [];
  const quantized = view.variants.filter(({ variant }) => variant !== BASELINE);
  const why =
    quantized.length === 0
      ? 'the study has no quantized variant'
      : view.records('task').length === 0
        ? 'no task was scored'
        : 'no variant was compared with its baseline';
  return [
    {
      text: `Whether scores are lost cannot be told: ${why}. When 5 % of the answers change, ${itemsFor(0.05, 0.01).toLocaleString('en-US')} items find a difference of 1 point in 80 % of experiments.`,
      runs: [],
    },
  ];
};

/** Items that a paired test needs: ((1.96 + 0.84) / difference)² · variance, with the share of flips for the variance. */
function itemsFor(flips: number, difference: number): number {
  return Math.ceil((2.8015852 / difference) ** 2 * (flips - difference ** 2));
}

/** How far the calibration set moves perplexity. */
export const calibrationSets: Rule = (view) => {
  const variants = new Map(
    calibratedVariants(view).map((own) => [JSON.stringify([own.checkpoint, own.variant]), own]),
  );
  const losses = view.records('loss').flatMap((record) => {
    const own = variants.get(JSON.stringify([record.checkpoint, record.variant]));
    return own === undefined ? [] : [{ ...record, recipe: own.recipe, set: own.set }];
  });
  const spreads = [
    ...groupBy(losses, ({ checkpoint, recipe, text }) => JSON.stringify([checkpoint, recipe, text])).values(),
  ].flatMap((own) => {
    if (own.length < 2) return [];
    const low = own.reduce((a, b) => (b.nll < a.nll ? b : a));
    const high = own.reduce((a, b) => (b.nll > a.nll ? b : a));
    return [{ own, low, high, gap: high.nll - low.nll }];
  });
  if (spreads.length === 0) return [];
  const { own, low, high } = spreads.reduce((a, b) => (b.gap > a.gap ? b : a));
  return [
    {
      text: `The calibration set matters most for ${low.recipe} on ${low.checkpoint}: perplexity on ${low.text} from ${formatNumber(Math.exp(low.nll))} (${low.set}) to ${formatNumber(Math.exp(high.nll))} (${high.set}) over ${count(own.length, 'set')}.`,
      runs: runsOf(own),
    },
  ];
};
