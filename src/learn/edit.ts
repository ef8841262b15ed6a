/** What is replaced in a text, wherever it stands, and by what. */
export type Edit = readonly [from: string, to: string]

/** A text after some edits. One that finds nothing to replace is an error: a wrong answer must differ from the right one. */
export function edited(text: string, edits: readonly Edit[], what: string): string {
  return edits.reduce((code, [from, to]) => {
    if (!code.includes(from)) throw new Error(`${what} has no '${from}'`)
    return code.replaceAll(from, to)
  }, text)
}
