import type { LongTaskOptions } from '@bitcliff/core';
import { type HubSettings, hubSettingsFromEnv } from '@bitcliff/formats/hub';
import { localPath as resolvePath } from '@bitcliff/study/node';

/** The Hub, its cache and a token, by the environment variables of Python's huggingface_hub. */
export function hubSettings(): HubSettings {
  return hubSettingsFromEnv(process.env);
}

/** The path of what a command line names: a local path as it is, `hf:…` after it has been brought to the Hub's cache. */
export function localPath(pathOrUri: string, task: LongTaskOptions): Promise<string> {
  return resolvePath(pathOrUri, { ...task, hub: hubSettings() });
}
