/**
 * Models of the Hugging Face Hub on this machine, in the cache that Python programs use. Needs Node and `@huggingface/hub`.
 * @packageDocumentation
 */

// errors
export { HubAccessError, HubIntegrityError, HubOfflineError, HubRequestError } from './hub-errors.ts';

// settings
export { HUB_ENDPOINT, type HubSettings, hubSettingsFromEnv } from './hub-settings.node.ts';

// files
export { type Snapshot, type SnapshotFile, type SnapshotOptions, snapshot } from './hub-snapshot.node.ts';
// names
export {
  formatHubUri,
  HUB_DEFAULT_REVISION,
  type HubLocation,
  type HubRepo,
  type HubRepoType,
  isHubUri,
  parseHubUri,
} from './hub-uri.ts';
export { resolveHub } from './open-hub.node.ts';
