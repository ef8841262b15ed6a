import { defineConfig } from 'vitest/config'

/** Where CI wants the results as JSON, besides what is printed. */
const report = process.env.TEST_REPORT

export default defineConfig({
  test: {
    include: ['spec/**/*.spec.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2, // many tests wait for processes of their own
    env: { GRADUS_THREADS: '1' }, // two files at a time have the processors; specs of kernels ask for threads themselves
    ...(report && { reporters: ['default', ['json', { outputFile: report }]] }),
  },
})
