// npm run learn [lesson]: run and check the lesson whenever its file is saved.
import { emitKeypressEvents, type Key } from 'node:readline'
import { terminal } from '../plot/terminal.ts'
import { demoOptions, reportingMistakes } from './front.ts'
import { type Lesson, manifest } from './manifest.ts'
import { ProgressFile } from './progress.ts'
import { Session } from './session.ts'
import { flagsHelp, lessonNamed, readArguments, UsageError } from './usage.ts'

process.exitCode = await reportingMistakes(main)

async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2))
  if (!asked.color) process.env.NO_COLOR = '1'
  if (asked.words.length > 1) throw new UsageError(`'${asked.words[1]}' is not understood here: see --help`)
  if (asked.help) {
    console.log(
      `npm run learn [lesson] [-- flags]   runs and checks a lesson whenever you save it\n\nLessons: ${manifest.map(({ name }) => name).join(', ')}\n\n${flagsHelp}`,
    )
    return 0
  }
  let session: Session | undefined
  const troubles: string[] = []
  const progress = new ProgressFile((trouble) => (session === undefined ? troubles.push(trouble) : session.notice(trouble)))
  const lesson = lessonNamed(asked.words[0] ?? startingPoint(progress))
  await demoOptions(lesson, asked) // a mistake ends here, before the screen is taken
  const keys = process.stdin.isTTY === true
  return new Promise((resolve) => {
    const quit = () => {
      session?.close()
      if (keys) process.stdin.setRawMode(false)
      process.stdin.pause()
      resolve(0)
    }
    const options = (of: Lesson) => demoOptions(of, { ...asked, data: of === lesson ? asked.data : '', quick: true })
    session = new Session({ lesson, options, progress, keys, draw, quit })
    if (keys) listen((key) => session?.press(key), quit)
    for (const trouble of troubles) session.notice(trouble)
    session.open(lesson)
  })
}

/** Where one left off, or the first lesson that is not done. */
function startingPoint(progress: ProgressFile): string {
  const { current, lessons } = progress.read()
  const known = manifest.find(({ name }) => name === current)
  const open = manifest.find(({ name }) => !(lessons[name]?.of > 0 && lessons[name].passed.length === lessons[name].of))
  return (known ?? open ?? manifest[0]).name
}

function listen(press: (key: string) => void, quit: () => void): void {
  emitKeypressEvents(process.stdin)
  process.stdin.setRawMode(true)
  process.stdin.resume()
  process.stdin.on('keypress', (text: string | undefined, key: Key) => {
    if (key.ctrl && (key.name === 'c' || key.name === 'd')) quit()
    else if (text !== undefined) press(text)
  })
}

/** On a terminal with escape codes a screen replaces the one before; elsewhere it follows it. */
function draw(screen: string): void {
  const clear =
    process.stdout.isTTY && terminal().colour !== 'none' ? '\x1b[2J\x1b[3J\x1b[H' : `\n${'─'.repeat(Math.min(terminal().width, 80))}\n`
  process.stdout.write(`${clear}${screen}\n`)
}
