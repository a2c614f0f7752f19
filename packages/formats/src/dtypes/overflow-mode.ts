/**
 * What becomes of a number beyond the largest finite value of a narrow float format.
 * - `nonsat`: infinity, or NaN in E4M3, which has no infinity. What casts in numpy, torch and ml_dtypes do.
 * - `sat`: the largest finite value; an infinity stays an infinity (NaN in E4M3). ml_dtypes with `kSaturate`.
 * - `satInf`: the largest finite value, for infinities too. The saturating mode of the OCP 8-bit floating point specification.
 *
 * A NaN stays a NaN in every mode.
 */
export type OverflowMode = 'nonsat' | 'sat' | 'satInf';
