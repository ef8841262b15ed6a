// npx tsx scripts/kernels.ts: makes docs/kernels.md, the table of what every backend computes.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { reference } from '../src/kernels.ts'
import { pageFile, root } from '../src/learn/paths.ts'
import '../src/tensor/index.ts' // enters the operations into their table
import { operations } from '../src/tensor/operation.ts'
import { loadWasmSync } from '../src/wasm/index.ts'
import type { Gpu } from '../src/webgpu/gpu.ts'
import { kernelsOn } from '../src/webgpu/index.ts'

/** The backends by name, whatever their kind of array. */
const tiers: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  reference: { ...reference },
  wasm: { ...loadWasmSync() },
  webgpu: { ...kernelsOn({} as Gpu) }, // their names alone: it takes a device to run them
}

export interface Concept {
  readonly name: string
  /** The kernels that its interface in src/reference/ declares. */
  readonly kernels: readonly string[]
}

/** All concepts that declare kernels, but for how memory comes and goes. */
export const concepts: readonly Concept[] = readdirSync(join(root, 'src/reference'))
  .map((file) => {
    const [, members = ''] =
      /interface \w+Kernels<A> \{\n([\s\S]*?)\n\}/.exec(readFileSync(join(root, 'src/reference', file), 'utf8')) ?? []
    return { name: file.replace(/\.ts$/, ''), kernels: [...members.matchAll(/^ {2}(\w+)\(/gm)].map(([, kernel]) => kernel) }
  })
  .filter(({ name, kernels }) => kernels.length > 0 && name !== 'memory')

const declared = new Set(concepts.flatMap(({ kernels }) => kernels))
const has = (tier: string, kernel: string): boolean => declared.has(kernel) && typeof tiers[tier][kernel] === 'function'

/** Kernels that the wasm backend hands to the reference: where its module imports the definition itself. */
const onHost = new Set(
  concepts.flatMap(({ name }) => {
    const file = join(root, `src/wasm/kernels/${name}.ts`)
    const names = /import \{([^}]*)\} from '\.\.\/\.\.\/reference\//.exec(existsSync(file) ? readFileSync(file, 'utf8') : '')?.[1] ?? ''
    return names.split(',').map((each) => each.trim().replace(/ as .*/, ''))
  }),
)

const OWN = '●'
const HOST = '◐'
const MADE = '○'
const NONE = '–'

/** The cells of a kernel on one backend. */
function cells(kernel: string, tier: string): { forward: string; backward: string; second: string } {
  if (!has(tier, kernel)) return { forward: NONE, backward: NONE, second: NONE }
  const operation = operations.get(kernel)
  const backward = has(tier, `${kernel}Backward`) ? OWN : operation?.backward ? MADE : NONE
  const again = operation?.composite ?? operations.get(`${kernel}Backward`)?.backward
  return { forward: tier === 'wasm' && onHost.has(kernel) ? HOST : OWN, backward, second: again ? MADE : NONE }
}

const row = (...columns: readonly string[]): string => `| ${columns.join(' | ')} |`
const heading = (...columns: readonly string[]): string[] => [row(...columns), row(...columns.map((_, i) => (i === 0 ? '---' : ':-:')))]
const phases = { forward: 'forward', backward: 'backward', second: 'second derivative' } as const

function table({ name, kernels }: Concept): string[] {
  const definitions = [`src/reference/${name}.ts`, `assembly/${name}.ts`].filter((file) => existsSync(join(root, file)))
  const columns = Object.values(phases).flatMap((phase) => Object.keys(tiers).map((tier) => `${phase}: ${tier}`))
  const rows = kernels
    .filter((kernel) => !kernels.some((other) => kernel === `${other}Backward`)) // it stands in the row of the other
    .map((kernel) => {
      const all = Object.keys(tiers).map((tier) => cells(kernel, tier))
      return row(`\`${kernel}\``, ...(Object.keys(phases) as (keyof typeof phases)[]).flatMap((phase) => all.map((cell) => cell[phase])))
    })
  const links = definitions.map((file) => `[${file}](../${file})`).join(', ')
  return [`## ${name}`, '', links, '', ...heading('kernel', ...columns), ...rows, '']
}

/** docs/kernels.md as it must be. */
export function kernelsPage(): string {
  const made = [...operations.values()].filter(({ name }) => !declared.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
  const lines = [
    '# The kernels',
    '',
    'What every backend computes, and how it is differentiated. This page is made by `npx tsx scripts/kernels.ts`, from the contract in',
    '[src/kernels.ts](../src/kernels.ts), the backends themselves, and the table of differentiable operations.',
    '',
    `- ${OWN} a kernel of its own`,
    `- ${HOST} computed by the reference, on a copy`,
    `- ${MADE} made of other kernels, on the same backend`,
    `- ${NONE} none: the result has no gradient (masks, indices, updates in place), or the backend does not have it (estimators compute on the host)`,
    '',
    'The backward kernel stands in the row of its forward kernel: `expBackward` in that of `exp`. A second derivative differentiates the',
    'backward formula in traced operations, so any order of derivative is as right as the first.',
    '',
    ...concepts.flatMap(table),
    '## Operations of several kernels',
    '',
    'They have no kernel of their own. Their backward pass runs on the kernels above.',
    '',
    ...heading('operation', 'backward', 'second derivative'),
    ...made.map(({ name, backward, composite }) => row(`\`${name}\``, backward ? MADE : NONE, composite ? MADE : NONE)),
  ]
  return `${lines.join('\n')}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(pageFile('kernels'), kernelsPage())
