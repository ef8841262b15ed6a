import { eachSource, runEach } from './each.ts'
import type { Gpu } from './gpu.ts'
import type { GpuArray } from './memory.ts'

/** So many neighbours are put in order by counting. */
const BLOCK = 64

/** The place of a key within its block is the number of keys that belong before it: the smaller ones, and of equal ones those that came before it. */
const sortBlocks = eachSource('sortBlocks', {
  reads: { keys: 'u32' },
  writes: { sorted: 'u32', places: 'u32' },
  params: { c: 'u32' },
  body: `let place = i % p.c;
  let start = i - place % ${BLOCK}u;
  let end = min(start + ${BLOCK}u, i - place + p.c);
  let key = keys[i];
  var rank = 0u;
  for (var j = start; j < end; j++) { rank += u32(keys[j] < key || (keys[j] == key && j < i)); }
  sorted[start + rank] = key;
  places[start + rank] = place;`,
})

/**
 * Two neighbouring runs of `width` keys become one: each key goes as far to the right as keys of the other run belong before it, which bisection tells. Of equal
 * keys those of the left run come first.
 */
const mergeRuns = eachSource('mergeRuns', {
  reads: { keys: 'u32', places: 'u32' },
  writes: { merged: 'u32', mergedPlaces: 'u32' },
  params: { c: 'u32', width: 'u32' },
  body: `let place = i % p.c;
  let row = i - place;
  let run = place / p.width;
  let isRight = run % 2u == 1u;
  let other = min((run ^ 1u) * p.width, p.c); // the other run, none beside a last one that is alone
  let key = keys[i];
  var low = other;
  var high = min(other + p.width, p.c);
  while (low < high) {
    let middle = (low + high) / 2u;
    let its = keys[row + middle];
    if (its < key || (isRight && its == key)) { low = middle + 1u; } else { high = middle; }
  }
  let to = row + (run & ~1u) * p.width + place % p.width + (low - other);
  merged[to] = key;
  mergedPlaces[to] = places[i];`,
})

/**
 * Each of n rows of c keys in ascending order, equal ones as they came, and where in its row each stood: merge sort, one dispatch for each doubling.
 * keys: [N, C], u32 whatever the dtype says -> keys, places: [N, C]
 */
export function sortRows(
  gpu: Gpu,
  operation: string,
  keys: GpuArray,
  { n, c }: { n: number; c: number },
): [keys: GpuArray, places: GpuArray] {
  const allocate = () => gpu.allocate(operation, 'int32', n * c)
  let [sorted, places] = [allocate(), allocate()]
  runEach(gpu, sortBlocks, n * c, { keys, sorted, places }, { c })
  for (let width = BLOCK; width < c; width *= 2) {
    const [merged, mergedPlaces] = [allocate(), allocate()]
    runEach(gpu, mergeRuns, n * c, { keys: sorted, places, merged, mergedPlaces }, { c, width })
    gpu.memory.release(sorted)
    gpu.memory.release(places)
    sorted = merged
    places = mergedPlaces
  }
  return [sorted, places]
}
