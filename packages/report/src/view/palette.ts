/**
 * @file Colours that stay apart for colour-blind readers and on white and dark grounds. Recipes have those of Okabe and Ito (2008), without black and yellow,
 * which vanish on one of the two; the baseline has the colour of text. Checkpoints and roles, which have an order, have a sequence from violet to ochre of one
 * lightness, so that all of it is seen on both grounds. Shapes and dashes repeat the distinction.
 */
import type { LegendEntry } from '../report.ts';

const RECIPE_COLORS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#8C6D31'];
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down', 'cross', 'triangle-right'];
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4]];

/** Violet to ochre. */
const SEQUENCE = ['#7d5bc0', '#4f6fc4', '#2b83ad', '#1f9289', '#3f9a5a', '#79973a', '#a98b21', '#c97b2e'];

/** How the baseline is drawn. */
export const BASELINE_STYLE: Omit<LegendEntry, 'label'> = { color: 'currentColor', shape: 'circle' };

/**
 * How a variant is drawn.
 * @param recipe index of its recipe in the study @param calibration index of its calibration set
 */
export function recipeStyle(recipe: number, calibration: number): Omit<LegendEntry, 'label'> {
  return {
    color: RECIPE_COLORS[recipe % RECIPE_COLORS.length]!,
    // past the last colour, shapes are shifted: no pair repeats before 49 recipes; sets of one recipe have its colour
    shape: SHAPES[(recipe + Math.floor(recipe / RECIPE_COLORS.length) + 3 * calibration) % SHAPES.length]!,
    dash: DASHES[(calibration + Math.floor(recipe / RECIPE_COLORS.length)) % DASHES.length]!,
  };
}

/** How one of several checkpoints, layers or roles is drawn. */
export function sequenceStyle(index: number, count: number): Omit<LegendEntry, 'label'> {
  const at = count <= 1 ? 2 : Math.round((index * (SEQUENCE.length - 1)) / (count - 1));
  return {
    color: SEQUENCE[at]!,
    shape: SHAPES[index % SHAPES.length]!,
    dash: DASHES[index % DASHES.length]!,
  };
}
