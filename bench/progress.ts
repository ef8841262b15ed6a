/** What is measured at the moment: one line that is written over in a terminal; elsewhere a line whenever a section begins. */
export interface Progress {
  section(name: string): void
  step(name: string): void
  done(): void
}

export function progress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const began = performance.now()
  let current = ''
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`
  const write = (text: string) => stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}`)
  return {
    section: (name) => {
      current = name
      if (stream.isTTY) write(`${seconds()}  ${name} …`)
      else stream.write(`${seconds()}  ${name} …\n`)
    },
    step: (name) => {
      if (stream.isTTY) write(`${seconds()}  ${current}: ${name} …`)
    },
    done: () => {
      if (stream.isTTY) write('')
    },
  }
}
