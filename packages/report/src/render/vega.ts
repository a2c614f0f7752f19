/** @file Vega-Lite specifications to SVG text, without a browser: Vega's own SVG string renderer. */
import { InternalError } from '@bitcliff/core';
import type { LoggerInterface } from 'vega';
import type { TopLevelSpec } from 'vega-lite';

/** How charts look on a ground of their own, or on that of the page they stand in. */
export type Theme = 'file' | 'page';

const INK: Readonly<Record<Theme, string>> = { file: '#333333', page: 'currentColor' };

/** Vega-Lite's settings of a theme. */
export function themeConfig(theme: Theme): Record<string, unknown> {
  const ink = INK[theme];
  const font = 'system-ui, sans-serif';
  const labels = { labelColor: ink, titleColor: ink, labelFont: font, titleFont: font };
  return {
    background: theme === 'file' ? 'white' : 'transparent',
    padding: 6,
    view: { stroke: null },
    axis: {
      ...labels,
      ...{ labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal' },
      ...{
        gridColor: ink,
        gridOpacity: 0.13,
        domainColor: ink,
        domainOpacity: 0.5,
        tickColor: ink,
        tickOpacity: 0.5,
      },
    },
    legend: { ...labels, labelFontSize: 10, titleFontSize: 11, titleFontWeight: 'normal' },
    title: { color: ink, font, fontSize: 12, fontWeight: 600, anchor: 'start', limit: 320, offset: 8 },
    text: { color: ink, font },
    rule: { color: ink },
  };
}

/** A specification with the colour of text for `currentColor` in the ranges of its scales. */
export function inked<T>(spec: T, theme: Theme): T {
  return theme === 'page' ? spec : (replaceRange(spec, false) as T);
}

function replaceRange(value: unknown, isRange: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => replaceRange(item, isRange));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === 'values' ? item : replaceRange(item, key === 'range'),
      ]),
    );
  }
  return isRange && value === 'currentColor' ? INK.file : value;
}

/** SVG text of a specification, which stays as it is: Vega marks the data that it is given. @throws {InternalError} when Vega reports an error: specifications are ours */
export async function vegaSvg(spec: Record<string, unknown>): Promise<string> {
  // loaded here: tables need neither, and both take a fifth of a second
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const problems: string[] = [];
  const logger = createLogger((problem) => problems.push(problem));
  const { spec: compiled } = compile(structuredClone(spec) as unknown as TopLevelSpec, { logger });
  const view = new View(parse(compiled), { renderer: 'none', logger });
  try {
    const svg = await view.toSVG();
    if (problems.length > 0) throw new InternalError(`Vega reported ${problems.join('; ')}`);
    return svg;
  } finally {
    view.finalize();
  }
}

/** Keeps errors and warnings, prints nothing. */
function createLogger(onProblem: (problem: string) => void): LoggerInterface {
  const keep = (...parts: readonly unknown[]): LoggerInterface => {
    onProblem(parts.map(String).join(' '));
    return logger;
  };
  const level = ((value?: number) => (value === undefined ? 2 : logger)) as LoggerInterface['level'];
  const logger: LoggerInterface = { level, error: keep, warn: keep, info: () => logger, debug: () => logger };
  return logger;
}
