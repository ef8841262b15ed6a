/** The pages of the documentation as programs: code that is included, numbers that are computed, commands that are run. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../src/learn/paths.ts'
import { regionOf } from '../src/learn/source.ts'

/** All pages, as paths from the root. */
export function pages(): string[] {
  const markdown = (folder: string) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter((file) => file.endsWith('.md')) : []
  return ['.', 'exercises', 'docs', 'docs/design'].flatMap((folder) => markdown(folder).map((file) => join(folder, file)))
}

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8')

const INCLUDE = /^<!-- include: (\S+)#(\w+) -->\n(?:```ts\n[\s\S]*?\n```\n)?/gm

/**
 * A page with its code filled in. After a line
 *
 *     <!-- include: src/reference/softmax.ts#softmax -->
 *
 * stands the exported function of that name with its docstring, or the lines between `// #region softmax` and `// #endregion`.
 * Whatever code block stood there is replaced.
 */
export function filled(text: string): string {
  return text.replace(INCLUDE, (_, file: string, name: string) => {
    const path = join(root, file)
    const code = existsSync(path) ? regionOf(readFileSync(path, 'utf8'), name) : undefined
    if (code === undefined) throw new Error(`include: ${file} has no function and no region named ${name}`)
    return `<!-- include: ${file}#${name} -->\n\`\`\`ts\n${code}\n\`\`\`\n`
  })
}

/** The lines of all blocks of a kind: ```sh, or ```ts check. */
function blockLines(text: string, kind: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].flatMap(([, body]) => body.trimEnd().split('\n'))
}

/** The commands of a page: the lines of its ```sh blocks. */
export const commandsOf = (text: string): string[] => blockLines(text, 'sh').filter((line) => line.trim() !== '' && !line.startsWith('#'))

const CLAIM = /^(.*\S)\s+\/\/ → (.+)$/

/**
 * The ```ts check blocks of a page as one module. A line `expression // → value` claims a value; numbers hold to the digits that are
 * written. The module's default export is the list of claims: `{ source, came, value, tolerance }`. undefined: the page has no such block.
 */
export function checkModule(page: string, text: string): string | undefined {
  const lines = blockLines(text, 'ts check')
  if (lines.length === 0) return undefined
  const code = lines.map((line) => {
    const claim = CLAIM.exec(line)
    if (claim === null) return absoluteImport(line, join(root, dirname(page)))
    const [, expression, value] = claim
    return `claims.push({ source: ${JSON.stringify(line.trim())}, came: ${expression}, value: ${value}, tolerance: ${tolerance(value)} })`
  })
  return `const claims = []\n${code.join('\n')}\nexport default claims\n`
}

/** Half a unit of the last digit that is written: 0.174 -> 0.0005 */
function tolerance(value: string): number {
  const decimals = [...value.matchAll(/\d\.(\d+)/g)].map(([, digits]) => digits.length)
  return decimals.length === 0 ? 1e-9 : 0.5 * 10 ** -Math.max(...decimals) * (1 + 1e-9)
}

function absoluteImport(line: string, folder: string): string {
  return line
    .replace(/from '(\.[^']+)'/, (_, path: string) => `from '${pathToFileURL(join(folder, path)).href}'`)
    .replace("from 'gradus'", `from '${pathToFileURL(join(root, 'src/index.ts')).href}'`)
}
