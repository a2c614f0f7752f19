/** @file Installing the workspace from its lockfile, skipped while nothing that decides about it has changed. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of workspace packages. */
export function workspaceFolders(root) {
  return ['packages', 'apps', 'tools'].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, group, entry.name, 'package.json')))
      .map((entry) => join(root, group, entry.name)),
  );
}

/** True when `node_modules` is what the lockfile and the manifests ask for. Otherwise `done()` records it after an install. */
export function installState(root, nodeVersion) {
  const hash = createHash('sha256').update(nodeVersion);
  const manifests = workspaceFolders(root).map((folder) => join(folder, 'package.json'));
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'].map((name) =>
    join(root, name),
  )) {
    hash.update(readFileSync(file));
  }
  for (const file of manifests) hash.update(file).update(readFileSync(file));
  const wanted = hash.digest('hex');
  const stamp = join(root, 'node_modules', '.bitcliff-install');
  return {
    current: existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted,
    done: () => writeFileSync(stamp, wanted),
  };
}
