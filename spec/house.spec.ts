/** The rules of the house, read off its files: who may import whom, what bears which name, what must not stand anywhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { manifest } from '../src/learn/manifest.ts'
import { root } from '../src/learn/paths.ts'

/** All files below a folder, as paths from the root. */
function filesIn(folder: string, ending = ''): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter((file) => !file.includes('node_modules/')) // the peers' own
    .sort()
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** What a module imports or exports on, types included. */
function importsOf(file: string): string[] {
  const statement = /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*'([^']+)'|\bimport\('([^']+)'\)/gm
  const code = read(file).replaceAll(/^\s*\/?\*.*/gm, '') // without the examples in docstrings
  return [...code.matchAll(statement)].map(([, from, dynamic]) => from ?? dynamic)
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.')
const target = (file: string, specifier: string): string => normalize(join(dirname(file), specifier)).replaceAll('\\', '/')
const localImports = (file: string): string[] =>
  importsOf(file)
    .filter(isRelative)
    .map((specifier) => target(file, specifier))

describe('imports', () => {
  /** From the ground up: a room may import from its own floor and from those below. */
  const floors = [
    ['data/', 'src/errors.ts', 'src/node.ts'],
    ['src/random.ts', 'src/reference/'],
    ['src/kernels.ts'],
    ['src/wasm/', 'src/webgpu/'],
    ['src/tensor/'],
    ['src/nn/', 'src/optim/', 'src/data/'],
    ['src/classic/', 'src/evaluate/', 'src/plot/', 'src/io/'],
    ['src/train/'],
    ['src/index.ts'],
    ['src/learn/'],
    ['exercises/'],
  ]
  const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.some((room) => file.startsWith(room)))
  const modules = ['src', 'data', 'exercises'].flatMap((folder) => filesIn(folder, '.ts'))

  it('go one way', () => {
    const upwards = modules.flatMap((file) => {
      expect(floorOf(file), `${file} is in no room`).toBeGreaterThanOrEqual(0)
      return localImports(file).flatMap((other) => (floorOf(other) > floorOf(file) ? [`${file} imports ${other}`] : []))
    })
    expect(upwards).toEqual([])
  })

  it('lead to modules that exist, by their own name', () => {
    const missing = modules.flatMap((file) =>
      localImports(file).flatMap((other) => (existsSync(join(root, other)) ? [] : [`${file}: ${other}`])),
    )
    expect(missing).toEqual([])
  })

  it('have no cycles, types included', () => {
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      if (done.has(file) || path.includes(file)) return
      for (const other of localImports(file)) visit(other, [...path, file])
      done.add(file)
    }
    for (const file of modules) visit(file, [])
    expect(cycles).toEqual([])
  })

  it('reach the embedded data sets through src/data, but for lessons that compute without tensors', () => {
    const others = modules.filter((file) => !/^(data|src\/data|exercises)\//.test(file))
    expect(others.filter((file) => localImports(file).some((other) => other.startsWith('data/')))).toEqual([])
  })

  it('need no package and nothing of Node to compute; pictures alone need asciichart', () => {
    const library = modules.filter((file) => !file.startsWith('src/learn/') && !file.startsWith('exercises/'))
    const packages = library.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !isRelative(specifier))
        .map((specifier) => `${file}: ${specifier}`),
    )
    expect(packages).toEqual(['src/plot/lines.ts: asciichart'])
    expect(Object.keys(JSON.parse(read('package.json')).dependencies)).toEqual(['asciichart'])
  })
})

describe('names', () => {
  const concepts = filesIn('src/reference', '.ts')
    .map((file) => file.slice('src/reference/'.length, -'.ts'.length))
    .filter((name) => name !== 'array' && name !== 'memory') // what all definitions stand on, no concepts themselves
  /** The wasm backend hands these to the definition: there is nothing to compute. */
  const handedOn = ['cast']

  it.each(concepts)('%s has its fast definition and its proof', (name) => {
    expect(existsSync(join(root, `assembly/${name}.ts`)), `assembly/${name}.ts`).toBe(!handedOn.includes(name))
    expect(existsSync(join(root, `spec/${name}.spec.ts`)), `spec/${name}.spec.ts`).toBe(true)
  })

  it.each(manifest.map(({ name }) => name))('%s has its exercise, its solution, its checks and its page', (name) => {
    for (const file of [`exercises/${name}.ts`, `exercises/solutions/${name}.ts`, `exercises/checks/${name}.ts`, `docs/${name}.md`]) {
      expect(existsSync(join(root, file)), file).toBe(true)
    }
  })

  it.each(manifest)('$name is listed in the README, in the words of the manifest', ({ name, title, description }) => {
    const row = `| [${title}](docs/${name}.md) | ${description} |`
    expect(read('README.md').includes(row), row).toBe(true)
  })
})

describe('files', () => {
  const written = ['assembly', 'src', 'spec', 'exercises', 'bench', 'scripts'].flatMap((folder) => filesIn(folder, '.ts'))

  it('have at most 400 lines', () => {
    expect(written.filter((file) => read(file).trimEnd().split('\n').length > 400)).toEqual([])
  })

  it('switch no check off and put nothing off', () => {
    const postponed = /@ts-(?!ignore: decorator)\w+|biome-ignore|\bas any\b|\b(TODO|FIXME|XXX)\b/ // decorators are AssemblyScript's own
    expect(written.filter((file) => !file.startsWith('spec/') && postponed.test(read(file)))).toEqual([])
    const unrun = /\b(it|test|describe)\.(skip|only|todo|fails)\(/
    expect(filesIn('spec', '.ts').filter((file) => unrun.test(read(file)))).toEqual([])
  })

  it('name no place on a machine and no registry', () => {
    const place = /(?<![\w.~-])\/(work|home|root|Users|mnt)\/\w|registry\.[a-z]+\.(org|com)|"resolved":/
    const made = ['.git', '.gradus', 'node_modules', 'dist', 'coverage']
    const texts = readdirSync(root, { withFileTypes: true })
      .filter(({ name }) => !made.includes(name))
      .flatMap((entry) => (entry.isDirectory() ? filesIn(entry.name) : [entry.name]))
      .filter((file) => /\.(ts|md|json|js|sh)$|^\.ci\/|^\.npmrc$/.test(file))
    expect(texts.length).toBeGreaterThan(100)
    expect(texts.filter((file) => file !== 'spec/house.spec.ts' && place.test(read(file)))).toEqual([])
  })
})

describe('the lock file', () => {
  it('has the builds for every platform, without which npm ci refuses it', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { optionalDependencies?: object }> }
    const builds = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    expect(builds.length).toBeGreaterThan(0)
    expect(builds.filter((name) => !(`node_modules/${name}` in packages))).toEqual([])
  })
})

describe('what is public', () => {
  const declaration = /^export (?:abstract )?(?:async )?(?:function\*?|const|class) (\w+)/

  /** A docstring stands above it, or above the group of one-line declarations that it belongs to. */
  function isDocumented(lines: readonly string[], i: number): boolean {
    const above = lines[i - 1] ?? ''
    return above.endsWith('*/') || (above.startsWith('export ') && isDocumented(lines, i - 1))
  }

  it.each(['src/tensor', 'src/nn', 'src/optim', 'src/data', 'src/io', 'src/train', 'src/classic', 'src/evaluate'])(
    'has docstrings in %s',
    (room) => {
      const bare = filesIn(room, '.ts').flatMap((file) => {
        const lines = read(file).split('\n')
        return lines.flatMap((line, i) => {
          const name = declaration.exec(line)?.[1]
          return name === undefined || isDocumented(lines, i) ? [] : [`${file}: ${name}`]
        })
      })
      expect(bare).toEqual([])
    },
  )
})

describe('the documentation', () => {
  const pages = ['README.md', 'exercises/README.md', 'data/README.md', ...filesIn('docs', '.md')].filter((page) =>
    existsSync(join(root, page)),
  )

  it('speaks of scripts that there are', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script))
    expect(named.filter((script) => !scripts.includes(script))).toEqual([])
  })

  it('has no TypeScript that nothing runs: each block is included from the source, or checked', () => {
    const idle = pages.flatMap((page) =>
      [...read(page).matchAll(/^(.*)\n```(ts|js|typescript|javascript)\n/gm)]
        .filter(([, above]) => !above.startsWith('<!-- include: '))
        .map(() => page),
    )
    expect(idle).toEqual([])
  })

  it('links to files that there are', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .filter(([, link]) => !existsSync(join(root, dirname(page), link)))
        .map(([, link]) => `${page}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it("tells CI's test command", () => {
    expect(read('README.md')).toContain('```sh\nnpm test\n```')
    expect(read('.ci/run')).toMatch(/npm test$/m)
  })
})
