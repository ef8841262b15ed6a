import { hasSubgroups } from './device.ts'

/** The types of the elements of an array in WGSL. */
export type Element = 'f32' | 'i32' | 'u32' | 'vec4f'
/** The types of parameters. `axes`: up to eight axes as vec4i, what each number means is the kernel's own affair; `p.axes[i]`. */
export type Parameter = 'u32' | 'i32' | 'f32' | 'axes'

export const MAX_AXES = 8

/** A kernel in WGSL, but for what all have in common, which `wgslOf` writes. */
export interface Source {
  readonly name: string
  /** The arrays that it reads and writes, by the names that the code gives them, in the order of their bindings. */
  readonly reads: Readonly<Record<string, Element>>
  readonly writes: Readonly<Record<string, Element>>
  /** Numbers that are the same for all threads: `p.n`. `axes` comes first. */
  readonly params: Readonly<Record<string, Parameter>>
  /** Threads of a workgroup. Default 256 in a row. */
  readonly workgroup?: readonly [x: number, y: number, z: number]
  /**
   * Its threads hand numbers to one another within their sub-group, where the device has sub-groups: `exchange_f32(x, distance)` and `exchange_i32` give what
   * thread `local ^ distance` has, for each power of two below `subgroup`, the size of a sub-group. Without them `subgroup` is 1. All threads must call it.
   */
  readonly subgroups?: boolean
  /** It looks at the numbers themselves: `complain(p.complaint, place)` says that one is not as it must be. Run it by `runChecked`. */
  readonly checks?: boolean
  /** Functions, constants, workgroup memory. */
  readonly declarations?: string
  /**
   * The body of the main function. `local`: this thread within its workgroup; `lid`, `wid`: thread and workgroup in three dimensions;
   * `group`: the workgroup, where they are numbered in a row (its number can lie beyond the last one: return then).
   */
  readonly main: string
}

/** A kernel that has been compiled. */
export interface Program {
  readonly source: Source
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
  /** Tells layouts of bindings apart. */
  readonly layoutKey: string
}

const WORKGROUP = [256, 1, 1] as const

/**
 * A complaint: its number, the inverted place, the bits of the value, and whether it is settled. Of the places in one array the first stays; the value at it is found, and
 * the complaint settled, when all threads are done.
 */
const CHECKS = `
fn complain(id: u32, place: u32) {
  if (atomicLoad(&complaints[3]) == 1u) { return; }
  atomicStore(&complaints[0], id);
  atomicMax(&complaints[1], ~place);
}`

const exchange = (T: Element, hasSubgroups: boolean) => `
fn exchange_${T}(x: ${T}, distance: u32) -> ${T} { return ${hasSubgroups ? 'subgroupShuffleXor(x, distance)' : 'x'}; }`

const LOCAL_BUILTIN = ', @builtin(local_invocation_index) local: u32'
const SUBGROUP_BUILTINS = `,
        @builtin(local_invocation_index) index: u32, @builtin(num_subgroups) subgroups: u32,
        @builtin(subgroup_id) subgroupId: u32, @builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32`

/**
 * WGSL says neither which threads make up a sub-group nor that all of its places are taken. So threads are numbered by their places in sub-groups, and where some
 * places are empty, sub-groups are not used.
 */
const subgroupsOf = (threads: number) => `
  let isFull = subgroupSize * subgroups == ${threads}u;
  let subgroup = select(1u, subgroupSize, isFull);
  let local = select(index, subgroupId * subgroupSize + subgroupLane, isFull);`

/** The whole text of a kernel, for a device with sub-groups or without. */
export function wgslOf(source: Source, hasSubgroups: boolean): string {
  const { reads, writes, params, workgroup = WORKGROUP, checks, declarations = '', main } = source
  const usesSubgroups = source.subgroups === true && hasSubgroups
  const fields = Object.entries(params).map(([name, type]) => `  ${name}: ${type === 'axes' ? `array<vec4i, ${MAX_AXES}>` : type},`)
  const arrays = [
    ...Object.entries(reads).map(([name, type]) => `var<storage, read> ${name}: array<${type}>;`),
    ...Object.entries(writes).map(([name, type]) => `var<storage, read_write> ${name}: array<${type}>;`),
    ...(checks ? ['var<storage, read_write> complaints: array<atomic<u32>, 4>;'] : []),
  ].map((declaration, i) => `@group(0) @binding(${i}) ${declaration}`)
  return `${usesSubgroups ? 'enable subgroups;\nrequires subgroup_id;' : ''}
struct Params {
${fields.join('\n')}
}
${arrays.join('\n')}
@group(1) @binding(0) var<uniform> p: Params;
${checks ? CHECKS : ''}
${source.subgroups ? exchange('f32', hasSubgroups) + exchange('i32', hasSubgroups) : ''}
${declarations}
@compute @workgroup_size(${workgroup.join(', ')})
fn main(@builtin(local_invocation_id) lid: vec3u, @builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u${usesSubgroups ? SUBGROUP_BUILTINS : LOCAL_BUILTIN}) {
${usesSubgroups ? subgroupsOf(workgroup[0] * workgroup[1] * workgroup[2]) : source.subgroups ? '  let subgroup = 1u;' : ''}
  let group = wid.y * groups.x + wid.x;
${main}
}
`
}

/** Compiles kernels, and keeps what can be used again: pipelines by their source, layouts by what they bind, groups by their buffers. */
export class Programs {
  readonly paramsLayout: GPUBindGroupLayout
  /** Whether kernels may use sub-groups. */
  readonly hasSubgroups: boolean
  readonly #device: GPUDevice
  readonly #programs = new Map<Source, Program>()
  readonly #layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>()
  #groups = new Map<string, GPUBindGroup>()

  constructor(device: GPUDevice) {
    this.#device = device
    this.hasSubgroups = hasSubgroups(device)
    const binding = { binding: 0, visibility: 4, buffer: { type: 'uniform', hasDynamicOffset: true } } as const
    this.paramsLayout = device.createBindGroupLayout({ entries: [binding] })
  }

  find(source: Source): Program | undefined {
    return this.#programs.get(source)
  }

  compile(source: Source): Program {
    const layoutKey = 'r'.repeat(Object.keys(source.reads).length) + 'w'.repeat(Object.keys(source.writes).length + (source.checks ? 1 : 0))
    const { group, pipeline: layout } = this.#layout(layoutKey)
    const module = this.#device.createShaderModule({ label: source.name, code: wgslOf(source, this.hasSubgroups) })
    const pipeline = this.#device.createComputePipeline({ label: source.name, layout, compute: { module, entryPoint: 'main' } })
    const program = { source, pipeline, layout: group, layoutKey }
    this.#programs.set(source, program)
    return program
  }

  /** The bind group of these buffers, each with a number of its own. */
  group({ layout, layoutKey }: Program, slots: readonly { id: number; buffer: GPUBuffer }[]): GPUBindGroup {
    let key = layoutKey
    for (const { id } of slots) key += `,${id}`
    const known = this.#groups.get(key)
    if (known) return known
    const group = this.#device.createBindGroup({ layout, entries: slots.map(({ buffer }, binding) => ({ binding, resource: { buffer } })) })
    this.#groups.set(key, group)
    return group
  }

  /** Buffers have been destroyed: their groups must not keep them. */
  forgetGroups(): void {
    this.#groups = new Map()
  }

  get groupCount(): number {
    return this.#groups.size
  }

  #layout(key: string): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    const known = this.#layouts.get(key)
    if (known) return known
    const group = this.#device.createBindGroupLayout({
      entries: [...key].map((access, binding) => ({
        binding,
        visibility: 4, // compute
        buffer: { type: access === 'r' ? 'read-only-storage' : 'storage' },
      })),
    })
    const pipeline = this.#device.createPipelineLayout({ bindGroupLayouts: [group, this.paramsLayout] })
    const layout = { group, pipeline }
    this.#layouts.set(key, layout)
    return layout
  }
}
