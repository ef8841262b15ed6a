export { accuracy } from './accuracy.ts'
export { r2 } from './r2.ts'
