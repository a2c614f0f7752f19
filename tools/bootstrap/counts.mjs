/** @file The total line: tests of every package, as the counting reporter and the quick-start runner left them. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceFolders } from './install.mjs';

const FILES = { test: '.test-counts.json', quickstart: '.quickstart-counts.json' };

/** Remove what an earlier run left; turbo restores the files of tasks it need not run again. */
export function clearCounts(root) {
  for (const folder of workspaceFolders(root)) {
    for (const file of Object.values(FILES)) rmSync(join(folder, file), { force: true });
  }
}

/**
 * Add up the counts of the scripts that ran; a package without its counts is one failure.
 * @param {string[]} scripts of `test`, `quickstart`
 */
export function readCounts(root, scripts) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const folder of workspaceFolders(root)) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const script of scripts) {
      if (manifest.scripts?.[script] === undefined) continue;
      const file = join(folder, FILES[script]);
      const counts = existsSync(file)
        ? JSON.parse(readFileSync(file, 'utf8'))
        : { passed: 0, failed: 1, skipped: 0 };
      for (const key of Object.keys(total)) total[key] += counts[key];
    }
  }
  return total;
}
