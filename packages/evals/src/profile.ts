/**
 * Whose prompts: `lmeval` is lm-evaluation-harness 0.4.13.dev0, `classic` its v0.3.0 (2022), which most GPTQ-era tables used: context and continuation
 * tokenized apart, no special tokens, one space before a COPA choice.
 */
export type Profile = 'lmeval' | 'classic';
