/** What Node alone has: files. A browser meets a clear error, at the call. */
import { expect, GradusError } from './errors.ts'

/** Node's built-in modules, without an import that a bundle for browsers would stumble over; undefined there. */
export const builtin: typeof process.getBuiltinModule | undefined = typeof process === 'undefined' ? undefined : process.getBuiltinModule

/** A module that the operation cannot do without. */
function needed<M>(operation: string, module: M | undefined): M {
  if (module === undefined) throw new GradusError(operation, 'works on files, which there are in Node only, not in a browser')
  return module
}

function expectPath(operation: string, path: string): void {
  expect(
    typeof path === 'string' && path !== '',
    operation,
    () => `path must be the name of a file, got ${JSON.stringify(path) ?? typeof path}`,
  )
}

/** All bytes of a file. */
export function readFile(operation: string, path: string): Uint8Array {
  const fs = needed(operation, builtin?.('node:fs'))
  expectPath(operation, path)
  try {
    return plainBytes(fs.readFileSync(path))
  } catch (error) {
    throw new GradusError(operation, `${path} cannot be read: ${reason(error)}`)
  }
}

/** Node's own kind of byte array, whose `slice` does not copy, as the ordinary one. */
const plainBytes = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array => new Uint8Array(buffer, byteOffset, length)

/** The first of these files that there is. */
export function findFile(operation: string, paths: readonly string[]): string | undefined {
  const fs = needed(operation, builtin?.('node:fs'))
  return paths.find((path) => fs.existsSync(path))
}

/** What a gzip file holds. It unfolds to `limit` bytes at most: a small file can pretend to hold very much. */
export function gunzip(operation: string, path: string, bytes: Uint8Array, limit: number): Uint8Array {
  const zlib = needed(operation, builtin?.('node:zlib'))
  try {
    return plainBytes(zlib.gunzipSync(bytes, { maxOutputLength: limit }))
  } catch (error) {
    const what = codeOf(error) === 'ERR_BUFFER_TOO_LARGE' ? `it holds more than ${limit} bytes` : reason(error)
    throw new GradusError(operation, `${path} cannot be unzipped: ${what}`)
  }
}

/**
 * Writes a file as a whole or not at all: into a temporary one beside it, which then takes its name. If that fails, by a full disk for instance, the old file
 * is as it was, and the error of node:fs is thrown.
 */
export function replaceFile(path: string, parts: readonly (string | Uint8Array)[]): void {
  const fs = needed('replaceFile', builtin?.('node:fs'))
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = fs.openSync(temporary, 'w')
    try {
      for (const part of parts) fs.writeFileSync(file, part)
      fs.fsyncSync(file)
    } finally {
      fs.closeSync(file)
    }
    fs.renameSync(temporary, path)
  } catch (error) {
    discard(temporary)
    throw error
  }
}

/** `replaceFile`, with an error that names the operation and says why. */
export function writeFile(operation: string, path: string, parts: readonly (string | Uint8Array)[]): void {
  needed(operation, builtin)
  expectPath(operation, path)
  try {
    replaceFile(path, parts)
  } catch (error) {
    throw new GradusError(operation, `${path} cannot be written: ${reason(error)}`)
  }
}

/** Says beforehand that a file cannot be written, for whoever writes it only after long work. */
export function expectWritable(operation: string, path: string): void {
  const fs = needed(operation, builtin?.('node:fs'))
  const { dirname } = needed(operation, builtin?.('node:path'))
  expectPath(operation, path)
  try {
    fs.accessSync(dirname(path), fs.constants.W_OK)
  } catch (error) {
    throw new GradusError(operation, `${path} cannot be written: ${reason(error)}`)
  }
}

function discard(file: string): void {
  try {
    builtin?.('node:fs').rmSync(file, { force: true })
  } catch {
    // what could not be made cannot be removed either
  }
}

/** The code of a system's error: ENOENT and the like. */
export const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the folder is read-only',
  EACCES: 'access is not allowed',
  EPERM: 'access is not allowed',
  ENOTDIR: 'a file stands where a folder should be',
  EEXIST: 'a file stands where a folder should be',
}

/** Why a file could not be read or written, in words. */
export function reason(error: unknown): string {
  const code = codeOf(error)
  const known = typeof code === 'string' ? REASONS[code] : undefined
  return known ?? (error instanceof Error ? error.message : String(error))
}
