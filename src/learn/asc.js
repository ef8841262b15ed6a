// The compiler of AssemblyScript as a process of its own: it takes a second to load, and stays warm for the next text. Plain JavaScript, for it
// runs without tsx, which would take many seconds to look through the compiler's five megabytes. See compile.ts.
import asc from 'assemblyscript/asc'

const OPTIONS = ['--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'relaxed-simd']
const ERROR = 3

process.on('disconnect', () => process.exit())
process.on('message', async ({ id, sources, optimize }) => {
  const errors = []
  let wasm
  const { error } = await asc.main(['lesson.ts', '--outFile', 'lesson.wasm', ...OPTIONS, ...(optimize ? ['-O2'] : [])], {
    readFile: (name) => sources[name] ?? null,
    writeFile: (_, bytes) => {
      wasm = bytes
    },
    listFiles: () => [],
    reportDiagnostic: ({ category, message, range }) => {
      const line = range && sources[range.source.normalizedPath]?.slice(0, range.start).split('\n').length
      if (category === ERROR) errors.push({ message, line })
    },
    stdout: asc.createMemoryStream(),
    stderr: asc.createMemoryStream(),
  })
  if (error !== null && errors.length === 0) errors.push({ message: error.message })
  process.send({ id, wasm, errors })
})
