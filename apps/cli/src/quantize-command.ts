/** @file `bitcliff quantize`: a checkpoint that other programs load, from a checkpoint and a recipe. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { needsCalibration } from '@bitcliff/analysis';
import { InvalidInputError } from '@bitcliff/core';
import type { QuantizableType } from '@bitcliff/formats';
import { type Recipe, resolveRecipes } from '@bitcliff/quantize';
import {
  ARTIFACT_FORMATS,
  type ArtifactFormat,
  type ArtifactManifest,
  type Checkpoint,
  checkArtifactFormat,
  checkFoldable,
  estimateSeconds,
  foldableRecipe,
  ggmlTypeOf,
  probeMachine,
  type QuantizeModelRecord,
  quantizeModel,
  quantizeModelWork,
} from '@bitcliff/runtime';
import {
  openCheckpoint,
  openQuantizedFolder,
  requireNewFolder,
  writeArtifact,
  writeGgufCheckpoint,
} from '@bitcliff/runtime/node';
import { sampleLength } from '@bitcliff/study/node';
import { type Command, Option } from 'commander';
import * as ort from 'onnxruntime-node';
import {
  CALIBRATION_HELP,
  CALIBRATION_SOURCES,
  type CalibrationFlags,
  readCalibration,
} from './calibration.ts';
import { addEngineOptions, engineSettings } from './engine-options.ts';
import { localPath } from './local-path.ts';
import { parseCount, parseSeed } from './option-values.ts';
import { createProgressLine } from './progress-line.ts';
import { renderEstimate, renderReports } from './quantize-report.ts';
import type { Terminal } from './terminal.ts';

interface QuantizeFlags extends CalibrationFlags {
  readonly recipe?: string;
  readonly out: string;
  readonly format: ArtifactFormat;
  readonly type?: QuantizableType;
  readonly skipUnfoldable?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface Context {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** `bitcliff quantize`. */
export function addQuantizeCommand(program: Command, context: Context): void {
  const command = program
    .command('quantize')
    .description('Quantize a checkpoint and write it as a folder or file that other programs load.')
    .argument('<checkpoint>', 'Hugging Face folder, or hf:org/name[@revision]')
    .option('--recipe <name>', 'what is done to the weights, such as gptq-w4g128')
    .requiredOption('--out <path>', 'folder to be made; a .gguf file for gguf')
    .addOption(
      new Option('--format <name>', 'layout of the result').choices(ARTIFACT_FORMATS).makeOptionMandatory(),
    )
    .option(
      '--type <type>',
      'in place of a recipe: type of all matrices of a GGUF file, embedding and head too, such as Q8_0, F16',
    )
    .option('--calibration <source>', CALIBRATION_SOURCES)
    .option(
      '--data <dir>',
      'for task:<name>: folder with the data of tasks, or hf: for their data sets on the Hub',
    )
    .option('--samples <n>', 'calibration windows', parseCount, 64)
    .option('--length <n>', 'tokens of a window (default: 512, or the positions of the model)', parseCount)
    .option('--seed <n>', 'of the calibration windows', parseSeed, 0)
    .option(
      '--skip-unfoldable',
      'leave input scales (AWQ, SmoothQuant) out where a file has no place for them',
    )
    .option('--dry-run', 'print an estimate of time and memory, and write nothing')
    .option('--json', 'print the record as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      '\nStopped with Ctrl-C, or by an error, the same command goes on at the block where it was: finished blocks are kept beside' +
        '\nthe output, in <out>.bitcliff-work, until it is done.\n' +
        `${CALIBRATION_HELP}\n` +
        '\nExamples:\n  $ bitcliff quantize models/my-llama --recipe gptq-w4g128 --calibration wiki.txt --format gptq --out my-llama-gptq' +
        '\n  $ bitcliff quantize models/my-llama --recipe awq-w4g128 --calibration task:piqa --data data --format awq --skip-unfoldable --out my-llama-awq' +
        '\n  $ bitcliff quantize models/my-llama --recipe q4_k --format gguf --out my-llama.gguf',
    )
    .action(async (path: string, flags: QuantizeFlags) => {
      const checkpoint = await openCheckpoint(await localPath(path, { signal: context.signal }));
      try {
        if (flags.format === 'gguf') await writeGguf(checkpoint, flags, context);
        else await quantize(checkpoint, { path, format: flags.format, flags }, context);
      } finally {
        await checkpoint.close();
      }
    });
}

async function quantize(
  checkpoint: Checkpoint,
  { path, format, flags }: { path: string; format: Exclude<ArtifactFormat, 'gguf'>; flags: QuantizeFlags },
  { terminal, signal }: Context,
): Promise<void> {
  const recipe = recipeOf(checkpoint, flags);
  checkArtifactFormat(checkpoint, recipe, format);
  if (format !== 'onnx') checkFoldable(checkpoint, recipe); // a graph divides inputs itself
  await requireNewFolder(flags.out);
  if (flags.calibration === undefined && needsCalibration(checkpoint, recipe)) throw noCalibration(recipe);
  if (flags.dryRun) return dryRun(checkpoint, recipe, flags, terminal);
  const work = `${resolve(flags.out)}.bitcliff-work`;
  const blocks = openQuantizedFolder(join(work, recipe.name), checkpoint, recipe);
  const progress = createProgressLine(terminal.stderr);
  try {
    const sequences = await readCalibration(checkpoint, flags, { signal, onProgress: progress.update });
    const record = await quantizeModel(checkpoint, recipe, {
      ...engineSettings(flags),
      blocks,
      sequences,
      signal,
      onProgress: progress.update,
    });
    const calibration = flags.calibration ?? null;
    const source = { checkpoint: path, calibration, seed: flags.seed };
    const manifest = await writeArtifact(checkpoint, flags.out, {
      format,
      record,
      blocks,
      source,
      signal,
      onProgress: progress.update,
    });
    progress.end();
    await rm(work, { recursive: true, force: true });
    terminal.stdout.write(flags.json ? toJson(flags, record, manifest) : render(flags, record, manifest));
  } catch (error) {
    progress.end();
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? diskFull(flags.out, work, error) : error;
  }
}

async function writeGguf(
  checkpoint: Checkpoint,
  flags: QuantizeFlags,
  { terminal, signal }: Context,
): Promise<void> {
  const { out, json } = flags;
  let type = flags.type;
  const recipe = type === undefined ? recipeOf(checkpoint, flags) : undefined;
  if (recipe !== undefined) {
    checkArtifactFormat(checkpoint, recipe, 'gguf');
    type = ggmlTypeOf(checkpoint, recipe)!;
  }
  // no recipe changes the vocabulary, so that the file scores as the recipe does
  const vocabularyType = recipe === undefined ? undefined : ('stored' as const);
  await mkdir(dirname(resolve(out)), { recursive: true });
  const progress = createProgressLine(terminal.stderr);
  try {
    const written = await writeGgufCheckpoint(checkpoint, out, {
      type: type!,
      vocabularyType,
      signal,
      onProgress: progress.update,
    });
    progress.end();
    const { fallbacks } = written;
    const note =
      fallbacks.length === 0
        ? ''
        : `, ${fallbacks.length} matrices in another type: their rows are not whole blocks`;
    terminal.stdout.write(
      json
        ? `${JSON.stringify({ out, type, types: Object.fromEntries(written.types), fallbacks })}\n`
        : `${out}: ${written.types.size} tensors, matrices in ${type}${note}\n`,
    );
  } catch (error) {
    progress.end();
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? diskFull(out, null, error) : error;
  }
}

function recipeOf(checkpoint: Checkpoint, flags: QuantizeFlags): Recipe {
  if (flags.recipe === undefined) {
    throw new InvalidInputError({
      op: 'quantize',
      problem: 'no recipe',
      expected:
        flags.format === 'gguf'
          ? '--recipe, such as --recipe q4_k, or --type, such as --type Q8_0'
          : '--recipe, such as --recipe gptq-w4g128',
    });
  }
  const recipe = resolveRecipes([flags.recipe])[0]!;
  return flags.skipUnfoldable ? foldableRecipe(checkpoint, recipe) : recipe;
}

function noCalibration({ name }: Recipe): InvalidInputError {
  return new InvalidInputError({
    op: 'quantize',
    problem: `recipe "${name}" needs calibration`,
    expected: `--calibration with ${CALIBRATION_SOURCES}`,
  });
}

async function dryRun(
  checkpoint: Checkpoint,
  recipe: Recipe,
  flags: QuantizeFlags,
  terminal: Terminal,
): Promise<void> {
  const sequences = flags.calibration === undefined ? 0 : flags.samples;
  const work = quantizeModelWork(checkpoint, recipe, { sequences, length: sampleLength(checkpoint, flags) });
  const rates = await probeMachine(ort, { threads: flags.threads, executionProviders: flags.provider });
  const seconds = estimateSeconds(work, rates);
  terminal.stdout.write(
    flags.json
      ? `${JSON.stringify({ recipe: recipe.name, work, rates, seconds })}\n`
      : renderEstimate(work, rates, seconds),
  );
}

function toJson({ out }: QuantizeFlags, record: QuantizeModelRecord, manifest: ArtifactManifest): string {
  const { resumed, reports } = record;
  return `${JSON.stringify({ out, resumed, ...manifest, reports })}\n`;
}

function render(
  { out, format }: QuantizeFlags,
  record: QuantizeModelRecord,
  manifest: ArtifactManifest,
): string {
  const { calibration, recipe } = record;
  const lines = [
    `${out}: ${recipe.name} as ${format}, ${manifest.averageBits.toFixed(3)} bits per weight of the linear layers`,
    calibration === null
      ? 'no calibration: output errors are not measured'
      : `calibration: ${manifest.source.calibration}, ${calibration.sequences} windows, ${calibration.tokens} tokens, hash ${calibration.tokenHash.slice(0, 16)}`,
    ...(record.resumed === 0 ? [] : [`${record.resumed} blocks were done before`]),
  ];
  return `${renderReports(record.reports)}\n${lines.join('\n')}\n`;
}

function diskFull(path: string, work: string | null, cause: unknown): InvalidInputError {
  return new InvalidInputError({
    op: 'quantize',
    problem: 'the disk is full',
    expected: 'room for the result',
    path,
    hint:
      work === null
        ? 'Nothing of the result was left'
        : `Nothing of the result was left; finished blocks are in ${work}, and the same command goes on from there`,
    cause,
  });
}
