import { HELP, type Options, readOptions, select, UsageError } from './options.ts'
import type { Overhead } from './overhead.ts'
import { progress } from './progress.ts'
import { ceilingsText, overheadText, productsText, sectionText, transfersText } from './report.ts'
import { machine, Run } from './run.ts'
import { tune } from './tune.ts'

/** Prints each section when it is measured; with --json, all of it at the end. */
async function bench(options: Options): Promise<void> {
  const status = progress()
  const run = new Run(options)
  const say = (text: string) => {
    status.done()
    if (!options.json) process.stdout.write(`${text}\n\n`)
  }
  const { processor, node, date } = machine()
  say(`${processor}, Node ${node}, ${date}`)

  const gpu = await run.findGpu()
  if (gpu !== null) say(gpu)

  status.section('ceilings')
  const ceilings = await run.ceilings()
  if (Object.keys(ceilings).length > 0) say(ceilingsText(ceilings))
  const transfers = await run.transfers()
  if (transfers !== null) say(transfersText(transfers))

  const sections = []
  const overheads: Record<string, Overhead> = {}
  for (const section of select(options)) {
    status.section(section.name)
    const rows = await run.section(section, status.step)
    if (rows.length === 0) {
      say(`${section.name}: would take everyone here seconds`)
      continue
    }
    sections.push({ name: section.name, rows })
    say(sectionText(section.isModel ? 'model' : section.name, rows, run.columns))
    if (section.isModel) {
      const overhead = await run.overhead(section.name)
      if (overhead) {
        overheads[section.name] = overhead
        say(overheadText(section.name, section.works[0].what ?? '', overhead))
      }
    }
  }

  const hasProducts = sections.some(({ rows }) => rows.some(({ name }) => /^matmul (NN|NT|TN) (256|512|1024)³/.test(name)))
  if (hasProducts) status.section('products in turn')
  const products = hasProducts ? await run.products(status.step) : []
  if (products.length > 0) say(productsText(products))
  status.done()
  if (options.json)
    process.stdout.write(`${JSON.stringify({ machine: machine(), gpu, ceilings, transfers, sections, overheads, products }, null, 2)}\n`)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(`${HELP}\n`)
  else if (options.tune) await tune((text) => process.stdout.write(`${text}\n`))
  else await bench(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`bench: ${error.message}\n\nnpm run bench -- --help tells more\n`)
  process.exitCode = 2
}
