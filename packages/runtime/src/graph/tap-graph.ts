/**
 * @file Statistics of one activation inside a block graph, as outputs `<point>.<statistic>`. X is f32[S, N].
 *   absMax, sumAbs, above   f32[N]     max |x|, Σ |x|, number of |x| > threshold, over the tokens
 *   mean                    f32[S]     mean over features
 *   variance                f32[S]     mean over features of (x − mean)²
 *   int8Error               f32[S]     Σ over features of (x − scale · code)², scale = max(absmax, 2^-100) / 127, code half to even
 *   gram.<row>.<column>               blocks of Xᵀ X: see gram-blocks.ts
 *   difference, reference   f32[S]     Σ (x − b)² and Σ b² with b the baseline's X, fed as `<point>.baseline`
 *   values                  f32[S, N]  X itself
 */
import { Tensor } from '@bitcliff/core';
import { addGramBlocks } from './gram-blocks.ts';
import { ACTIVATION_FLOOR } from './linear-graph.ts';
import type { WeightedGraph } from './weighted-graph.ts';

/** What to put into a graph. */
export interface TapStatistics {
  readonly channels: boolean;
  readonly threshold: number | null;
  readonly tokens: boolean;
  readonly gram: boolean;
  /** The baseline's values come in. */
  readonly difference: boolean;
  /** The values go out. */
  readonly values: boolean;
}

/** Add the statistics of x. @param x name of f32[S, N] */
export function addTap(
  graph: WeightedGraph,
  point: string,
  x: string,
  features: number,
  statistics: TapStatistics,
): void {
  const axis = (id: string, value: number): string =>
    graph.constant(`${point}.axis_${id}`, new Tensor('I64', [1], BigInt64Array.of(BigInt(value))));
  const scalar = (id: string, value: number): string =>
    graph.constant(`${point}.${id}`, new Tensor('F32', [], Float32Array.of(value)));
  const reduce = (op: string, y: string, along: string, name: string, shape: (number | string)[]): void => {
    graph.node(op, [y, along], { outputs: [`${point}.${name}`], attributes: { keepdims: { int: 0 } } });
    graph.output(`${point}.${name}`, 'F32', shape);
  };
  /** ONNX Runtime's ReduceSumSquare takes twice as long as these two. */
  const sumSquares = (y: string, along: string, name: string): void =>
    reduce('ReduceSum', graph.node('Mul', [y, y]), along, name, ['S']);
  const { channels, threshold, tokens, gram, difference, values } = statistics;
  const overTokens = channels || threshold !== null ? axis('tokens', 0) : '';
  const overFeatures = tokens || difference ? axis('features', 1) : '';
  const magnitude = channels || threshold !== null || tokens ? graph.node('Abs', [x]) : x;
  if (channels) {
    reduce('ReduceMax', magnitude, overTokens, 'absMax', [features]);
    reduce('ReduceSum', magnitude, overTokens, 'sumAbs', [features]);
  }
  if (threshold !== null) {
    const large = graph.node('Greater', [magnitude, scalar('threshold', threshold)]);
    const ones = graph.node('Cast', [large], { attributes: { to: { int: 1 } } }); // FLOAT
    reduce('ReduceSum', ones, overTokens, 'above', [features]);
  }
  if (tokens) {
    const mean = graph.node('ReduceMean', [x, overFeatures]); // [S, 1]
    graph.node('Squeeze', [mean, overFeatures], { outputs: [`${point}.mean`] });
    graph.output(`${point}.mean`, 'F32', ['S']);
    const centred = graph.node('Sub', [x, mean]);
    const squares = graph.node('ReduceSum', [graph.node('Mul', [centred, centred]), overFeatures], {
      attributes: { keepdims: { int: 0 } },
    });
    graph.node('Div', [squares, scalar('features', features)], { outputs: [`${point}.variance`] });
    graph.output(`${point}.variance`, 'F32', ['S']);
    const top = graph.node('ReduceMax', [magnitude, overFeatures], { attributes: { keepdims: { int: 0 } } });
    const absmax = graph.node('Max', [top, scalar('floor', ACTIVATION_FLOOR)]);
    const scale = graph.node('Div', [absmax, scalar('quant_max', 127)]); // [S]
    const zero = graph.constant(`${point}.zero_point`, new Tensor('U8', [], Uint8Array.of(128)));
    const zeros = graph.node('Expand', [zero, graph.node('Shape', [scale])]); // [S]
    const axis0 = { attributes: { axis: { int: 0 } } };
    const codes = graph.node('QuantizeLinear', [x, scale, zeros], axis0);
    const error = graph.node('Sub', [x, graph.node('DequantizeLinear', [codes, scale, zeros], axis0)]);
    sumSquares(error, overFeatures, 'int8Error');
  }
  if (gram) addGramBlocks(graph, point, x, features);
  if (difference) {
    const baseline = graph.input(`${point}.baseline`, 'F32', ['S', features]);
    sumSquares(graph.node('Sub', [x, baseline]), overFeatures, 'difference');
    sumSquares(baseline, overFeatures, 'reference');
  }
  if (values) {
    graph.node('Identity', [x], { outputs: [`${point}.values`] });
    graph.output(`${point}.values`, 'F32', ['S', features]);
  }
}
