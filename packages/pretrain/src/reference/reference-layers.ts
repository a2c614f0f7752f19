/**
 * @file Every layer once more in plain loops and float64, forward only: the oracle of the tests, which differentiate it by finite differences.
 * A value is a list of rows; shapes are those of `layers.ts` for one window (no B), with heads as a list of matrices.
 */

/** Rows of numbers. */
export type Matrix = readonly Float64Array[];

/** `rows` rows from numbers one behind the other. */
export function toMatrix(data: ArrayLike<number>, rows: number): Matrix {
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, r) =>
    Float64Array.from({ length: width }, (_, c) => data[r * width + c]!),
  );
}

const map = (x: Matrix, f: (value: number, row: number, column: number) => number): Matrix =>
  x.map((row, r) => row.map((value, c) => f(value, r, c)));

const mean = (row: Float64Array): number => row.reduce((a, b) => a + b, 0) / row.length;

/** x·W + b with W [in][out]. */
export function linearRef(x: Matrix, W: Matrix, b?: Float64Array): Matrix {
  return x.map((row) =>
    Float64Array.from({ length: W[0]!.length }, (_, o) =>
      row.reduce((sum, value, i) => sum + value * W[i]![o]!, b?.[o] ?? 0),
    ),
  );
}

/** The other axis first. */
export function transposeRef(x: Matrix): Matrix {
  return Array.from({ length: x[0]!.length }, (_, c) => Float64Array.from(x, (row) => row[c]!));
}

export function addRef(x: Matrix, y: Matrix): Matrix {
  return map(x, (value, r, c) => value + y[r]![c]!);
}

export function lookUpRef(table: Matrix, ids: readonly number[]): Matrix {
  return ids.map((id) => table[id]!);
}

export function layerNormRef(x: Matrix, gain: Float64Array, bias: Float64Array, epsilon: number): Matrix {
  return x.map((row) => {
    const centered = row.map((value) => value - mean(row));
    const deviation = Math.sqrt(mean(centered.map((value) => value ** 2)) + epsilon);
    return centered.map((value, c) => (value / deviation) * gain[c]! + bias[c]!);
  });
}

export function rmsNormRef(x: Matrix, gain: Float64Array, epsilon: number): Matrix {
  return x.map((row) => {
    const size = Math.sqrt(mean(row.map((value) => value ** 2)) + epsilon);
    return row.map((value, c) => (value / size) * gain[c]!);
  });
}

/** Columns of part `index` of the last axis, one matrix a head. */
export function splitHeadsRef(x: Matrix, heads: number, headDim: number, index = 0): Matrix[] {
  const from = index * heads * headDim;
  return Array.from({ length: heads }, (_, h) =>
    x.map((row) => row.slice(from + h * headDim, from + (h + 1) * headDim)),
  );
}

/** softmax(q·kᵀ/√H)·v of the visible tokens, heads side by side. @param documents number of each token's document */
export function attentionRef(
  q: readonly Matrix[],
  k: readonly Matrix[],
  v: readonly Matrix[],
  documents: readonly number[],
): Matrix {
  const H = q[0]![0]!.length;
  return documents.map((document, t) => {
    const out = new Float64Array(q.length * H);
    q.forEach((head, n) => {
      const scores = documents.map((other, s) =>
        s > t || other !== document
          ? Number.NEGATIVE_INFINITY
          : head[t]!.reduce((sum, value, i) => sum + value * k[n]![s]![i]!, 0) / Math.sqrt(H),
      );
      const most = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - most));
      const total = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, s) => {
        for (let i = 0; i < H; i++) out[n * H + i]! += (weight / total) * v[n]![s]![i]!;
      });
    });
    return out;
  });
}

export function geluRef(x: Matrix): Matrix {
  return map(
    x,
    (value) => 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3))),
  );
}

export function swiGluRef(gate: Matrix, up: Matrix): Matrix {
  return map(gate, (value, r, c) => (value / (1 + Math.exp(-value))) * up[r]![c]!);
}

/** Rotary positions of the rotate-half kind; the position is the row. */
export function rotateRef(x: Matrix, theta: number): Matrix {
  const H = x[0]!.length;
  return map(x, (value, t, i) => {
    const angle = t * theta ** ((-2 * (i % (H / 2))) / H);
    const other = i < H / 2 ? -x[t]![i + H / 2]! : x[t]![i - H / 2]!;
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

export function dropoutRef(x: Matrix, keep: Matrix, rate: number): Matrix {
  return map(x, (value, r, c) => (value * keep[r]![c]!) / (1 - rate));
}

/** Sum of the cross-entropies of the targets that count. */
export function crossEntropyRef(
  logits: Matrix,
  targets: readonly number[],
  weights: readonly number[],
): number {
  return logits.reduce((sum, row, t) => {
    const most = Math.max(...row);
    const logTotal = most + Math.log(row.reduce((a, b) => a + Math.exp(b - most), 0));
    return sum + weights[t]! * (logTotal - row[targets[t]!]!);
  }, 0);
}
