// npx tsx scripts/docs.ts: brings the code that pages include up to date.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../src/learn/paths.ts'
import { filled, pages, readPage } from './pages.ts'

for (const page of pages()) {
  const before = readPage(page)
  const after = filled(before)
  if (after === before) continue
  writeFileSync(join(root, page), after)
  console.log(`${page} is brought up to date`)
}
