/** Gives Node what libraries look for in browsers: `navigator.gpu`, on Dawn (npm run gpu:install), and WebGPU's global names. */
import { create, globals } from '../../gpu/node_modules/webgpu/index.js'

Object.assign(globalThis, globals)
Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]), userAgent: 'Node' }, configurable: true })

if ((await navigator.gpu.requestAdapter()) === null) throw new Error('no adapter was found')
