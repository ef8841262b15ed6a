/**
 * A mistake in how something was called: its message names the operation, the argument, what was expected and what came.
 * Runners print the message alone; a stack trace would only hide it.
 */
export class GradusError extends Error {
  override name = 'GradusError'
  constructor(operation: string, message: string) {
    super(`${operation}: ${message}`)
  }
}

/** Throws the error of `operation` unless `condition` holds. The message is a function, so that it costs nothing when all is well. */
export function expect(condition: boolean, operation: string, message: () => string): asserts condition {
  if (!condition) throw new GradusError(operation, message())
}
