/**
 * @file Runs the quick start of a package's README as a user would paste it: the first `ts` block under "## Quick start", with Node's own
 * type stripping, from the root of the repository, against the built package. Every `console.log(…)` line ends with a comment that
 * holds exactly what it prints. Called in the package's folder; leaves `.quickstart-counts.json` there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectedOutput, quickStartBlock } from './quick-start-block.ts';

const folder = process.cwd();
const root = fileURLToPath(new URL('../../..', import.meta.url));

function runQuickStart(): string | undefined {
  const block = quickStartBlock(readFileSync(join(folder, 'README.md'), 'utf8'));
  if (block === undefined) return 'README.md has no ts block under "## Quick start"';
  const expected = expectedOutput(block);
  if (expected.length === 0) return 'the quick start prints nothing that could be checked';
  const directory = join(folder, '.quickstart');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'quick-start.ts');
  writeFileSync(file, block);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: root, encoding: 'utf8' });
  rmSync(directory, { recursive: true });
  if (status !== 0) return `exit code ${status}\n${stderr}`;
  const printed = stdout.trimEnd().split('\n');
  if (printed.join('\n') === expected.join('\n')) return undefined;
  return `expected output\n${expected.join('\n')}\nreceived\n${printed.join('\n')}`;
}

const problem = runQuickStart();
if (problem !== undefined) console.error(`quick start of ${folder}: ${problem}`);
const counts = { passed: problem === undefined ? 1 : 0, failed: problem === undefined ? 0 : 1, skipped: 0 };
writeFileSync(join(folder, '.quickstart-counts.json'), `${JSON.stringify(counts)}\n`);
process.exitCode = counts.failed;
