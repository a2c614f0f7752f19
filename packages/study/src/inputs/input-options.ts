import type { LongTaskOptions } from '@bitcliff/core';
import type { HubSettings } from '@bitcliff/formats/hub';

/** How things that a config or a command line names are brought here. */
export interface InputOptions extends LongTaskOptions {
  /** For `hf:` names; programs make it with `hubSettingsFromEnv(process.env)`. */
  readonly hub: HubSettings;
}
