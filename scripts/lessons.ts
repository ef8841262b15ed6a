// npx tsx scripts/lessons.ts <lesson>: makes exercises/<lesson>.ts, with its blanks, from exercises/solutions/<lesson>.ts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { loadContent } from '../src/learn/content.ts'
import { lessonFile, shortPath } from '../src/learn/paths.ts'

const names = process.argv.slice(2)
if (names.length === 0) throw new Error('which lessons? For instance: npx tsx scripts/lessons.ts perceptron')
for (const name of names) {
  const { shipped } = await loadContent(name)
  const file = lessonFile(name)
  if (existsSync(file) && readFileSync(file, 'utf8') === shipped) continue
  writeFileSync(file, shipped)
  console.log(`${shortPath(file)} is written`)
}
