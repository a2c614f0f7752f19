import { isHubUri, resolveHub } from '@bitcliff/formats/hub';
import type { InputOptions } from './input-options.ts';

/**
 * The path of what a user names: a local path as it is; `hf:org/name[@revision][/file]` after it has been brought to the Hub's cache (the same
 * folders and environment variables as Python's huggingface_hub).
 * @throws what the Hub's snapshot throws: no such repository, no access, offline, a file that does not match its hash
 */
export async function localPath(
  pathOrUri: string,
  { hub: settings, ...task }: InputOptions,
): Promise<string> {
  if (!isHubUri(pathOrUri)) return pathOrUri;
  return resolveHub(pathOrUri, { ...task, settings });
}
