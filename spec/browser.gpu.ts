/** The package in a browser: headless Chromium, on a page that is built from it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../src/learn/paths.ts'
import { type App, bundle, installPackage } from './packed.ts'

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = ['--headless=new', '--no-sandbox', '--enable-unsafe-webgpu', '--disable-background-networking', '--no-first-run']
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' }

const PAGE = `
import * as gradus from 'gradus'
import { smoke } from './smoke.ts'

globalThis.gradus = gradus
globalThis.smoke = () => smoke(gradus)
`

let app: App
let server: Server
let browser: Browser
let page: Page

/** Serves the page isolated, so that it may share WebAssembly memory. */
function serve(folder: string): Server {
  return createServer(({ url = '/' }, response) => {
    const file = join(folder, url === '/' ? 'index.html' : url)
    if (!existsSync(file)) return response.writeHead(404).end()
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    return response.end(readFileSync(file))
  }).listen(0)
}

beforeAll(async () => {
  app = await installPackage()
  writeFileSync(join(app.folder, 'page.js'), PAGE)
  writeFileSync(join(app.folder, 'smoke.ts'), readFileSync(join(root, 'spec/smoke.ts')))
  expect(await bundle(app, 'page.js')).toEqual([])
  server = serve(join(app.folder, 'site'))
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  page = await browser.newPage()
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
  await page.waitForFunction('globalThis.smoke')
}, 120_000)

afterAll(async () => {
  await browser?.close()
  server?.close()
  app?.remove()
})

describe('in headless Chromium', () => {
  it('webgpu computes what the reference computes, concept by concept', async () => {
    expect(await page.evaluate('smoke()')).toEqual([])
  })

  it('computes on a device that the page hands in', async () => {
    const result = page.evaluate(`(async () => {
      const adapter = await navigator.gpu.requestAdapter()
      const device = await adapter.requestDevice()
      let submitted = 0
      const { submit } = device.queue
      device.queue.submit = function (buffers) { submitted++; return submit.call(this, buffers) }
      await gradus.setBackend('webgpu', { device })
      const y = await gradus.tensor([1, 2, 3]).mul(2).read()
      return [[...y], submitted > 0]
    })()`)
    expect(await result).toEqual([[2, 4, 6], true])
  })

  it('begins anew after the device is lost', async () => {
    const result = page.evaluate(`(async () => {
      const device = await (await navigator.gpu.requestAdapter()).requestDevice()
      await gradus.setBackend('webgpu', { device })
      const x = gradus.tensor([1, 2, 3]).mul(2)
      device.destroy()
      const message = await device.lost.then(() => x.read()).catch((error) => error.message)
      await gradus.setBackend('webgpu')
      return [message, [...(await gradus.tensor([1, 2]).add(1).read())]]
    })()`)
    expect(await result).toEqual([expect.stringContaining('lost'), [2, 3]])
  })

  it('says so where there is no WebGPU, and computes on wasm', async () => {
    const bare = await browser.newPage()
    await bare.addInitScript(`Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined })`)
    await bare.goto(page.url())
    await bare.waitForFunction('globalThis.smoke')
    const result = bare.evaluate(`(async () => {
      const message = await gradus.setBackend('webgpu').catch((error) => error.message)
      await gradus.setBackend('wasm')
      return [message, [...(await gradus.tensor([1, 2]).add(1).read())]]
    })()`)
    expect(await result).toEqual([expect.stringContaining('this browser has no WebGPU'), [2, 3]])
  })
})
