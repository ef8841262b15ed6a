// npx tsx scripts/gpu.ts: which GPU the backend 'webgpu' would compute on here, or why on none.
import { requestDevice } from '../src/webgpu/device.ts'

try {
  const { adapterInfo } = await requestDevice()
  const { vendor, architecture, device, description } = adapterInfo
  console.log([vendor, architecture, device, description].filter(Boolean).join(', '))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
