import { equalBitsRoles, type KeptRoleRecord } from '@bitcliff/analysis';
import type { LongTaskOptions } from '@bitcliff/core';
import { createKernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { readRecipes } from '@bitcliff/study/node';
import type { Command } from 'commander';
import { formatNumber, formatPercent } from './analysis-tables.ts';
import { addEngineOptions, type EngineFlags, engineSettings } from './engine-options.ts';
import { localPath } from './local-path.ts';
import { parseCount } from './option-values.ts';
import { printable } from './printable.ts';
import { withProgress } from './progress-line.ts';
import { addTaskScoreOptions, openTaskScore, type TaskScoreOptions } from './task-score-options.ts';
import type { Terminal } from './terminal.ts';
import {
  addTextOptions,
  describeText,
  readTextSequences,
  type TextFlags,
  type TextRecord,
} from './text-sequences.ts';
import { textTable } from './text-table.ts';

interface EqualBitsFlags extends EngineFlags, TextFlags, TaskScoreOptions {
  readonly text: string;
  readonly recipe: string;
  readonly keepBits: number;
  readonly json?: boolean;
}

/** What `bitcliff equal-bits --json` prints. */
interface EqualBitsRun {
  readonly checkpoint: string;
  readonly text: TextRecord;
  readonly recipe: Recipe;
  readonly keepBits: number;
  /** The recipe as it is, then one for each role that is kept. */
  readonly records: readonly KeptRoleRecord[];
}

/** `bitcliff equal-bits`: which role is best kept at more bits, at equal average bits. */
export function addEqualBitsCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal },
): void {
  const command = program
    .command('equal-bits')
    .description(
      'Keep each module role at more bits in turn, at equal average bits, and measure what it is worth.',
    )
    .argument('<checkpoint>', 'Hugging Face folder, .gguf file, or hf:org/name[@revision]')
    .option('--recipe <name>', 'for everything else, name or .json file', 'rtn-w3g64')
    .option('--keep-bits <n>', 'bits of the role that is kept', parseCount, 8);
  addTextOptions(command, { required: true });
  addTaskScoreOptions(command).option('--json', 'print all records as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      `
The budget is what the smallest role costs in all layers; larger roles are kept in as many layers as it pays for, spread evenly.
A recipe that needs calibration takes the windows of the text.

Example:
  $ bitcliff equal-bits models/my-llama --text wiki.txt --recipe awq-w3g128 --keep-bits 8`,
    )
    .action(async (path: string, flags: EqualBitsFlags) => {
      const { stdout, stderr } = context.terminal;
      const run = await withProgress(stderr, context.signal, (task) => measure(path, flags, task));
      stdout.write(flags.json ? `${JSON.stringify(run)}\n` : render(run));
    });
}

async function measure(path: string, flags: EqualBitsFlags, task: LongTaskOptions): Promise<EqualBitsRun> {
  const [recipe] = await readRecipes([flags.recipe]);
  const checkpoint = await openCheckpoint(await localPath(path, task));
  const kernels = await createKernels();
  try {
    const { sequences, text } = await readTextSequences(flags.text, flags, checkpoint);
    const evaluate = await openTaskScore('equal-bits', checkpoint, flags, task);
    const records = await equalBitsRoles(checkpoint, sequences, {
      ...engineSettings(flags),
      ...task,
      kernels,
      evaluate,
      recipe: recipe!,
      bits: flags.keepBits,
    });
    return {
      checkpoint: checkpoint.path,
      text,
      recipe: recipe!,
      keepBits: flags.keepBits,
      records,
    };
  } finally {
    await kernels.dispose();
    await checkpoint.close();
  }
}

function render({ checkpoint, text, recipe, keepBits, records }: EqualBitsRun): string {
  const rows = records.map(({ role, layers, averageBits, nll, deltaNll, kl, sameTop, score }) => [
    role ?? 'none',
    role === null ? '–' : layers.join(' '),
    averageBits.toFixed(3),
    formatNumber(nll),
    formatNumber(deltaNll),
    formatNumber(kl),
    formatPercent(sameTop),
    ...(score === null ? [] : [score.toFixed(2)]),
  ]);
  const head = ['role kept', 'in layers', 'bits a weight', 'NLL', 'ΔNLL', 'KL', 'same top'];
  const roles = records.filter(({ role }) => role !== null);
  const best = roles.reduce((a, b) => (b.kl < a.kl ? b : a));
  return [
    `${printable(checkpoint)}, ${recipe.name} with one role at ${keepBits} bits, ${describeText(text)}.\n`,
    `${textTable([...head, ...(records[0]!.score === null ? [] : ['tasks, %'])], rows)}Bits as stored, with scales. The least KL divergence: ${best.role} kept.\n`,
  ].join('\n');
}
