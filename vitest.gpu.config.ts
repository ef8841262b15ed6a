import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { whyNoGpu } from './scripts/why-no-gpu.ts'

/** Where CI wants the results as JSON, besides what is printed. */
const report = process.env.TEST_REPORT

/** The laws of each concept that has kernels on the GPU. */
const laws = readdirSync('src/webgpu/kernels')
  .map((file) => `spec/${file.replace(/\.ts$/, '.spec.ts')}`)
  .filter((file) => existsSync(file) && file !== 'spec/memory.spec.ts') // the memory has laws of its own: spec/webgpu-memory.gpu.ts

const none = whyNoGpu()
if (none !== '') console.log(`The tests of the GPU are skipped. ${none}`)

/** npm run test:gpu: the laws of the kernels once more, on the GPU. */
export default defineConfig({
  test: {
    include: none === '' ? ['spec/**/*.gpu.ts', ...laws] : ['spec/no-gpu.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    env: { GRADUS_TWIN: 'webgpu', GRADUS_NO_GPU: none },
    ...(report && { reporters: ['default', ['json', { outputFile: report }]] }),
  },
})
