/**
 * @file U, upper triangular, with H⁻¹ = Uᵀ U: the factor that GPTQ walks along. The reference takes chol(inv(H)) by way of two
 * factorizations and an inversion; with H reversed in both axes one factorization L and one triangular inversion do: U is L⁻¹
 * reversed. In f64, blocked, the products through `multiplyAdd`.
 */
import { multiplyAdd } from '@bitcliff/kernels';

/** Rows and columns of a diagonal block, which plain loops handle. */
const BLOCK = 64;
/** Columns of a product at once. */
const PANEL = 512;

/**
 * @param h f64[n × n], symmetric  @param n order
 * @returns f64[n × n], upper triangular, zeros below; `null` when H is not positive definite in f64
 */
export function inverseFactor(h: Float64Array, n: number): Float64Array | null {
  const reversed = h.slice().reverse(); // both axes at once
  if (!factorize(reversed, n)) return null;
  invertLower(reversed, n);
  return reversed.reverse();
}

/** A = L Lᵀ in place; zeros above the diagonal. @returns whether A is positive definite */
function factorize(a: Float64Array, n: number): boolean {
  for (let k = 0; k < n; k += BLOCK) {
    const size = Math.min(BLOCK, n - k);
    const below = k + size;
    if (!factorizeBlock(a, n, k, size)) return false;
    if (below === n) break;
    const rest = n - below;
    // panel: P = A[below:, k] L_kk⁻ᵀ
    const inverse = new Float64Array(size * size);
    for (let r = 0; r < size; r++)
      inverse.set(a.subarray((k + r) * n + k, (k + r) * n + k + r + 1), r * size);
    invertBlock(inverse, size, 0, size);
    const inverseT = new Float64Array(size * size);
    for (let r = 0; r < size; r++)
      for (let c = 0; c <= r; c++) inverseT[c * size + r] = inverse[r * size + c]!;
    const panel = new Float64Array(rest * size);
    multiplyAdd(
      { data: panel, stride: size },
      { data: a, offset: below * n + k, stride: n },
      { data: inverseT, stride: size },
      { m: rest, n: size, k: size },
    );
    const panelT = new Float64Array(size * rest);
    for (let r = 0; r < rest; r++) {
      a.set(panel.subarray(r * size, (r + 1) * size), (below + r) * n + k);
      for (let c = 0; c < size; c++) panelT[c * rest + r] = panel[r * size + c]!;
    }
    // what remains: A −= P Pᵀ, on and below the diagonal
    for (let r = 0; r < rest; r += PANEL) {
      const m = Math.min(PANEL, rest - r);
      multiplyAdd(
        { data: a, offset: (below + r) * n + below, stride: n },
        { data: panel, offset: r * size, stride: size },
        { data: panelT, stride: rest },
        { m, n: r + m, k: size },
        -1,
      );
    }
  }
  for (let r = 0; r < n; r++) a.fill(0, r * n + r + 1, (r + 1) * n);
  return true;
}

function factorizeBlock(a: Float64Array, n: number, start: number, size: number): boolean {
  for (let j = start; j < start + size; j++) {
    let pivot = a[j * n + j]!;
    for (let p = start; p < j; p++) pivot -= a[j * n + p]! ** 2;
    if (!(pivot > 0 && pivot < Infinity)) return false;
    const root = Math.sqrt(pivot);
    a[j * n + j] = root;
    for (let i = j + 1; i < start + size; i++) {
      let sum = a[i * n + j]!;
      for (let p = start; p < j; p++) sum -= a[i * n + p]! * a[j * n + p]!;
      a[i * n + j] = sum / root;
    }
  }
  return true;
}

/** L⁻¹ in place, L lower triangular. */
function invertLower(l: Float64Array, n: number): void {
  for (let k = 0; k < n; k += BLOCK) {
    const size = Math.min(BLOCK, n - k);
    invertBlock(l, n, k, size);
    if (k === 0) continue;
    // X[k, :k] = −L_kk⁻¹ (L[k, :k] X[:k, :k]); X is lower triangular, so a panel of its columns starts at its own row
    const product = new Float64Array(size * k);
    for (let c = 0; c < k; c += PANEL) {
      multiplyAdd(
        { data: product, offset: c, stride: k },
        { data: l, offset: k * n + c, stride: n },
        { data: l, offset: c * n + c, stride: n },
        { m: size, n: Math.min(PANEL, k - c), k: k - c },
      );
    }
    for (let r = 0; r < size; r++) l.fill(0, (k + r) * n, (k + r) * n + k);
    multiplyAdd(
      { data: l, offset: k * n, stride: n },
      { data: l.slice(k * n, (k + size) * n), offset: k, stride: n },
      { data: product, stride: k },
      { m: size, n: k, k: size },
      -1,
    );
  }
}

/** The inverse of a lower triangular diagonal block, in place. */
function invertBlock(l: Float64Array, stride: number, start: number, size: number): void {
  const at = (r: number, c: number): number => (start + r) * stride + start + c;
  for (let r = 0; r < size; r++) {
    const diagonal = l[at(r, r)]!;
    for (let c = 0; c < r; c++) {
      let sum = 0;
      for (let p = c; p < r; p++) sum += l[at(r, p)]! * l[at(p, c)]!;
      l[at(r, c)] = -sum / diagonal;
    }
    l[at(r, r)] = 1 / diagonal;
  }
}
