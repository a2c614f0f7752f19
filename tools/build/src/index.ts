/**
 * @file The build of every package in one function, so that a change of bundler is a change of this file.
 * tsup 9 bundles `src` to `dist` as ESM with one `.d.ts` per entry (TypeScript 6.0: version 7 ships no compiler API).
 */
import { defineConfig } from 'tsup';

type Config = ReturnType<typeof defineConfig>;

/**
 * Build settings of a library.
 * @param entries entry files by output name @default { index: 'src/index.ts' }
 */
export function defineLibrary(entries: Record<string, string> = { index: 'src/index.ts' }): Config {
  return defineConfig({
    entry: entries,
    format: ['esm'],
    target: 'es2023',
    platform: 'neutral',
    dts: true,
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: true,
    silent: true,
    external: [/^node:/],
    removeNodeProtocol: false, // node:sqlite has no other name
  });
}

/** Build settings of a Node program: the same, without declarations. */
export function defineProgram(entries: Record<string, string>): Config {
  return defineConfig({
    entry: entries,
    format: ['esm'],
    target: 'node22',
    platform: 'node',
    sourcemap: true,
    clean: true,
    splitting: true,
    silent: true,
  });
}
