import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

export const lessonFile = (name: string): string => join(root, 'exercises', `${name}.ts`)
export const solutionFile = (name: string): string => join(root, 'exercises/solutions', `${name}.ts`)
export const checksFile = (name: string): string => join(root, 'exercises/checks', `${name}.ts`)
export const pageFile = (name: string): string => join(root, 'docs', `${name}.md`)

/** What is remembered of the learner; git ignores it. */
export const stateFolder = join(root, '.gradus')

/** A path as one types it in the project's folder. */
export const shortPath = (path: string): string => relative(root, path).replaceAll('\\', '/')

/** The lesson file that says `import.meta`, also where its demo runs in a module of its own. */
export const fileOf = (meta: ImportMeta): string => fileURLToPath(meta.url.replace(/\?.*$/, ''))
