/** @file A study's config from a file. */
import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { parse as parseYaml } from 'yaml';
import { defineStudy } from './define-study.ts';
import type { Study, StudyConfig } from './study-config.ts';

/** A config and where it is. */
export interface LoadedStudy {
  readonly study: Study;
  /** Relative paths of the config are taken from here. */
  readonly folder: string;
  /** The file of its store unless another one is named: `<name>.study.sqlite` beside it. */
  readonly store: string;
}

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  '.json': (text) => JSON.parse(text),
  '.yaml': (text) => parseYaml(text),
  '.yml': (text) => parseYaml(text),
};
const MODULES = ['.ts', '.mts', '.js', '.mjs'];

/**
 * Read a config: `.json`, `.yaml`, or a module (`.ts`, `.mts`, `.js`, `.mjs`) with a default export. A module is run.
 * @throws {NotFoundError} for a missing file  @throws {InvalidInputError} for one that cannot be read, naming every wrong field
 */
export async function loadStudy(path: string): Promise<LoadedStudy> {
  const file = resolve(path);
  const study = checked(await readValue(file), file);
  const folder = dirname(file);
  return { study, folder, store: resolve(folder, `${study.name}.study.sqlite`) };
}

async function readValue(file: string): Promise<unknown> {
  const extension = extname(file).toLowerCase();
  const parse = PARSERS[extension];
  if (parse === undefined && !MODULES.includes(extension)) {
    throw new InvalidInputError({
      op: 'loadStudy',
      problem: 'an unknown kind of config',
      expected: [...Object.keys(PARSERS), ...MODULES].join(', '),
      received: extension || 'no extension',
      path: file,
    });
  }
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new NotFoundError({ op: 'loadStudy', problem: 'no such config', path: file, cause });
  });
  try {
    if (parse !== undefined) return parse(text);
    return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (cause) {
    throw new InvalidInputError({
      op: 'loadStudy',
      problem: 'the config cannot be read',
      received: (cause as Error).message,
      path: file,
      cause,
    });
  }
}

function checked(value: unknown, path: string): Study {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidInputError({
      op: 'loadStudy',
      problem: 'no config in the file',
      expected: 'an object, in a module its default export',
      received: value === null ? 'null' : typeof value,
      path,
    });
  }
  try {
    return defineStudy(value as StudyConfig);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError({ op: 'loadStudy', problem: error.problem, path, cause: error });
  }
}
