/** @file What a report is: sentences, sections with tables and figures, and where every number comes from. Plain data; renderers make files of it. */
import type { Manifest } from '@bitcliff/study';

/** A number or a text in a table. */
export interface Cell {
  /** In the unit of the column; `null` prints a dash. */
  readonly value: number | string | null;
  /** Standard error, in the same unit. */
  readonly stderr?: number | null;
  /** Printed behind the value, such as `*`; explained in the notes. */
  readonly mark?: string;
  /** Keys of the runs whose records it was made from; none for what the study's config says. */
  readonly runs: readonly string[];
}

/** A column of a table. */
export interface Column {
  /** With its unit. */
  readonly label: string;
  /** Digits after the point. @default four significant digits */
  readonly decimals?: number;
}

/** A table; every row has a cell for each column. */
export interface Table {
  /** File name without its ending: lower-case letters, digits and hyphens, unique in the report. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly notes: readonly string[];
}

/** A Vega-Lite chart with its data, without colours of a theme and without a legend for series. */
export interface Panel {
  /** What distinguishes it from the other panels of its figure; `null` for a single one. */
  readonly title: string | null;
  readonly spec: UnitSpec;
}

/** Vega-Lite, one view or layers. */
export type UnitSpec = Readonly<Record<string, unknown>>;

/** A series of a figure in its legend. */
export interface LegendEntry {
  readonly label: string;
  /** CSS color. */
  readonly color: string;
  /** Vega's name of a symbol; `stroke` for a line without points. */
  readonly shape: string;
  /** Dash pattern of its line, SVG units. @default solid */
  readonly dash?: readonly number[];
}

/** Small charts that share a legend. */
export interface Figure {
  /** As of a table. */
  readonly id: string;
  readonly title: string;
  /** What is drawn, with what the marks and bars mean. */
  readonly caption: string;
  readonly panels: readonly Panel[];
  readonly legend: readonly LegendEntry[];
}

/** One subject of the report. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** What is shown and how to read it. */
  readonly text: string;
  readonly figures: readonly Figure[];
  readonly tables: readonly Table[];
}

/** What a sentence of the answer is about. */
export type Topic = 'what is missing' | 'what is lost' | 'where it is lost' | 'what training does';

/** A sentence of the answer, computed by a rule from records. */
export interface Sentence {
  /** Name of the rule. */
  readonly rule: string;
  /** What it is about; sentences of a topic stand together. */
  readonly topic: Topic;
  readonly text: string;
  /** As of a cell. */
  readonly runs: readonly string[];
}

/** A report of a study, ready to be rendered. All texts are printable: control characters and direction marks are written as escapes. */
export interface Report {
  readonly name: string;
  readonly title: string | null;
  readonly answer: readonly Sentence[];
  readonly sections: readonly Section[];
  /** Of all runs that numbers refer to, in the order of their first use. */
  readonly manifests: readonly Manifest[];
  /** The config of the study as it was run. */
  readonly config: Readonly<Record<string, unknown>>;
}
