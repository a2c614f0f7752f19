/** @file Invented rows in the schemas of the real data sets. */

/** HellaSwag with the columns of the Hugging Face data set. */
export const HELLASWAG_COLUMNS: readonly Readonly<Record<string, unknown>>[] = [
  {
    ind: 1,
    activity_label: 'Mending nets',
    ctx_a: 'A sailor sits on the pier with a torn net.',
    ctx_b: 'the OLD sailor',
    ctx: 'unused',
    endings: ['threads a needle.', 'eats the [step] pier.', 'flies off  slowly.', 'melts.'],
    source_id: 'invented~1',
    split: 'val',
    split_type: 'indomain',
    label: '0',
  },
  {
    ind: 2,
    activity_label: 'Home and Garden',
    ctx_a: '[header] How to dry herbs [title] Cut them. [step] Cut in the morning.',
    ctx_b: '',
    ctx: 'unused',
    endings: ['[substeps] Hang them up.', 'Boil them [title] Leave.', 'Bury the shears.', 'Sing to them.'],
    source_id: 'invented~2',
    split: 'val',
    split_type: 'zeroshot',
    label: 3,
  },
];

/** The same idea in the six-line layout: final wording, then the index, then four endings. */
export const HELLASWAG_TEXT = `Mending nets: A sailor sits on the pier with a torn net. the sailor
0
threads a needle.
eats the pier.
flies off slowly.
melts.
Home and Garden: How to dry herbs. Cut them. Cut in the morning.
3
Hang them up.
Boil them. Leave.
Bury the shears.
Sing to them.
`;

/** LAMBADA, OpenAI's processing. */
export const LAMBADA_COLUMNS: readonly { readonly text: string }[] = [
  { text: 'The lamp was out again, so Ida went down to the cellar to look for a lamp' },
  { text: 'Nobody had seen the ferry.\n"It will come," said Per, and they waited for the ferry' },
];
