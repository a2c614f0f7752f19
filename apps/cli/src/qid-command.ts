import { fitQidCurves, type QidFit, type QidRecord, qidCurves } from '@bitcliff/analysis';
import { BitcliffError, type LongTaskOptions } from '@bitcliff/core';
import { createKernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import { readRecipes } from '@bitcliff/study/node';
import type { Command } from 'commander';
import { addEngineOptions, type EngineFlags, engineSettings } from './engine-options.ts';
import { withCheckpoints } from './open-checkpoints.ts';
import { parseNames } from './option-values.ts';
import { withProgress } from './progress-line.ts';
import { renderCurves, renderFits } from './qid-tables.ts';
import { addTaskScoreOptions, openTaskScore, type TaskScoreOptions } from './task-score-options.ts';
import type { Terminal } from './terminal.ts';
import {
  addTextOptions,
  describeText,
  readTextSequences,
  type TextFlags,
  type TextRecord,
} from './text-sequences.ts';

interface QidFlags extends EngineFlags, TextFlags, TaskScoreOptions {
  readonly text: string;
  readonly recipes: readonly string[];
  readonly json?: boolean;
}

/** What `bitcliff qid --json` prints. */
interface QidRun {
  readonly text: TextRecord;
  readonly recipes: readonly Recipe[];
  readonly records: readonly QidRecord[];
  /** `null` where the laws cannot be fitted, for the reason in `notFitted`. */
  readonly fit: QidFit | null;
  readonly notFitted: string | null;
}

/** `bitcliff qid`: quantization-induced degradation over training. */
export function addQidCommand(program: Command, context: { terminal: Terminal; signal: AbortSignal }): void {
  const command = program
    .command('qid')
    .description(
      'Measure what quantization costs at each checkpoint of a training run, and fit the scaling laws.',
    )
    .argument(
      '<checkpoints...>',
      'Hugging Face folders, .gguf files, or hf:org/name[@revision], with one tokenizer',
    )
    .option('--recipes <names>', 'variants beside the baseline, names or .json files', parseNames, [
      'rtn-w3g64',
      'rtn-w4g64',
      'rtn-w5g64',
    ]);
  addTextOptions(command, { required: true });
  addTaskScoreOptions(command).option('--json', 'print all records and fits as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      `
Checkpoints are sorted by their step when each tells another one (bitcliff.json: step, tokens, learningRate). The laws are fitted to the
records whose bits and tokens are known: loss grows as k · D^β / (N^α · P^γ), or as C · D^γD / N^γN · e^(−P / γpost).
Recipes that need calibration take the windows of the text.

Example:
  $ bitcliff qid runs/my-model-step-* --text wiki.txt --recipes rtn-w3g128,rtn-w4g128,awq-w3g128`,
    )
    .action(async (paths: string[], flags: QidFlags) => {
      const { stdout, stderr } = context.terminal;
      const run = await withProgress(stderr, context.signal, (task) => measure(paths, flags, task));
      stdout.write(flags.json ? `${JSON.stringify(run)}\n` : render(run));
    });
}

async function measure(paths: readonly string[], flags: QidFlags, task: LongTaskOptions): Promise<QidRun> {
  const recipes = await readRecipes(flags.recipes);
  return withCheckpoints(paths, task, async (checkpoints) => {
    const kernels = await createKernels();
    try {
      const shortest = checkpoints.reduce((a, b) => (b.spec.maxPositions < a.spec.maxPositions ? b : a));
      const { sequences, text } = await readTextSequences(flags.text, flags, shortest);
      const evaluate = await openTaskScore('qid', shortest, flags, task);
      const setup = { ...engineSettings(flags), ...task, kernels, evaluate };
      const records = await qidCurves(checkpoints, sequences, { ...setup, recipes });
      return { text, recipes, records, ...fitted(records) };
    } finally {
      await kernels.dispose();
    }
  });
}

/** A curve is worth having where it is too short for a fit. */
function fitted(records: readonly QidRecord[]): Pick<QidRun, 'fit' | 'notFitted'> {
  try {
    return { fit: fitQidCurves(records), notFitted: null };
  } catch (error) {
    if (BitcliffError.isInstance(error) && error.code === 'INVALID')
      return { fit: null, notFitted: error.message };
    throw error;
  }
}

function render({ text, records, fit, notFitted }: QidRun): string {
  return [
    `${describeText(text)}.\n`,
    renderCurves(records),
    fit === null ? `The laws are not fitted: ${notFitted}.\n` : renderFits(fit),
  ].join('\n');
}
