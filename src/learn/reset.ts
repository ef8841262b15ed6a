import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { reason } from '../node.ts'
import { loadContent } from './content.ts'
import { lessonFile, shortPath, stateFolder } from './paths.ts'

/** Puts the lesson file back as it was shipped; the learner's own is kept in .gradus/backup. Returns what to say. */
export async function resetLesson(name: string): Promise<string> {
  const file = lessonFile(name)
  const { shipped } = await loadContent(name)
  const backup = join(stateFolder, 'backup', `${name}-${new Date().toISOString().replaceAll(':', '-')}.ts`)
  const existed = existsSync(file)
  try {
    mkdirSync(dirname(backup), { recursive: true })
    if (existed) copyFileSync(file, backup)
    const temporary = `${backup}.shipped`
    writeFileSync(temporary, shipped)
    renameSync(temporary, file)
  } catch (error) {
    return `${shortPath(file)} is left as it is: ${reason(error)}.`
  }
  return `${shortPath(file)} is as it was shipped.${existed ? ` Yours is kept as ${shortPath(backup)}.` : ''}`
}
