/** What npm run test:gpu runs where there is no GPU. */
import { it } from 'vitest'

it('the laws of the kernels on the GPU', ({ skip }) => skip(process.env.GRADUS_NO_GPU))
