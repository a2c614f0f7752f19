/**
 * @file Linear layers inside an ONNX graph.
 *
 * `float`: one product. `int8`: W8A8 with a real integer product (design.md §3). For X [S, K] and codes B [K, N]:
 *   absmax[s] = max |X[s, :]|,  scale[s] = max(absmax[s], 2^-100) / 127
 *   A = QuantizeLinear(X, scale, 128, axis 0)           u8, half to even: the int8 code plus 128
 *   Y = MatMulIntegerToFloat(A, B, 1, s_w, 128) · scale  int32 accumulation, then f32(acc) · s_w[n] · scale[s]
 * Where the u8 × s8 product of the execution provider saturates, B comes as codes plus 128 with zero point 128: u8 × u8 (int8-codes.ts).
 * The floor keeps a row of zeros from dividing by zero; its codes are 0 and its output is 0. What changes it:
 * - SmoothQuant: X is multiplied by 1 / s [K] first (arXiv 2211.10438).
 * - One scale per tensor: absmax[s] is the largest over all tokens that s sees, itself included, so that a score depends on nothing
 *   that comes later or stands beside it; for the last token of a sequence it is the absmax of the sequence.
 * - LLM.int8() (arXiv 2208.07339): entries |x| ≥ threshold leave X and the absmax, and go through a second, floating-point product with the
 *   dequantized codes: Y += X_O [S, O] · (B_O · s_w) [O, N], O the columns that have such entries. Scope `token` takes single entries;
 *   `batch` takes, as bitsandbytes does, whole columns: of the tokens that s sees.
 */
import { InternalError, Tensor } from '@bitcliff/core';
import type { OnnxNodeOptions } from '@bitcliff/formats/onnx';
import type { LinearWeights, MatMulNBits } from '@bitcliff/quantize';
import { gatherTokens, type PassView, type TokenView, throughPasses } from './passes-graph.ts';
import type { WeightedGraph } from './weighted-graph.ts';

const MICROSOFT = 'com.microsoft';

/** Smallest absmax of a row of activations that sets the scale. */
export const ACTIVATION_FLOOR: number = 2 ** -100;

/** Int8 weights of a recipe; codes of type Uint8Array are the int8 codes plus 128. */
export type Int8Weights = Omit<LinearWeights & { readonly kind: 'int8' }, 'codes'> & {
  readonly codes: Int8Array | Uint8Array;
};

/** The weights of a linear layer in a graph: as stored, W [out, in], or as a recipe left them, W [in, out]. */
export type GraphWeights =
  | Exclude<LinearWeights, { readonly kind: 'int8' }>
  | Int8Weights
  | { readonly kind: 'stored'; readonly weight: Float32Array }
  /** Codes that the product dequantizes as it runs; X is divided by `inputScale` f32[in] first. */
  | { readonly kind: 'packed'; readonly packed: MatMulNBits; readonly inputScale: Float32Array | null };

/** One linear layer to be put into a graph. */
export interface GraphLinear {
  /** Prefix of its tensors in the graph. */
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weights: GraphWeights;
  /** f32[out], or `null`. */
  readonly bias: Float32Array | null;
}

/** Whether what a layer makes of a token depends on other tokens, by a dynamic scale or by columns that are taken out. */
export function looksAtOtherTokens({ weights }: GraphLinear): boolean {
  if (weights.kind !== 'int8') return false;
  return weights.activations.granularity === 'perTensor' || weights.outliers?.scope === 'batch';
}

/**
 * Add linear layers that read the same input; those with like int8 products share one quantized input.
 * @param x name of f32[S, in]
 * @param view for scales that look at several tokens; `null`: each token stands alone
 * @param rows what S is: inputs of as many rows share their zero points. @default 'S'
 * @returns names of f32[S, out], one per layer
 */
export function addLinears(
  graph: WeightedGraph,
  x: string,
  layers: readonly GraphLinear[],
  view: TokenView | null,
  rows: string = 'S',
): string[] {
  const quantized = new Map<string, QuantizedInput>();
  const addLayer = (layer: GraphLinear): string => {
    const { name, weights, inFeatures: K, outFeatures: N } = layer;
    const bias = (...shape: number[]): string | null =>
      layer.bias && graph.weight(`${name}.bias`, new Tensor('F32', shape, layer.bias));
    /** With a bias of one axis, ONNX Runtime would fuse this and a GELU behind it into BiasGelu, which takes 1.2 times as long as both. */
    const plus = (y: string): string => {
      const b = bias(1, N);
      return b === null ? y : graph.node('Add', [y, b]);
    };
    const product = (w: string, attributes: OnnxNodeOptions['attributes'] = {}): string => {
      const b = bias(N);
      return graph.node('Gemm', b === null ? [x, w] : [x, w, b], { attributes });
    };
    switch (weights.kind) {
      case 'stored': {
        const w = graph.matrix(`${name}.weight`, new Tensor('F32', [N, K], weights.weight), N);
        return product(w, { transB: { int: 1 } });
      }
      case 'float': {
        const w = graph.matrix(`${name}.weight`, new Tensor('F32', [K, N], weights.weight), N);
        return product(w);
      }
      case 'packed':
        return plus(addPackedProduct(graph, x, layer, weights));
      case 'int8': {
        const key = inputKey(weights);
        const input = quantized.get(key) ?? addQuantizeInput(graph, x, layer, weights, view, rows);
        quantized.set(key, input);
        return plus(addInt8Product(graph, input, layer, weights));
      }
    }
  };
  return layers.map(addLayer);
}

/** Layers with equal keys quantize their common input alike: a group is smoothed by one and the same array. */
function inputKey({ activations, inputScale, outliers }: Int8Weights): string {
  return JSON.stringify([activations.granularity, inputScale === null ? null : [...inputScale], outliers]);
}

interface QuantizedInput {
  /** u8[S, in]: code + 128. */
  readonly codes: string;
  /** f32[S, 1]. */
  readonly scale: string;
  readonly zeroPoint: string;
  readonly one: string;
  /** LLM.int8(): the outlier columns, i64[O], and the outliers in them, f32[S, O]. */
  readonly outliers: { readonly columns: string; readonly values: string } | null;
}

function addQuantizeInput(
  graph: WeightedGraph,
  input: string,
  { name, inFeatures: K }: GraphLinear,
  weights: Int8Weights,
  view: TokenView | null,
  rows: string,
): QuantizedInput {
  const prefix = `${name}.input`;
  const scalar = (id: string, value: number) =>
    graph.constant(`${prefix}.${id}`, new Tensor('F32', [], Float32Array.of(value)));
  const axis1 = graph.constant(`${prefix}.axis`, new Tensor('I64', [1], BigInt64Array.of(1n)));
  const flat = graph.constant(`${prefix}.flat`, new Tensor('I64', [1], BigInt64Array.of(-1n)));
  const zeroPoint = graph.constant(`${prefix}.zero_point`, new Tensor('U8', [], Uint8Array.of(128)));

  let x = weights.inputScale === null ? input : addInputScale(graph, input, prefix, weights.inputScale);
  let forScale = x;
  let outliers: QuantizedInput['outliers'] = null;
  if (weights.outliers !== null) {
    const split = addOutliers(graph, x, prefix, weights.outliers, K, view);
    x = split.rest;
    forScale = split.forScale;
    outliers = split;
  }
  const top = graph.node('ReduceMax', [forScale, axis1]); // [S, 1]
  const bottom = graph.node('ReduceMin', [forScale, axis1]); // [S, 1]
  let absmax = graph.node('Max', [top, graph.node('Neg', [bottom]), scalar('floor', ACTIVATION_FLOOR)]); // [S, 1]
  if (weights.activations.granularity === 'perTensor' && view !== null) {
    const own = absmax;
    absmax = throughPasses(graph, view, { name: `${prefix}.scale`, width: 1 }, (pass, name) => {
      const keys = gatherTokens(graph, pass, own, 'key', name); // [T, K, 1]
      const row = graph.node('Transpose', [keys], { attributes: { perm: { ints: [0, 2, 1] } } }); // [T, 1, K]
      const seen = graph.node('Add', [row, addMask(graph, name, pass)]); // [T, Q, K]
      const axis2 = graph.constant(`${name}.axis`, new Tensor('I64', [1], BigInt64Array.of(2n)));
      return graph.node('ReduceMax', [seen, axis2]); // [T, Q, 1]
    }); // [S, 1]
  }
  const scale = graph.node('Div', [absmax, scalar('quant_max', 127)]); // [S, 1]
  const rowScale = graph.node('Reshape', [scale, flat]); // [S]
  const rowZeroPoint = graph.once(`zero_points.${rows}`, () =>
    graph.node('Expand', [zeroPoint, graph.node('Shape', [rowScale])]),
  ); // [S]
  const codes = graph.node('QuantizeLinear', [x, rowScale, rowZeroPoint], {
    attributes: { axis: { int: 0 } },
  });
  return { codes, scale, zeroPoint, one: scalar('one', 1), outliers };
}

/** X divided by the scales of its columns. */
function addInputScale(graph: WeightedGraph, x: string, prefix: string, inputScale: Float32Array): string {
  const inverse = new Tensor(
    'F32',
    [inputScale.length],
    inputScale.map((s) => 1 / s) as Float32Array<ArrayBuffer>,
  );
  return graph.node('Mul', [x, graph.weight(`${prefix}.inverse_smooth`, inverse)]);
}

/** Y = X · deq(B)ᵀ; the product is in f32. @see onnxruntime docs/ContribOperators.md, com.microsoft.MatMulNBits */
function addPackedProduct(
  graph: WeightedGraph,
  input: string,
  { name }: GraphLinear,
  { packed, inputScale }: GraphWeights & { readonly kind: 'packed' },
): string {
  const x = inputScale === null ? input : addInputScale(graph, input, `${name}.input`, inputScale);
  const { attributes, B, scales, zero_points } = packed;
  const inputs = [x, graph.weight(`${name}.codes`, B), graph.weight(`${name}.scales`, scales)];
  if (zero_points !== null) inputs.push(graph.weight(`${name}.zero_points`, zero_points));
  return graph.node('MatMulNBits', inputs, {
    domain: MICROSOFT,
    attributes: {
      K: { int: attributes.K },
      N: { int: attributes.N },
      bits: { int: attributes.bits },
      block_size: { int: attributes.block_size },
      accuracy_level: { int: 1 }, // f32
    },
  });
}

/** The attention mask as [T, Q, K]. */
function addMask(graph: WeightedGraph, name: string, { mask }: PassView): string {
  const axis = graph.constant(`${name}.heads`, new Tensor('I64', [1], BigInt64Array.of(1n)));
  return graph.node('Squeeze', [mask, axis]);
}

/** Split X into what is quantized and what is not. */
function addOutliers(
  graph: WeightedGraph,
  x: string,
  prefix: string,
  { threshold, scope }: NonNullable<Int8Weights['outliers']>,
  K: number,
  view: TokenView | null,
): { rest: string; forScale: string; columns: string; values: string } {
  const constant = (id: string, value: number) =>
    graph.constant(`${prefix}.${id}`, new Tensor('F32', [], Float32Array.of(value)));
  const zero = constant('zero', 0);
  const isLarge = graph.node('GreaterOrEqual', [graph.node('Abs', [x]), constant('threshold', threshold)]); // [S, K]
  const forScale = graph.node('Where', [isLarge, zero, x]);
  let isOutlier = isLarge;
  let rest = forScale;
  if (scope === 'batch' && view !== null) {
    // a column is out for a token when any token that it sees has an outlier there: a product of 0/1 matrices
    const asNumber = (y: string): string => graph.node('Cast', [y], { attributes: { to: { int: 1 } } }); // FLOAT
    const large = asNumber(isLarge);
    const seen = throughPasses(graph, view, { name: `${prefix}.batch`, width: K }, (pass, name) => {
      const sees = graph.node('GreaterOrEqual', [addMask(graph, name, pass), zero]); // [T, Q, keys]
      return graph.node('MatMul', [asNumber(sees), gatherTokens(graph, pass, large, 'key', name)]); // [T, Q, K]
    }); // [S, K]
    isOutlier = graph.node('Greater', [seen, zero]);
    rest = graph.node('Where', [isOutlier, zero, x]);
  }
  const out = graph.node('Where', [isOutlier, x, zero]);
  const axis0 = graph.constant(`${prefix}.columns_axis`, new Tensor('I64', [1], BigInt64Array.of(0n)));
  const bytes = graph.node('Cast', [isOutlier], { attributes: { to: { int: 6 } } }); // INT32
  const any = graph.node('ReduceMax', [bytes, axis0], { attributes: { keepdims: { int: 0 } } }); // [K]
  const columns = graph.node('Squeeze', [graph.node('NonZero', [any]), axis0]); // [O]
  return {
    rest,
    forScale,
    columns,
    values: graph.node('Gather', [out, columns], { attributes: { axis: { int: 1 } } }),
  };
}

function addInt8Product(
  graph: WeightedGraph,
  input: QuantizedInput,
  layer: GraphLinear,
  weights: Int8Weights,
): string {
  const { name, inFeatures: K, outFeatures: N } = layer;
  if (weights.codes.length !== K * N) throw new InternalError(`codes of "${name}" do not fill [${K}, ${N}]`);
  const isUnsigned = weights.codes instanceof Uint8Array;
  const codes = graph.codes(`${name}.codes`, new Tensor(isUnsigned ? 'U8' : 'I8', [K, N], weights.codes));
  const scale = graph.weight(`${name}.scale`, new Tensor('F32', [N], weights.scale));
  const product = graph.node(
    'MatMulIntegerToFloat',
    [input.codes, codes, input.one, scale, input.zeroPoint, ...(isUnsigned ? [input.zeroPoint] : [])],
    { domain: MICROSOFT },
  );
  const y = graph.node('Mul', [product, input.scale]);
  if (input.outliers === null) return y;
  const rows = graph.node('Gather', [codes, input.outliers.columns]); // codes[O, N]
  const cast = graph.node('Cast', [rows], { attributes: { to: { int: 1 } } });
  const shift = (y: string): string =>
    graph.node('Sub', [y, graph.constant(`${name}.shift`, new Tensor('F32', [], Float32Array.of(128)))]);
  const dequantized = graph.node('Mul', [isUnsigned ? shift(cast) : cast, scale]); // f32[O, N]
  return graph.node('Add', [y, graph.node('MatMul', [input.outliers.values, dequantized])]);
}
