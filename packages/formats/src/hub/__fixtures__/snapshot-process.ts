/** @file A process that takes one snapshot: `node snapshot-process.ts <endpoint> <cacheDir> <uri>`; prints the folder. */
import { hubSettingsFromEnv } from '../hub-settings.node.ts';
import { snapshot } from '../hub-snapshot.node.ts';

const [endpoint, cacheDir, uri] = process.argv.slice(2);
const settings = hubSettingsFromEnv({ HF_ENDPOINT: endpoint, HF_HUB_CACHE: cacheDir });
const { path } = await snapshot(uri!, { settings });
process.stdout.write(path);
