/**
 * The script of the HTML report, all of it: tables sort when a head is pressed, and marks of figures say their value to a mouse, a finger and the arrow
 * keys. The values stand in the SVG itself (`data-tip`), so a chart library need not be shipped. The page is complete without it.
 */
export const PAGE_SCRIPT = `'use strict';
const valueOf = (row, column) => {
  const text = row.cells[column].textContent.trim();
  const number = parseFloat(text);
  return Number.isNaN(number) || row.cells[column].classList.contains('t') ? text : number;
};
const compare = (a, b) =>
  typeof a === 'number' && typeof b === 'number' ? a - b
  : typeof a === 'number' ? -1
  : typeof b === 'number' ? 1
  : a.localeCompare(b, undefined, { numeric: true });
document.addEventListener('click', (event) => {
  const button = event.target.closest('th button');
  if (!button) return;
  const head = button.parentElement;
  const descending = head.getAttribute('aria-sort') === 'ascending';
  for (const other of head.parentElement.cells) other.setAttribute('aria-sort', 'none');
  head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  const body = head.closest('table').tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, head.cellIndex) }));
  rows.sort((a, b) => {
    const empty = (a.value === '–') - (b.value === '–');
    return empty || (descending ? compare(b.value, a.value) : compare(a.value, b.value));
  });
  body.append(...rows.map(({ row }) => row));
});

const tip = document.getElementById('tip');
let mark = null;
const hide = () => {
  mark?.classList.remove('on');
  mark = null;
  tip.hidden = true;
};
const show = (next) => {
  if (next === mark) return;
  hide();
  mark = next;
  mark.classList.add('on');
  tip.textContent = mark.dataset.tip;
  tip.hidden = false;
  const at = mark.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left + at.width / 2 - own.width / 2, document.documentElement.clientWidth - own.width - 8));
  const above = at.top - own.height - 8;
  tip.style.left = left + scrollX + 'px';
  tip.style.top = (above < 0 ? at.bottom + 8 : above) + scrollY + 'px';
};
const nearest = (svg, x, y, reach) => {
  let [best, least] = [null, reach];
  for (const candidate of svg.querySelectorAll('[data-tip]')) {
    const box = candidate.getBoundingClientRect();
    const distance = Math.hypot(x - Math.max(box.left, Math.min(x, box.right)), y - Math.max(box.top, Math.min(y, box.bottom)));
    if (distance < least && box.width < 60) [best, least] = [candidate, distance];
  }
  return best;
};
document.addEventListener('pointerover', (event) => {
  const over = event.target.closest?.('[data-tip]');
  if (over) show(over);
  else if (event.pointerType === 'mouse') hide();
});
document.addEventListener('pointerdown', (event) => {
  const svg = event.target.closest?.('.panels svg');
  const found = svg && (event.target.closest('[data-tip]') ?? nearest(svg, event.clientX, event.clientY, 24));
  if (found) show(found);
  else hide();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') hide();
  const svg = document.activeElement?.closest?.('.panels svg');
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!svg || !step) return;
  event.preventDefault();
  const marks = [...svg.querySelectorAll('[data-tip]')];
  if (marks.length) show(marks[(marks.indexOf(mark) + step + marks.length) % marks.length]);
});
document.addEventListener('focusout', hide);
`;
