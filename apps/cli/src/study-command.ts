import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { BitcliffError } from '@bitcliff/core';
import {
  cancelStudy,
  describePlan,
  EXPORT_FORMATS,
  type ExportFormat,
  exportStudy,
  type LoadedStudy,
  loadStudy,
  type OpenStudyOptions,
  runStudy,
  type StudyEvent,
  studyStatus,
} from '@bitcliff/study/node';
import { type Command, Option } from 'commander';
import * as ort from 'onnxruntime-node';
import { hubSettings } from './local-path.ts';
import { parseCount } from './option-values.ts';
import { printable } from './printable.ts';
import { createProgressLine, formatSeconds, withProgress } from './progress-line.ts';
import { renderPlan, renderStatus } from './study-tables.ts';
import type { Terminal } from './terminal.ts';

interface Context {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

interface StudyFlags {
  readonly store?: string;
  readonly json?: boolean;
}

/** `bitcliff study`: a grid of checkpoints, recipes, tasks and analyses, run into a store. */
export function addStudyCommand(program: Command, context: Context): void {
  const study = program
    .command('study')
    .description('Run a grid of checkpoints, recipes, tasks and analyses into a store that resumes.');
  const subcommand = (name: string, description: string): Command =>
    study
      .command(name)
      .description(description)
      .argument('<config>', 'study.config.ts, .js, .json or .yaml; bitcliff init writes one')
      .option('--store <file>', 'the store (default: <name>.study.sqlite beside the config)')
      .option('--json', 'print JSON');
  const { stdout } = context.terminal;
  const print = (flags: StudyFlags, value: object, text: string): void => {
    stdout.write(flags.json ? `${JSON.stringify(value, null, 2)}\n` : text);
  };

  subcommand('plan', 'Say what a study comes to, what is done, and what the rest takes.')
    .addHelpText('after', '\nExample:\n  $ bitcliff study plan study.config.ts')
    .action(async (path: string, flags: StudyFlags) => {
      const plan = await withProgress(context.terminal.stderr, context.signal, async (task) =>
        describePlan({ ...(await openOptions(path, flags)), ...task }),
      );
      print(flags, plan, renderPlan(plan));
    });

  subcommand('run', 'Do what is missing of a study. Stopped or killed, the same command goes on.')
    .option('--workers <n>', 'processes that share the work, the cores and the memory', parseCount, 1)
    .addOption(new Option('--join', 'only help a process that runs the study already').hideHelp())
    .addHelpText('after', '\nExample:\n  $ bitcliff study run study.config.ts --workers 2')
    .action(async (path: string, flags: StudyFlags & { workers: number; join?: boolean }) => {
      const outcome = await run(path, flags, context);
      const { done, total, failures, seconds } = outcome;
      const text = `${done} of ${total} runs done, ${formatSeconds(seconds)}.\n`;
      if (!flags.join) print(flags, outcome, text);
      if (failures.length === 0) return;
      throw new BitcliffError({
        code: 'STUDY',
        op: 'study run',
        problem: `${failures.length} job${failures.length === 1 ? '' : 's'} failed`,
        received: failures.map(({ job, error }) => `\n  ${job}: ${error}`).join(''),
        hint: 'The same command tries them again',
      });
    });

  subcommand('status', 'Say how a study stands, also while it runs.')
    .addHelpText('after', '\nExample:\n  $ bitcliff study status study.config.ts')
    .action(async (path: string, flags: StudyFlags) => {
      const status = studyStatus((await load(path, flags)).store);
      print(flags, status, renderStatus(status));
    });

  subcommand('cancel', 'Stop whoever runs a study at the next step; what is stored stays.')
    .addHelpText('after', '\nExample:\n  $ bitcliff study cancel study.config.ts')
    .action(async (path: string, flags: StudyFlags) => {
      const { store } = await load(path, flags);
      cancelStudy(store);
      print(flags, { store, cancelled: true }, `Asked to stop: ${printable(store)}\n`);
    });

  subcommand('export', 'Write all records of a study for other programs, a file for each kind.')
    .addOption(
      new Option('--format <name>', 'layout of the files').choices([...EXPORT_FORMATS]).default('jsonl'),
    )
    .requiredOption('--out <dir>', 'folder of the files')
    .addHelpText(
      'after',
      '\nExample:\n  $ bitcliff study export study.config.ts --format parquet --out records',
    )
    .action(async (path: string, flags: StudyFlags & { format: ExportFormat; out: string }) => {
      const { store } = await load(path, flags);
      await mkdir(flags.out, { recursive: true });
      const files = await exportStudy(store, flags.out, flags.format);
      const text = files.map(({ file, rows }) => `${printable(file)}: ${rows} rows\n`).join('');
      print(flags, files, text);
    });
}

/** The config, with the store that the command line names. */
async function load(path: string, flags: StudyFlags): Promise<LoadedStudy> {
  const loaded = await loadStudy(path);
  return { ...loaded, store: flags.store ?? loaded.store };
}

async function openOptions(path: string, flags: StudyFlags): Promise<OpenStudyOptions> {
  const { study, folder, store } = await load(path, flags);
  return { study, folder, store, ort, hub: hubSettings() };
}

async function run(
  path: string,
  flags: StudyFlags & { workers: number; join?: boolean },
  { terminal, signal }: Context,
): Promise<Awaited<ReturnType<typeof runStudy>>> {
  const { stderr } = terminal;
  const progress = createProgressLine(stderr);
  const { workers, join } = flags;
  const helpers: Promise<void>[] = [];
  const onEvent = (event: StudyEvent): void => {
    progress.end();
    stderr.write(describeEvent(event));
    // the plan is in the store now: others may join
    if (event.kind === 'planned' && event.jobs > 0 && !join)
      for (let w = 1; w < workers; w++) helpers.push(startHelper(path, flags, signal));
  };
  try {
    const options = { ...(await openOptions(path, flags)), workers, join };
    const onProgress: OpenStudyOptions['onProgress'] = (event) => progress.update(event);
    const outcome = await runStudy({ ...options, signal, onProgress, onEvent });
    if (helpers.length === 0) return outcome;
    await Promise.all(helpers);
    const { progress: runs, failures } = studyStatus(options.store);
    return { ...outcome, ...runs, failures };
  } finally {
    progress.end();
  }
}

/** Another process of this program that takes jobs of the same study. One that dies leaves its job to the others. */
function startHelper(
  path: string,
  { store, workers }: StudyFlags & { workers: number },
  signal: AbortSignal,
): Promise<void> {
  const args = ['study', 'run', path, '--join', '--workers', String(workers)];
  if (store !== undefined) args.push('--store', store);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const stop = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  return new Promise((done) => {
    child.once('error', () => done());
    child.once('exit', () => {
      signal.removeEventListener('abort', stop);
      done();
    });
  });
}

function describeEvent(event: StudyEvent): string {
  switch (event.kind) {
    case 'planned':
      return `${event.done} of ${event.total} runs are in the store, ${event.jobs} jobs to do\n`;
    case 'repaired':
      return `${printable(event.what)}\n`;
    case 'done':
      return `${printable(event.job)}: ${formatSeconds(event.seconds)}\n`;
    case 'failed':
      return `${printable(event.job)} failed: ${printable(event.error)}\n`;
  }
}
