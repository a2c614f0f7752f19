/**
 * @file `npm run demo`, `npm test` and `npm run exec -- <command>`: on a machine with only Node ≥ 20 and npm they fetch the pinned Node
 * and pnpm, install from the lockfile, build what changed, and run. Nothing needs root, a browser, a GPU or a network beyond the package registry.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearCounts, readCounts } from './counts.mjs';
import { installState } from './install.mjs';
import { run, StepFailure, step } from './steps.mjs';
import { ensureToolchain } from './toolchain.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');
const [command, ...rest] = process.argv.slice(2);

/** Node and pnpm, then the workspace. */
function prepare() {
  let toolchain;
  step('toolchain', () => {
    toolchain = ensureToolchain(root, (file, args, env) => run(file, args, { cwd: root, env }));
    return `node ${spawnSync(toolchain.node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`;
  });
  const { pnpm, node } = toolchain;
  const env = {
    ...toolchain.env,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    ORT_DISABLE_TELEMETRY: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  };
  step('install', () => {
    const state = installState(root, spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout);
    if (state.current) return 'nothing changed';
    run(pnpm, ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: root, env });
    state.done();
  });
  return { node, pnpm, env };
}

/** The folder of shared data beside the repository, and a fingerprint of it, so that cached test results know their data. */
function sharedData(env) {
  const beside = resolve(root, '..', 'shared');
  const folder = env.BITCLIFF_SHARED ?? (existsSync(join(beside, 'data')) ? beside : undefined);
  if (folder === undefined) return {};
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true }).sort()) {
    const { size, mtimeMs } = statSync(join(folder, entry));
    hash.update(`${entry} ${size} ${mtimeMs}\n`);
  }
  return { BITCLIFF_SHARED: folder, BITCLIFF_SHARED_FINGERPRINT: hash.digest('hex') };
}

function test() {
  const ran = [];
  let failed = 0;
  try {
    const { node, env: toolEnv } = prepare();
    const shared = sharedData(toolEnv);
    const options = { cwd: root, env: { ...toolEnv, ...shared } };
    process.stderr.write(
      `  shared data: ${shared.BITCLIFF_SHARED ?? 'none, tests on real data are skipped'}\n`,
    );
    const turbo = (...args) =>
      run('turbo', ['run', ...args, '--output-logs=new-only', '--log-order=grouped'], options);
    step('lint and format', () => run('biome', ['check', '.'], options));
    step('dependency direction', () => run(node, [join('tools', 'lint', 'src', 'cli.ts')], options));
    step('type-check', () => turbo('typecheck'));
    step('build', () => turbo('build'));
    clearCounts(root);
    ran.push('test');
    step('unit tests', () => turbo('test', '--continue', '--concurrency=2'));
    step('package checks', () => turbo('package:check'));
    ran.push('quickstart');
    step('quick starts', () => turbo('quickstart', '--continue'));
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    failed = 1;
  }
  const counts = readCounts(root, ran);
  if (failed && counts.failed === 0) counts.failed = 1; // the step itself
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  return counts.failed === 0 && failed === 0 ? 0 : 1;
}

function demo() {
  const { node, env } = prepare();
  const options = { cwd: root, env };
  const data = join('examples', 'demo', '.data');
  step('build', () => run('turbo', ['run', 'build', '--filter=bitcliff', '--output-logs=new-only'], options));
  step('write toy tasks', () =>
    run(
      node,
      ['--conditions=@bitcliff/source', join('tools', 'toy', 'src', 'write-tasks.ts'), '--out', data],
      options,
    ),
  );
  const cli = join('apps', 'cli', 'dist', 'bin.js');
  const config = join('examples', 'demo', 'study.config.ts');
  const commands = [
    ['study', 'run', config, ...rest],
    ['report', config, '--sections', 'scores'],
    ['report', config, '--format', 'html,md,csv,svg', '--out', join('examples', 'demo', 'report')],
  ];
  for (const args of commands) {
    process.stderr.write(`▸ bitcliff ${args.join(' ')}\n`);
    const { status } = spawnSync(node, [cli, ...args], { cwd: root, env, stdio: 'inherit' });
    if (status !== 0) return status ?? 1;
  }
  return 0;
}

function exec() {
  const { env } = prepare();
  const [file, ...args] = rest;
  return spawnSync(file, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
}

const commands = { test, demo, exec };
if (!Object.hasOwn(commands, command)) {
  process.stderr.write(
    `unknown command "${command}", expected one of: ${Object.keys(commands).join(', ')}\n`,
  );
  process.exit(2);
}
try {
  process.exitCode = commands[command]();
} catch (error) {
  if (!(error instanceof StepFailure)) throw error;
  process.exitCode = 1;
}
