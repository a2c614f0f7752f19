/** @file A process that runs a study, for tests that kill it: `run-study.ts <config> [--join]`. */
import { hubSettingsFromEnv } from '@bitcliff/formats/hub';
import * as ort from 'onnxruntime-node';
import { loadStudy, runStudy } from '../src/node.ts';

const [config, join] = process.argv.slice(2);
const options = { ...(await loadStudy(config!)), ort, hub: hubSettingsFromEnv({}), join: join === '--join' };
const { done, total, failures } = await runStudy(options);
process.stdout.write(`${done} of ${total}\n`);
process.exitCode = failures.length;
