/** The walk through every concept, in Node. */
import { expect, it } from 'vitest'
import * as gradus from '../src/index.ts'
import { smoke } from './smoke.ts'

it('webgpu computes what the reference computes, concept by concept', async () => {
  expect(await smoke(gradus)).toEqual([])
})
