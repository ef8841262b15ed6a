import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { watch as chokidar } from 'chokidar'

export interface Watching {
  /** Called when the file was saved, in whatever way the editor saves. */
  readonly changed: () => void
  /** Called once, when a change was found that no event had told of. */
  readonly polling: () => void
  /** Where events of a folder come from. */
  readonly subscribe?: (folder: string, event: () => void) => { close(): unknown }
}

/** Editors write a file in several steps; they are done after so long. */
const SETTLE_MS = 30
/** An event that has not come after so long does not come. */
const LATE_MS = 400
const POLL_MS = { withEvents: 1_000, withoutEvents: 250 }

/**
 * Watches one file. Events of its folder say when to look, so an editor that saves by renaming is noticed; whether the file is another one is
 * told by its state. In case events do not arrive (network folders, containers), it looks by itself every second, and more often once
 * it has found a change that no event had told of.
 */
export class FileWatch {
  private state: string
  private settle: NodeJS.Timeout | undefined
  private poll: NodeJS.Timeout
  private isPolling = false
  private readonly file: string
  private readonly events: { close(): unknown }
  private readonly watching: Watching

  constructor(file: string, watching: Watching) {
    this.file = file
    this.watching = watching
    this.state = stateOf(file)
    this.events = (watching.subscribe ?? folderEvents)(dirname(file), () => {
      clearTimeout(this.settle)
      this.settle = setTimeout(() => this.look(), SETTLE_MS)
    })
    this.poll = setInterval(() => this.lookUnasked(), POLL_MS.withEvents)
  }

  close(): void {
    clearTimeout(this.settle)
    clearInterval(this.poll)
    this.events.close()
  }

  private look(): boolean {
    const state = stateOf(this.file)
    if (state === this.state) return false
    this.state = state
    this.watching.changed()
    return true
  }

  private lookUnasked(): void {
    if (this.isPolling) {
      this.look()
      return
    }
    if (stateOf(this.file) === this.state) return
    setTimeout(() => {
      if (this.isPolling || !this.look()) return
      this.isPolling = true
      clearInterval(this.poll)
      this.poll = setInterval(() => this.lookUnasked(), POLL_MS.withoutEvents)
      this.watching.polling()
    }, LATE_MS)
  }
}

function stateOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat === undefined ? 'missing' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`
}

function folderEvents(folder: string, event: () => void): { close(): unknown } {
  return chokidar(folder, { ignoreInitial: true, depth: 0 })
    .on('all', event)
    .on('error', () => {})
}
