// npm run build: the library in dist/. npx tsx scripts/build.ts <folder>: the same in another folder, from the .wasm files that are there.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '../src/learn/paths.ts'

const outDir = resolve(process.argv[2] ?? join(root, 'dist'))
const wasm = ['gradus.simd.wasm', 'gradus.relaxed.wasm'].map((file) => join('src/wasm', file))

for (const file of wasm) {
  if (!existsSync(join(root, file))) fail(`${file} is missing; run "npm run build:wasm"`)
}
rmSync(outDir, { recursive: true, force: true }) // no module stays that is no more
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', outDir]
const { status } = spawnSync(process.execPath, [tsc, ...options], { stdio: ['ignore', process.stderr, process.stderr] })
if (status !== 0) fail('tsc could not write it') // types are checked by npm run typecheck
for (const file of wasm) copyFileSync(join(root, file), join(outDir, file)) // beside load.js, which asks for them there

function fail(reason: string): never {
  console.error(`build: ${reason}`)
  process.exit(1)
}
