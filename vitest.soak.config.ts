import { defineConfig } from 'vitest/config'
import { whyNoGpu } from './scripts/why-no-gpu.ts'
import { languageOf, manifest } from './src/learn/manifest.ts'

const none = whyNoGpu()
if (none !== '') console.log(`Lessons that need a GPU are left out. ${none}`)
const lessons = manifest.map(({ name }) => name).filter((name) => none === '' || languageOf(name) !== 'wgsl')

/** npm run test:soak: the long proof that no check ever fails a right answer. Each lesson is a project, so that lessons run side by side, and `-- --project lstm` runs one. */
export default defineConfig({
  test: {
    reporters: ['verbose'], // a line for each test as it ends
    maxWorkers: '100%',
    projects: lessons.map((name) => ({
      test: {
        name,
        include: ['spec/content.soak.ts'],
        testTimeout: 1_800_000,
        env: { GRADUS_LESSON: name, GRADUS_THREADS: '1' },
      },
    })),
  },
})
