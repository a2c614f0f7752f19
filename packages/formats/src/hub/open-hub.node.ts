/** @file From a `hf:` URI to a path that the readers of this package open. */
import { join } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { quote } from '../internal/quote.ts';
import { type SnapshotOptions, takeSnapshot } from './hub-snapshot.node.ts';
import { parseHubUri } from './hub-uri.ts';

const op = 'resolveHub';

/** Small files beside the weights: configuration, tokenizer, chat template, card. */
const SIDE_FILES = /\.(?:json|txt|model|jinja|tiktoken|md)$|^LICENSE/i;

/**
 * Bring what a URI names to this machine.
 * A file gives that file. A folder or a whole repository gives the folder with its checkpoint: without patterns, of a model that is the
 * side files (`.json`, `.txt`, `.model`, `.jinja`, `.tiktoken`, `.md`, licence) and one set of weights, the first of these that the
 * folder itself holds: `*.safetensors` (without `consolidated*`), `*.bin`, a single `.gguf`. Of a data set it is everything.
 * @param uri `hf:org/name[@revision][/path]`  @param options as for `snapshot`
 * @returns absolute path of the file or folder
 * @throws {InvalidInputError} when the folder holds several GGUF files and no other weights: name one
 * @throws {NotFoundError} when the folder holds no weights; and all that `snapshot` throws
 * @example
 * const tensors = await openTensorFolder(await resolveHub('hf:org/name@main', { settings: hubSettingsFromEnv(process.env) }));
 */
export async function resolveHub(uri: string, options: SnapshotOptions): Promise<string> {
  const location = parseHubUri(uri);
  const { path, type } = location;
  const ownChoice = options.allowPatterns !== undefined || options.ignorePatterns !== undefined;
  const whole = type === 'dataset' || ownChoice;
  const choose = (names: readonly string[]) => {
    return names.length === 1 && names[0] === path ? names : checkpointFiles(names, path, uri);
  };
  const snapshot = await takeSnapshot(location, options, whole ? undefined : choose);
  return path === undefined ? snapshot.path : join(snapshot.path, ...path.split('/'));
}

/** One set of weights and the side files, of names in or under `folder`. */
function checkpointFiles(names: readonly string[], folder: string | undefined, uri: string): string[] {
  const prefix = folder === undefined ? '' : `${folder}/`;
  const here = names.filter((name) => !name.slice(prefix.length).includes('/'));
  const side = here.filter((name) => SIDE_FILES.test(name.slice(prefix.length)));
  const weights = (extension: string) => here.filter((name) => name.endsWith(extension));
  const base = (name: string) => name.slice(prefix.length);
  const safetensors = weights('.safetensors').filter((name) => !base(name).startsWith('consolidated'));
  if (safetensors.length > 0) return [...side, ...safetensors];
  const torch = weights('.bin').filter((name) => !base(name).startsWith('training_args'));
  if (torch.length > 0) return [...side, ...torch];
  const gguf = weights('.gguf');
  if (gguf.length === 1) return [...side, ...gguf];
  const shown = (list: readonly string[]) =>
    list.slice(0, 10).map(quote).join(', ') + (list.length > 10 ? ', …' : '');
  if (gguf.length > 1) {
    const hint = `Name one, as in ${uri}/${base(gguf[0]!)}`;
    const problem = `several GGUF files, and each is a whole model`;
    throw new InvalidInputError({ op, problem, expected: 'one', received: shown(gguf), path: uri, hint });
  }
  throw new NotFoundError({
    op,
    problem: 'no weights',
    expected: '*.safetensors, *.bin or one *.gguf',
    received: shown(names),
    path: uri,
    hint: 'Name a file or folder in the URI, or give allowPatterns',
  });
}
