/** Threads of a workgroup that works on one row. */
export const ROW_THREADS = 64
/** Without sub-groups of so many threads the parts of the threads become so many, and these one: two barriers, where halves would take six. */
const FEW = 8

const rowReduction = (name: string, join: (a: string, b: string) => string) => `
fn ${name}(local: u32, subgroup: u32, x: f32) -> f32 {
  parts[local] = x;
  workgroupBarrier();
  if (subgroup >= ${FEW}) {
    let lane = local % subgroup;
    var y = parts[lane];
    for (var i = lane + subgroup; i < ${ROW_THREADS}; i += subgroup) { y = ${join('y', 'parts[i]')}; }
    workgroupBarrier();
    for (var distance = 1u; distance < subgroup; distance *= 2) { y = ${join('y', 'exchange_f32(y, distance)')}; }
    return y;
  }
  if (local < ${FEW}) {
    var y = parts[local];
    for (var i = local + ${FEW}; i < ${ROW_THREADS}; i += ${FEW}) { y = ${join('y', 'parts[i]')}; }
    few[local] = y;
  }
  workgroupBarrier();
  var y = few[0];
  for (var i = 1; i < ${FEW}; i++) { y = ${join('y', 'few[i]')}; }
  return y;
}`

/**
 * `rowSum(local, subgroup, x)`, `rowMax(local, subgroup, x)`: what all threads of a workgroup of ROW_THREADS have together, always in the same order, so the same bits. All
 * threads must call it. Each sub-group adds up all parts for itself: first those that meet in one of its threads, then, from thread to thread, these. In which order
 * `subgroupAdd` would do so is not promised. They need `subgroups` and the functions of `special`.
 */
export const rowReductions = `
var<workgroup> parts: array<f32, ${ROW_THREADS}>;
var<workgroup> few: array<f32, ${FEW}>;
fn greater(a: f32, b: f32) -> f32 { return select(select(b, a, a > b), a, isNan(a)); }
${rowReduction('rowSum', (a, b) => `${a} + ${b}`)}
${rowReduction('rowMax', (a, b) => `greater(${a}, ${b})`)}`

/**
 * `pivot(x)`: what is subtracted from the numbers before they are summed for their mean, one of themselves: of numbers far from 0 only their differences remain, and of equal
 * ones nothing. 0 where x is so large that differences could overflow.
 */
export const pivot = `
fn pivot(x: f32) -> f32 { return select(x, 0.0, abs(x) > 1e30); }`
