/** What a training tells on a terminal, and elsewhere. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { data, F, fit, nn, optim, tensor } from '../src/index.ts'
import { displayWidth } from '../src/plot/display-width.ts'
import { Report } from '../src/train/report.ts'

describe('what fit tells', () => {
  const screen = (isTTY: boolean, columns = 80, rows = 40) => {
    const written: string[] = []
    let ms = 0
    const stream = { isTTY, columns, rows, write: (text: string) => written.push(text) }
    const curve = () => undefined
    const report = new Report({ epochs: 12, batches: 10, curve }, stream, { now: () => ms, env: { TERM: 'xterm', NO_COLOR: '1' } })
    const wait = (more: number) => {
      ms += more
    }
    return { report, written, wait }
  }
  const entry = {
    epoch: 3,
    loss: 0.123456,
    validationLoss: 0.25,
    metrics: { accuracy: 0.5 },
    validationMetrics: { accuracy: 0.75 },
    lr: 0.1,
  }
  const outcome = { loss: [1, 2], bestEpoch: 1, stoppedEarly: true }

  it('is a line for every epoch where there is no terminal', () => {
    const { report, written, wait } = screen(false)
    wait(2000)
    report.batch(500)
    report.draw(3, 0.5)
    report.epoch(entry)
    report.end(outcome, true)
    expect(written).toEqual([
      'epoch  3/12  loss 0.1235  validation loss 0.25  accuracy 0.5  validation accuracy 0.75  250 samples/s\n',
      'stopped early: 2 epochs in 2.0 s; best: epoch 1, whose parameters the model has now\n',
    ])
  })

  it('is one line on a terminal, drawn anew, with rate and time left', () => {
    const { report, written, wait } = screen(true)
    for (let batch = 0; batch < 30; batch++) report.batch(32)
    wait(20_000)
    report.draw(3, 0.5)
    report.draw(3, 0.4)
    expect(written[0]).toBe('epoch  3/12  25%  ███████░░░░░░░░░░░░░░░░░░░  loss 0.5  1:00 left  48 samples/s')
    expect(written[1]).toBe('\r\x1b[J')
    report.epoch(entry)
    report.end(outcome, false)
    expect(written[3]).toBe('\r\x1b[J')
    expect(written[4]).toMatch(/^epoch {2}3\/12 {2}loss 0\.1235 .*\nstopped early: 2 epochs in 20 s; best: epoch 1\n$/)
    expect(written).toHaveLength(5)
  })

  it('is never wider than the terminal', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), fc.nat(1e7), fc.double(), fc.nat(120), (columns, ms, loss, batches) => {
        const { report, written, wait } = screen(true, columns)
        for (let batch = 0; batch < batches; batch++) report.batch(32)
        wait(ms)
        report.draw(12, loss)
        expect(displayWidth(written[0])).toBeLessThan(Math.max(2, columns))
      }),
      { numRuns: 200 },
    ))

  it('shows the curve above the bar, and takes both away together', async () => {
    const model = new nn.Linear(1, 1)
    const train = new data.TensorDataset(tensor([[1]]), tensor([[1]]))
    const written: string[] = []
    const stdout = { write: process.stdout.write, isTTY: process.stdout.isTTY, columns: process.stdout.columns, rows: process.stdout.rows }
    Object.assign(process.stdout, { isTTY: true, columns: 60, rows: 40, write: (text: string) => written.push(text) > 0 })
    try {
      const slow = { train, epochs: 4, optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }), loss: F.mseLoss }
      await fit(model, { ...slow, onEpoch: () => new Promise((resolve) => setTimeout(resolve, 90)) })
    } finally {
      Object.assign(process.stdout, stdout)
    }
    const text = written.join('')
    const drawn = written.find((part) => part.startsWith('loss\n'))! // a slow machine draws a bar before the first epoch has ended
    expect(drawn).toMatch(/^loss\n[\s\S]*epoch\n[\s\S]*\nepoch \d\/4 {2}\d+% .* left/)
    expect(text).toContain(`${drawn}\r\x1b[${drawn.split('\n').length - 1}A\x1b[J`)
    expect(text).toMatch(/4 epochs in .*; best: epoch 4\n$/)
  })
})
