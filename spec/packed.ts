/** The package as its users get it: packed, and installed into an empty folder. */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, createLogger } from 'vite'
import { root } from '../src/learn/paths.ts'

/** A folder in which the package is installed, and nothing else. */
export interface App {
  readonly folder: string
  /** The package in it. */
  readonly installed: string
  remove(): void
}

export async function installPackage(): Promise<App> {
  const temporary = mkdtempSync(join(tmpdir(), 'gradus-package-'))
  const folder = join(temporary, 'app')
  const stage = join(temporary, 'stage')
  for (const path of ['package.json', '.gitignore', 'LICENSE', 'README.md', 'data/README.md', 'node_modules/asciichart']) {
    cpSync(join(root, path), join(stage, path), { recursive: true })
  }
  await promisify(execFile)(process.execPath, ['--import', 'tsx', join(root, 'scripts/build.ts'), join(stage, 'dist')], { cwd: root })
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent'], { cwd: stage, stdio: 'pipe' })
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const [tarball] = readdirSync(stage).filter((file) => file.endsWith('.tgz'))
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', join(stage, tarball)], { cwd: folder, stdio: 'pipe' })
  const remove = () => rmSync(temporary, { recursive: true, force: true })
  return { folder, installed: join(folder, 'node_modules/gradus'), remove }
}

/** Bundles a page of one script of the app into its folder `site`. Gives the warnings. */
export async function bundle({ folder }: App, script: string): Promise<string[]> {
  writeFileSync(join(folder, 'index.html'), `<!doctype html><script type="module" src="./${script}"></script>`)
  const warnings: string[] = []
  const logger = createLogger('warn')
  logger.warn = logger.warnOnce = (message) => warnings.push(message)
  await build({
    root: folder,
    base: './',
    configFile: false,
    logLevel: 'warn',
    customLogger: logger,
    build: { modulePreload: { polyfill: false }, minify: false, outDir: 'site', target: 'es2022' },
  })
  return warnings
}
