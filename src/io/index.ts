export { load, save } from './safetensors.ts'
