/** @file Outlier dimensions by each rule: table 5 of arXiv 2305.19268. */
import type { Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, percent } from '../view/format-number.ts';
import type { RecordOf, StudyView } from '../view/study-view.ts';

/** When outlier dimensions were looked for. */
export function outlierSection(view: StudyView): Section | null {
  const records = view.records('outlier');
  if (records.length === 0) return null;
  return {
    id: 'outliers',
    title: 'Outlier dimensions',
    text: 'Dimensions of the hidden state that are outliers in enough layers and at enough tokens, in every one of the samples.',
    figures: [],
    tables: [
      {
        id: 'outliers',
        title: 'Outlier dimensions',
        columns: [
          ...[
            'checkpoint',
            'variant',
            'input of',
            'rule',
            'reading',
            'samples',
            'number',
            '% of sequence',
            '% of layers',
            'dimensions',
          ].map((label) => ({ label })),
        ],
        rows: records.map((record) => [
          cell(record.checkpoint),
          cell(record.variant),
          cell(record.role),
          cell(ruleName(record)),
          cell(record.reading),
          cell(record.samples, record),
          cell(record.dimensions.length, record),
          cell(record.tokenFraction === null ? null : percent(record.tokenFraction), record),
          cell(record.layerFraction === null ? null : percent(record.layerFraction), record),
          cell(dimensionNames(record), record),
        ]),
        notes: [
          ...new Set(
            records.map(
              ({ layerShare, tokenShare }) =>
                `A dimension counts when it is an outlier in at least ${formatNumber(100 * layerShare)} % of layers and ${formatNumber(100 * tokenShare)} % of tokens.`,
            ),
          ),
          'Reading: how the two shares combine. pooled: over all pairs of a layer and a token; union: at tokens where some layer has it; perLayer: in each layer that counts.',
        ],
      },
    ],
  };
}

/** `|a| > 6`. */
export function ruleName({ rule }: Pick<RecordOf<'outlier'>, 'rule'>): string {
  return rule.kind === 'threshold'
    ? `|a| > ${formatNumber(rule.threshold)}`
    : `|a| > ${formatNumber(rule.deviations)} σ + μ of the token`;
}

/** The first eight. */
export function dimensionNames({ dimensions }: Pick<RecordOf<'outlier'>, 'dimensions'>): string {
  const names = dimensions.slice(0, 8).map(({ dimension }) => String(dimension));
  return `${names.join(' ')}${dimensions.length > 8 ? ' …' : ''}`;
}
