import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { elementCount, type LongTaskOptions } from '@bitcliff/core';
import { type GgufFile, type TensorSource, type TensorStatistics, tensorStatistics } from '@bitcliff/formats';
import { openTensors } from '@bitcliff/formats/node';
import { readJsonFile } from '@bitcliff/runtime/node';
import type { Command } from 'commander';
import { localPath } from './local-path.ts';
import { printable } from './printable.ts';
import { createProgressLine } from './progress-line.ts';
import { formatBytes, formatCount, naturalOrder, renderTensorTable, totalsByDtype } from './tensor-table.ts';
import type { Terminal } from './terminal.ts';

/** Longer metadata values, and more of them, are cut in the text output; `--json` has all. */
const MAX_VALUE = 100;
const MAX_ENTRIES = 24;

interface InspectOptions {
  readonly tensor?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `bitcliff inspect`: what a file or folder of tensors holds. */
export function addInspectCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal },
): void {
  program
    .command('inspect')
    .description('Show the tensors of a file or checkpoint: dtypes, shapes, bytes, metadata, statistics.')
    .argument(
      '<path>',
      'a file (safetensors, GGUF, PyTorch zip, NPY, NPZ, ONNX), a checkpoint folder, or an http(s) URL of a file',
    )
    .option('--tensor <name>', 'statistics of one tensor: min, max, mean, std, histogram, NaN and infinities')
    .option('--all', 'list every tensor instead of putting equal layers together')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ bitcliff inspect models/my-llama --tensor model.norm.weight')
    .action(async (path: string, options: InspectOptions) => {
      const { terminal, signal } = context;
      const progress = createProgressLine(terminal.stderr);
      const run: LongTaskOptions = { signal, onProgress: (event) => progress.update(event) };
      const local = await localPath(path, run);
      const source = await openTensors(local, { http: { signal } });
      try {
        const text =
          options.tensor === undefined
            ? await describeSource(path, local, source, options)
            : await describeTensor(source, options.tensor, options, run);
        progress.end();
        terminal.stdout.write(text);
      } finally {
        progress.end();
        await source.close();
      }
    });
}

async function describeSource(
  path: string,
  local: string,
  source: TensorSource,
  options: InspectOptions,
): Promise<string> {
  const tensors = source
    .names()
    .map((name) => source.info(name))
    .sort((a, b) => naturalOrder(a.name, b.name));
  const architecture = await readArchitecture(local, source);
  const metadata = isGguf(source) ? ggufMetadata(source) : source.metadata;
  if (options.json) {
    const totals = totalsByDtype(tensors);
    return `${JSON.stringify({ path, architecture, metadata, totals, tensors }, null, 2)}\n`;
  }
  const lines = [path];
  if (architecture !== null) lines.push(`architecture: ${printable(architecture)}`);
  const entries = Object.entries(metadata);
  for (const [key, value] of entries.slice(0, MAX_ENTRIES))
    lines.push(`${printable(key)}: ${shorten(value)}`);
  if (entries.length > MAX_ENTRIES)
    lines.push(`… and ${entries.length - MAX_ENTRIES} more entries of metadata`);
  const table =
    tensors.length === 0 ? 'no tensors\n' : renderTensorTable(tensors, { all: options.all ?? false });
  return `${lines.join('\n')}\n\n${table}`;
}

function isGguf(source: TensorSource): source is GgufFile {
  return 'fields' in source;
}

/** Metadata of a GGUF file as text; of an array its kind and length, because vocabularies have 100,000 entries. */
function ggufMetadata(file: GgufFile): Record<string, string> {
  return Object.fromEntries(
    [...file.fields].map(([key, field]) => {
      const text = field.type === 'array' ? `${field.value.length} × ${field.of}` : String(field.value);
      return [key, text];
    }),
  );
}

function shorten(value: string): string {
  if (value.length <= MAX_VALUE) return printable(value);
  return `${printable(value.slice(0, MAX_VALUE))}… (${value.length} characters)`;
}

/** `model_type` of a checkpoint's config.json, or `general.architecture` of a GGUF file; `null` where there is neither. */
async function readArchitecture(path: string, source: TensorSource): Promise<string | null> {
  const fromMetadata = source.metadata['general.architecture'];
  if (fromMetadata !== undefined) return fromMetadata;
  const configPath = join(path, 'config.json');
  if (!existsSync(configPath)) return null;
  const { model_type: modelType } = (await readJsonFile(configPath, 'inspect')) as { model_type?: unknown };
  return typeof modelType === 'string' ? modelType : null;
}

async function describeTensor(
  source: TensorSource,
  name: string,
  options: InspectOptions,
  run: LongTaskOptions,
): Promise<string> {
  const info = source.info(name);
  const statistics = await tensorStatistics(source, name, run);
  if (options.json) return `${JSON.stringify({ ...info, ...statistics }, null, 2)}\n`;
  const { dtype, shape, byteLength } = info;
  const { nan, positiveInfinity, negativeInfinity } = statistics;
  return [
    printable(name),
    `${dtype} [${shape.join(', ')}], ${formatCount(elementCount(shape))} elements, ${formatBytes(byteLength)}`,
    `min ${number(statistics.min)}  max ${number(statistics.max)}  mean ${number(statistics.mean)}  std ${number(statistics.std)}`,
    `NaN ${formatCount(nan)}  +Inf ${formatCount(positiveInfinity)}  -Inf ${formatCount(negativeInfinity)}`,
    ...(statistics.min === null ? [] : [histogramLine(statistics)]),
    '',
  ].join('\n');
}

/** One bar per bin, its height in eighths of the fullest; an empty bin is blank. */
export function histogramLine({ histogram, min, max }: TensorStatistics): string {
  const top = Math.max(...histogram);
  const bars = histogram.map((n) => (n === 0 ? ' ' : '▁▂▃▄▅▆▇█'[Math.ceil((8 * n) / top) - 1]!));
  return `${number(min)} ▕${bars.join('')}▏ ${number(max)}`;
}

function number(value: number | null): string {
  return value === null ? '–' : String(Number(value.toPrecision(6)));
}
