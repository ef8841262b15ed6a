import { defineConfig } from 'vitest/config'
import { whyNoGpu } from './scripts/why-no-gpu.ts'

/** npm run test:soak: the long proof that no check ever fails a right answer. */
export default defineConfig({
  test: {
    include: ['spec/**/*.soak.ts'],
    testTimeout: 600_000,
    env: { GRADUS_NO_GPU: whyNoGpu() },
  },
})
