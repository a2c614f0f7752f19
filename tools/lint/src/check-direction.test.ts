import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDirection } from './check-direction.ts';
import { MAY_IMPORT } from './direction.ts';

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const putPackage = (name: string, source: string, dependencies: string[] = []): void => {
  const exports = { '.': { '@bitcliff/source': './src/index.ts', default: './dist/index.js' } };
  const list = Object.fromEntries(dependencies.map((dependency) => [`@bitcliff/${dependency}`, '*']));
  put(
    `packages/${name}/package.json`,
    JSON.stringify({ name: `@bitcliff/${name}`, type: 'module', exports, dependencies: list }),
  );
  put(`packages/${name}/src/index.ts`, source);
  mkdirSync(join(root, 'node_modules/@bitcliff'), { recursive: true });
  symlinkSync(join(root, 'packages', name), join(root, 'node_modules/@bitcliff', name));
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bitcliff-lint-'));
  put('package.json', '{"type":"module"}');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('checkDirection', () => {
  it('passes the order of the design', async () => {
    putPackage('core', 'export const one = 1;\n');
    putPackage('formats', "export { one } from '@bitcliff/core';\n", ['core']);
    expect(await checkDirection(root)).toEqual([]);
  });

  it('finds an import that points up, by package name or by path, also of types', async () => {
    putPackage('formats', 'export const two = 2; export type Two = 2;\n');
    putPackage(
      'core',
      "export { two } from '@bitcliff/formats';\nexport type { Two } from '../../formats/src/index.ts';\n",
    );
    expect(await checkDirection(root)).toContain(
      'packages/core/src/index.ts: must not import packages/formats/src/index.ts (direction-core)',
    );
    rmSync(join(root, 'packages/core/src/index.ts'));
    put('packages/core/src/index.ts', "export type { Two } from '../../formats/src/index.ts';\n");
    expect(await checkDirection(root)).toHaveLength(1);
  });

  it('finds a sideways dependency in package.json', async () => {
    putPackage('evals', 'export const a = 1;\n', ['analysis']);
    expect(await checkDirection(root)).toEqual([
      'packages/evals/package.json: evals must not depend on analysis',
    ]);
  });

  it('finds a cycle of files', async () => {
    putPackage('core', "export { b } from './b.ts';\nexport const a = 1;\n");
    put('packages/core/src/b.ts', "import { a } from './index.ts';\nexport const b = a;\n");
    expect(await checkDirection(root)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^packages\/core\/src\/.*: import cycle through/)]),
    );
  });

  it('finds a package without a place in the order', async () => {
    putPackage('misc', 'export const a = 1;\n');
    expect(await checkDirection(root)).toContain(
      'packages/misc: no place in the dependency order, add it to tools/lint/src/direction.ts',
    );
  });

  it('passes this repository', async () => {
    expect(await checkDirection(fileURLToPath(new URL('../../..', import.meta.url)))).toEqual([]);
  });

  it('knows an order without cycles', () => {
    const reach = (name: string, seen: string[]): void => {
      expect(seen).not.toContain(name);
      for (const next of MAY_IMPORT[name]!) reach(next, [...seen, name]);
    };
    for (const name of Object.keys(MAY_IMPORT)) reach(name, []);
  });
});
