import { defineConfig } from 'vitest/config'
import { whyNoGpu } from './scripts/why-no-gpu.ts'

/** Where CI wants the results as JSON, besides what is printed. */
const report = process.env.TEST_REPORT

/** npm run test:commands: the commands of all pages, whole lessons among them. */
export default defineConfig({
  test: {
    include: ['spec/**/*.commands.ts'],
    testTimeout: 300_000,
    env: { GRADUS_NO_GPU: whyNoGpu() },
    maxConcurrency: 2, // each command starts processes of its own
    ...(report && { reporters: ['default', ['json', { outputFile: report }]] }),
  },
})
