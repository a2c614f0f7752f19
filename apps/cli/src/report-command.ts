import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BitcliffError, NotFoundError, UnknownNameError } from '@bitcliff/core';
import {
  buildReport,
  type Report,
  renderCsv,
  renderHtml,
  renderMarkdown,
  renderSvg,
  renderTerminal,
} from '@bitcliff/report';
import { loadStudy, openStudy } from '@bitcliff/study/node';
import { type Command, InvalidArgumentError } from 'commander';
import { parseCount, parseNames } from './option-values.ts';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

const FORMATS = ['terminal', 'md', 'csv', 'svg', 'html'] as const;
type Format = (typeof FORMATS)[number];

interface ReportFlags {
  readonly format?: readonly Format[];
  readonly out?: string;
  readonly open?: boolean;
  readonly rows: number;
  readonly sections?: readonly string[];
  readonly json?: boolean;
}

/** `bitcliff report`: tables and figures of a study, from its store alone. */
export function addReportCommand(program: Command, { terminal }: { readonly terminal: Terminal }): void {
  program
    .command('report')
    .description('Say what a study found, with every table and figure whose records exist; nothing is run.')
    .argument('<study>', 'the config of a study, or its store (.sqlite)')
    .option(
      '--format <names>',
      `of ${FORMATS.join(', ')}, with commas between; all but terminal are files (default: html with --out or --open, else terminal)`,
      parseFormats,
    )
    .option('--out <dir>', 'folder of the files (default: <name>.report beside the store)')
    .option('--open', 'show the HTML file in a browser')
    .option('--rows <n>', 'rows of a table in the terminal', parseCount, 40)
    .option(
      '--sections <ids>',
      'only these, such as scores,comparisons; none for the answer alone',
      parseNames,
    )
    .option('--json', 'print the report as JSON: sentences, tables, figures with their data')
    .addHelpText('after', '\nExample:\n  $ bitcliff report study.config.ts --format html,csv --out report')
    .action(async (path: string, flags: ReportFlags) => {
      const store = await storeOf(path);
      const report = chooseSections(readReport(store), flags.sections);
      if (flags.json) {
        terminal.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
        return;
      }
      const formats = formatsOf(flags);
      if (formats.includes('terminal')) {
        terminal.stdout.write(renderTerminal(report, { width: terminal.stdout.columns, rows: flags.rows }));
      }
      const folder = resolve(
        flags.out ?? join(dirname(store), `${basename(store).replace(/(\.study)?\.[^.]*$/, '')}.report`),
      );
      const files = await writeFiles(report, folder, formats);
      for (const file of files) terminal.stdout.write(`${printable(file)}\n`);
      if (flags.open) await openInBrowser(join(folder, 'report.html'));
    });
}

function parseFormats(text: string): Format[] {
  return text.split(',').map((name) => {
    const format = FORMATS.find((known) => known === name.trim());
    if (format !== undefined) return format;
    throw new InvalidArgumentError(`Expected of: ${FORMATS.join(', ')}.`);
  });
}

/** As given; with `--open`, HTML in any case. */
function formatsOf({ format, out, open }: ReportFlags): readonly Format[] {
  const formats: readonly Format[] = format ?? (out !== undefined || open ? ['html'] : ['terminal']);
  return open && !formats.includes('html') ? [...formats, 'html'] : formats;
}

/** The store that a config names, or the store itself. */
async function storeOf(path: string): Promise<string> {
  return ['.sqlite', '.db'].includes(extname(path)) ? resolve(path) : (await loadStudy(path)).store;
}

function readReport(store: string): Report {
  if (!existsSync(store)) {
    throw new NotFoundError({
      op: 'report',
      problem: 'no such store',
      path: store,
      hint: '`bitcliff study run` makes it',
    });
  }
  const study = openStudy(store);
  try {
    return buildReport(study);
  } finally {
    study.close();
  }
}

/** @throws {UnknownNameError} for a section that the report does not have */
function chooseSections(report: Report, names: readonly string[] | undefined): Report {
  if (names === undefined) return report;
  const wanted = names.filter((name) => name !== 'none');
  const known = report.sections.map(({ id }) => id);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UnknownNameError({ op: 'report', kind: 'section', name: unknown, known });
  return { ...report, sections: report.sections.filter(({ id }) => wanted.includes(id)) };
}

/** Write what was asked for. @returns the paths; of tables and figures, their folder */
async function writeFiles(report: Report, folder: string, formats: readonly Format[]): Promise<string[]> {
  const written: string[] = [];
  const write = async (name: string, text: string): Promise<void> => {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.partial`, text);
    await rename(`${file}.partial`, file);
  };
  if (formats.includes('html')) {
    await write('report.html', await renderHtml(report));
    written.push(join(folder, 'report.html'));
  }
  if (formats.includes('md')) {
    await write('report.md', renderMarkdown(report, formats.includes('svg') ? { figures: 'figures/' } : {}));
    written.push(join(folder, 'report.md'));
  }
  if (formats.includes('csv')) {
    for (const [name, text] of renderCsv(report)) await write(join('tables', name), text);
    written.push(join(folder, 'tables'));
  }
  if (formats.includes('svg')) {
    for (const figure of report.sections.flatMap(({ figures }) => figures)) {
      const { svg, spec } = await renderSvg(figure);
      await write(join('figures', `${figure.id}.svg`), svg);
      await write(join('figures', `${figure.id}.vl.json`), `${JSON.stringify(spec)}\n`);
    }
    written.push(join(folder, 'figures'));
  }
  return written;
}

/** What shows a file to a person, by the platform. */
const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

function openInBrowser(file: string): Promise<void> {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  return new Promise((done, fail) => {
    const child = spawn(command, [...args, pathToFileURL(file).href], { stdio: 'ignore', detached: true });
    child.once('error', (cause) =>
      fail(
        new BitcliffError({
          code: 'OPEN',
          op: 'report',
          problem: `${command} cannot be started`,
          path: file,
          hint: 'Open the file by hand',
          cause,
        }),
      ),
    );
    child.once('spawn', () => {
      child.unref();
      done();
    });
  });
}
