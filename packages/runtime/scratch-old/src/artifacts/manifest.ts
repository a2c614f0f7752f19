import { averageBits, type Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import type { LayerReport, QuantizeModelRecord } from '../quantize-model/quantize-model.ts';
import type { ArtifactFormat } from './artifact-formats.ts';

/** File of an artifact's folder that says how it came to be. */
export const MANIFEST_FILE = 'bitcliff-manifest.json';

/** What the caller knows about where an artifact came from. */
export interface ArtifactSource {
  /** The checkpoint, as the user named it. */
  readonly checkpoint: string;
  /** Where the calibration tokens came from: a file, `random-tokens`, … `null` without any. */
  readonly calibration: string | null;
  /** Of the calibration windows, and of everything else that is drawn. */
  readonly seed: number;
}

/** How an artifact came to be. The same inputs give the same manifest: no times, no places. */
export interface ArtifactManifest {
  readonly manifest: 1;
  readonly format: ArtifactFormat;
  readonly source: ArtifactSource;
  readonly recipe: Recipe;
  readonly methodVersions: QuantizeModelRecord['methodVersions'];
  readonly calibration: QuantizeModelRecord['calibration'];
  /** SHA-256 over the weights of all blocks, the recipe, the versions of the methods and the calibration tokens. */
  readonly fingerprint: string;
  /** Per weight of the linear layers. */
  readonly averageBits: number;
  /** Linear modules that stay in floating point. */
  readonly ignored: readonly string[];
  /** Tensors that took up the input scales of the layer behind them. */
  readonly folded: readonly string[];
  readonly reports: readonly Omit<LayerReport, 'seconds'>[];
}

/** The manifest of an artifact. */
export function artifactManifest(
  checkpoint: Checkpoint,
  record: QuantizeModelRecord,
  parts: Pick<ArtifactManifest, 'format' | 'source' | 'fingerprint' | 'ignored' | 'folded'>,
): ArtifactManifest {
  const { layout, spec } = checkpoint;
  const shapes = Array.from({ length: spec.layers }, (_, layer) =>
    layout.block(layer).linears.map(({ weight, role, inFeatures, outFeatures }) => ({
      name: weight,
      role,
      layer,
      layers: spec.layers,
      rows: inFeatures,
      columns: outFeatures,
    })),
  ).flat();
  return {
    manifest: 1,
    format: parts.format,
    source: parts.source,
    recipe: record.recipe,
    methodVersions: record.methodVersions,
    calibration: record.calibration,
    fingerprint: parts.fingerprint,
    averageBits: averageBits(record.recipe, shapes),
    ignored: parts.ignored,
    folded: parts.folded,
    reports: record.reports.map(({ seconds: _, ...report }) => report),
  };
}
