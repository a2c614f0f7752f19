/** The style sheet of the HTML report: light and dark, wide and narrow, print. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1d2126; --faint: #5c6670; --line: #d5dae0; --raised: #f5f7f9; --link: #0b5cad; --mark: #fff2c4; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --ink: #e4e7ea; --faint: #a0a9b2; --line: #343a41; --raised: #1e2226; --link: #7db8f0; --mark: #4a3f14; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; border-top: 1px solid var(--line); padding-top: 1.25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
p { margin: 0.4rem 0; max-width: 52rem; }
a { color: var(--link); }
.faint, figcaption, .note { color: var(--faint); font-size: 0.875rem; }
.answer { background: var(--raised); border-left: 4px solid var(--link); padding: 0.75rem 1rem 0.75rem 0.5rem; margin: 1rem 0; }
.answer h2 { font-size: 1rem; margin: 0.6rem 0 0 0.4rem; border: 0; padding: 0; }
.answer h2:first-child { margin-top: 0; }
.answer ul { margin: 0; padding-left: 1.4rem; }
.answer li { margin: 0.35rem 0; }
nav { font-size: 0.875rem; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; }
figure { margin: 1rem 0; }
figure h3 { margin-top: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; list-style: none; margin: 0.4rem 0; padding: 0; font-size: 0.8125rem; }
.legend li { display: flex; align-items: center; gap: 0.35rem; max-width: 20rem; }
.legend span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21.5rem, 100%), 1fr)); gap: 0.75rem; align-items: start; }
h4 { font-size: 0.8125rem; margin: 0 0 0.1rem; }
.panels svg { display: block; max-width: 100%; height: auto; }
.panels svg:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); }
[data-tip] { cursor: crosshair; }
.on { stroke: var(--ink); stroke-width: 3; }
#tip { position: absolute; z-index: 2; max-width: min(22rem, 90vw); padding: 0.3rem 0.55rem; background: var(--ink); color: var(--ground); font-size: 0.8125rem; border-radius: 0.25rem; pointer-events: none; }
details { margin: 0.75rem 0; }
summary { cursor: pointer; font-weight: 600; }
.scroll { overflow: auto; max-height: 36rem; border: 1px solid var(--line); margin: 0.4rem 0; }
table { border-collapse: collapse; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { position: sticky; top: 0; background: var(--raised); vertical-align: bottom; padding: 0; }
th button { all: unset; box-sizing: border-box; width: 100%; padding: 0.3rem 0.6rem; cursor: pointer; white-space: normal; overflow-wrap: normal; max-width: 14rem; }
th.long button { overflow-wrap: anywhere; }
th button:focus-visible { outline: 2px solid var(--link); outline-offset: -2px; }
th[aria-sort="ascending"] button::after { content: " ▲"; }
th[aria-sort="descending"] button::after { content: " ▼"; }
.t { text-align: left; }
.long { white-space: normal; min-width: 14rem; max-width: 24rem; overflow-wrap: anywhere; }
td a { color: inherit; text-decoration: none; }
td a:hover, td a:focus-visible { text-decoration: underline; color: var(--link); }
.run { border-bottom: 1px solid var(--line); padding: 0.4rem 0; font-size: 0.8125rem; }
.run details { margin: 0; }
.run summary { font-weight: 400; color: var(--faint); }
.run:target, tr:target { background: var(--mark); }
code, pre { font: 0.75rem/1.4 ui-monospace, monospace; }
pre { white-space: pre-wrap; margin: 0.25rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 0.75rem; margin: 0.25rem 0; }
dt { color: var(--faint); } dd { margin: 0; }
@media (max-width: 40rem) { body { padding: 0.75rem; } dl { grid-template-columns: 1fr; } dd { margin-left: 0.75rem; } h2 { margin-top: 1.75rem; } }
@media print { .scroll { max-height: none; overflow: visible; } #tip { display: none; } }
`;
