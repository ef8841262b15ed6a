import { spawnSync } from 'node:child_process'

/** Why there is no GPU here; nothing where there is one. With GRADUS_REQUIRE_GPU=1 nobody asks, and without one the tests fail. */
export function whyNoGpu(): string {
  if (process.env.GRADUS_REQUIRE_GPU === '1') return ''
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/gpu.ts'], { encoding: 'utf8' })
  return status === 0 ? '' : (stderr.trim().split('\n').at(-1) ?? '') // after what a driver has to say
}
