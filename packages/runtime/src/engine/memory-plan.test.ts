import { expect, it } from 'vitest';
import { goldenFolder } from '../../test/helpers/golden.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { neededMemory, planMemory } from './memory-plan.ts';

it('divides what is left over, and lets graphs keep memory only where all of them can, those for scored tokens last', async () => {
  const checkpoint = await openCheckpoint(goldenFolder('llama'));
  const one = { variants: 1, rowLength: 64 };
  const { total } = neededMemory(checkpoint, one);
  expect(planMemory(checkpoint, total + 100, one)).toMatchObject({
    resident: 50,
    hidden: 50,
    graphsKeepMemory: true,
  });
  const three = { variants: 3, rowLength: 64 };
  const needs = neededMemory(checkpoint, three);
  const enough = needs.total + 2 * needs.graph;
  expect(planMemory(checkpoint, enough, three)).toMatchObject({
    resident: 0,
    hidden: 0,
    graphsKeepMemory: true,
    scoredOnly: false,
  });
  expect(planMemory(checkpoint, enough - 1, three)).toMatchObject({
    graphsKeepMemory: false,
    scoredOnly: true, // a graph gives its memory back before the next runs
  });
  const more = needs.total + 5 * needs.graph;
  expect(planMemory(checkpoint, more - 1, three).scoredOnly).toBe(false);
  expect(planMemory(checkpoint, more, three)).toMatchObject({ resident: 0, hidden: 0, scoredOnly: true });
  await checkpoint.close();
});

it('counts what the caller holds, and says so', async () => {
  const checkpoint = await openCheckpoint(goldenFolder('llama'));
  const sizes = { variants: 1, rowLength: 64 };
  const { total } = neededMemory(checkpoint, sizes);
  expect(() => planMemory(checkpoint, total, { ...sizes, heldByCaller: 5_000_000 })).toThrow(
    /too small for one block.* 5\.0 MB held by the caller\), received/s,
  );
  await checkpoint.close();
});
