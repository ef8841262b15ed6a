import { GradusError } from '../errors.ts'
import { builtin } from '../node.ts'

/** What Dawn's package for Node exports. */
interface Dawn {
  create(options: readonly string[]): GPU
}

const INSTALL = 'run "npm run gpu:install" (132 MB, once), or in a project of your own "npm install webgpu"'
const NO_ADAPTER =
  'no adapter was found: this machine has no GPU that WebGPU can use, or its driver (Vulkan, Metal or Direct3D 12) is missing. ' +
  'A software adapter does for trying things out: on Debian, "apt install chromium libvulkan1" and VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json'

/** Limits that are asked for as high as the adapter has them: large arrays, many arrays in one kernel, large workgroups. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const

/** What is used where the adapter has it. */
const FEATURES = ['subgroups'] as const

/** A device of the adapter that the browser, or in Node the package `webgpu` (Dawn), gives first. Errors say what is missing and how to get it. */
export async function requestDevice(features: readonly GPUFeatureName[] = FEATURES): Promise<GPUDevice> {
  const adapter = await (await findGpu()).requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) throw new GradusError('webgpu', NO_ADAPTER)
  return adapter.requestDevice({
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  })
}

/**
 * Dawn's switches. Workgroup memory that begins as 0 is WebGPU's promise, and Dawn has the driver keep it where it can: SwiftShader then writes a store for
 * every number, and takes 1.6 s to compile a kernel with 8 KiB. By a loop of the threads it is 0 as well, and compiled in 0.05 s.
 */
const SWITCHES = ['disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension']

let dawn: GPU | null = null
const browsersGpu = (): GPU | null => (typeof navigator === 'undefined' ? null : (navigator.gpu ?? null))

/**
 * Whether kernels on this device may use sub-groups: it must have been requested with them, and the language must number those of a workgroup, which it did not from the
 * beginning.
 */
export const hasSubgroups = (device: GPUDevice): boolean =>
  device.features.has('subgroups') && (browsersGpu() ?? dawn)?.wgslLanguageFeatures.has('subgroup_id') === true

async function findGpu(): Promise<GPU> {
  const gpu = browsersGpu()
  if (gpu !== null) return gpu
  if (builtin === undefined) throw new GradusError('webgpu', "this browser has no WebGPU; use setBackend('wasm')")
  dawn ??= (await importDawn()).create(SWITCHES)
  return dawn
}

/** The package where the user has installed it, else where `npm run gpu:install` puts it: beside src/, or above dist/src/. */
async function importDawn(): Promise<Dawn> {
  const own = ['../../', '../../../'].map((root) => new URL(`${root}gpu/node_modules/webgpu/index.js`, import.meta.url).href)
  for (const place of ['webgpu', ...own]) {
    try {
      return (await import(/* @vite-ignore */ place)) as Dawn
    } catch (error) {
      if (!isMissing(error)) throw new GradusError('webgpu', `the package webgpu (Dawn) cannot be loaded here: ${error}`)
    }
  }
  throw new GradusError('webgpu', `Node has no WebGPU of its own: ${INSTALL}`)
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND')
