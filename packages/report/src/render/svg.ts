import type { Figure, LegendEntry, Panel } from '../report.ts';
import { escapeMarkup } from './escape.ts';
import { inked, themeConfig, vegaSvg } from './vega.ts';

/** A figure as a file. */
export interface RenderedFigure {
  /** One image with its legend, on a white ground; values show as titles of the marks. */
  readonly svg: string;
  /** The Vega-Lite specification that it was made from, with its data. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * Render a figure as one SVG image: its panels side by side, three in a row, and its legend.
 * @example
 * const { svg, spec } = await renderSvg(report.sections[0].figures[0]);
 */
export async function renderSvg(figure: Figure): Promise<RenderedFigure> {
  const spec = figureSpec(figure);
  const svg = tagsOf(await vegaSvg(spec), (tag) => tidyTag(tag));
  const title = escapeMarkup(figure.title);
  const named = withTitles(svg).replace(/^<svg ([^<>]*)>/, `<svg role="img" $1><title>${title}</title>`);
  return { svg: named, spec };
}

/** A panel for a page, without its title: the colours of the page, marks with `data-tip`, and ids of its own. */
export async function panelSvg({ spec }: Panel, id: string): Promise<string> {
  const svg = await vegaSvg({ $schema: SCHEMA, ...spec, config: themeConfig('page') });
  const own = tagsOf(svg, (tag) =>
    tidyTag(tag)
      .replace(/( id="|="url\(#)(gradient_|clip)/g, `$1${id}-$2`)
      .replace(' aria-label=', ' data-tip=')
      .replace(/ xmlns(:xlink)?="[^"]*"/g, ''),
  );
  return own;
}

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';

const titled = (spec: Panel['spec'], title: string | null): Record<string, unknown> =>
  title === null ? { ...spec } : { ...spec, title: { text: title } };

function figureSpec({ title, caption, panels, legend }: Figure): Record<string, unknown> {
  const views = panels.map((panel) => titled(panel.spec, panel.title));
  return {
    $schema: SCHEMA,
    title: { text: title, fontSize: 14, limit: 900 },
    usermeta: { caption },
    columns: Math.min(3, views.length + (legend.length > 0 ? 1 : 0)),
    concat: inked(legend.length > 0 ? [...views, legendView(legend)] : views, 'file'),
    resolve: { scale: { color: 'independent', shape: 'independent', strokeDash: 'independent' } },
    config: themeConfig('file'),
  };
}

/** A legend drawn as a view of its own, so that panels need none. */
function legendView(legend: readonly LegendEntry[]): Record<string, unknown> {
  const labels = legend.map(({ label }) => label);
  const scale = (range: readonly unknown[]) => ({ domain: labels, range });
  const y = { field: 'series', type: 'nominal', sort: null, axis: null };
  return {
    width: 200,
    height: 18 * legend.length,
    data: { values: legend.map(({ label }) => ({ series: label, at: 0 })) },
    encoding: { y, x: { field: 'at', type: 'quantitative', axis: null, scale: { domain: [0, 10] } } },
    layer: [
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 1, aria: false },
        encoding: {
          color: {
            field: 'series',
            type: 'nominal',
            scale: scale(legend.map(({ color }) => color)),
            legend: null,
          },
          shape: {
            field: 'series',
            type: 'nominal',
            scale: scale(legend.map(({ shape }) => shape)),
            legend: null,
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 10, limit: 190, aria: false },
        encoding: { text: { field: 'series', type: 'nominal' } },
      },
    ],
  };
}

/** Apply to every tag. Vega escapes < and > in texts and attributes, so a tag ends at its first >. */
function tagsOf(svg: string, change: (tag: string) => string): string {
  return svg.replace(/<[^<>]+>/g, change);
}

/** Vega's notes for accessibility stay on marks alone, and coordinates have two decimals. */
function tidyTag(tag: string): string {
  const isMark =
    / role="graphics-symbol" aria-roledescription="(point|rect mark|line mark|area mark|bar)"/.test(tag);
  const plain = tag
    .replace(/ (role|aria-roledescription|aria-hidden|pointer-events|class)="[^"]*"/g, '')
    .replace(/ opacity="1"/, '')
    .replace(
      / (d|transform|x2|y2|width|height)="([^"]*)"/g,
      (_, name: string, value: string) => ` ${name}="${rounded(value)}"`,
    );
  return isMark ? plain : plain.replace(/ aria-label="[^"]*"/, '');
}

const rounded = (value: string): string =>
  value.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2))));

/** A title in each mark: browsers show it to a reader who points at the mark. */
function withTitles(svg: string): string {
  return svg.replace(
    /<path aria-label="([^"]*)"([^<>]*)\/>/g,
    '<path aria-label="$1"$2><title>$1</title></path>',
  );
}
