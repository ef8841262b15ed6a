import type { Contender } from './contender.ts'
import { median, statistics, type Timing } from './measure.ts'

export interface ContestOptions {
  rounds: number
  /** A measurement repeats its work for at least so many milliseconds. */
  atLeast: number
  warmUp: { atLeast: number; atMost: number }
  /** Milliseconds for all rounds of one contender: who is slow gets fewer of them. */
  budget: number
  /** Milliseconds after which nobody waits any longer. */
  limit: number
}

/** How one contender did at one piece of work. */
export type Outcome = Measured | { error: string }

export interface Measured extends Timing {
  /** Milliseconds per call, round by round: whoever is compared was measured in the same rounds. */
  samples: number[]
  /** What was measured right before, in the same process, round by round: the ceiling. */
  before: number[]
  /** A few numbers of the result. */
  result: number[]
}

export const isMeasured = (outcome: Outcome | undefined): outcome is Measured => outcome !== undefined && 'samples' in outcome

/** The same work for all, each at its pace: all get ready, then take turns. `before` names what each measures right before it, if anything. */
export async function contest(
  contenders: readonly Contender[],
  name: string,
  pace: (contender: Contender) => ContestOptions,
  before?: (contender: Contender) => string | undefined,
): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {}
  const turns = new Map<Contender, number>()
  for (const contender of contenders) {
    const { rounds, atLeast, warmUp, budget, limit } = pace(contender)
    const { error, perCall = 0, result = [] } = await contender.ask({ ask: 'prepare', name, warmUp }, limit)
    if (error !== undefined) outcomes[contender.name] = { error }
    else {
      outcomes[contender.name] = { samples: [], before: [], result, ...statistics([]) }
      turns.set(contender, Math.max(1, Math.min(rounds, Math.floor(budget / Math.max(perCall, atLeast)))))
    }
  }
  for (let round = 0; round < Math.max(0, ...turns.values()); round++) {
    for (const contender of contenders) {
      const { atLeast, limit } = pace(contender)
      const outcome = outcomes[contender.name]
      if (!isMeasured(outcome) || round >= (turns.get(contender) ?? 0)) continue
      const first = before?.(contender)
      const { error, ms = [] } = await contender.ask({ ask: 'measure', names: first ? [first, name] : [name], atLeast }, limit)
      if (error !== undefined) outcomes[contender.name] = { error }
      else {
        outcome.samples.push(ms[ms.length - 1])
        if (first) outcome.before.push(ms[0])
      }
    }
  }
  for (const contender of contenders) {
    const outcome = outcomes[contender.name]
    if (!isMeasured(outcome)) continue
    Object.assign(outcome, statistics(outcome.samples))
    await contender.ask({ ask: 'release', name })
  }
  return outcomes
}

/** Whether two results are the same but for rounding. What is not given cannot differ. */
export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.every((x, i) => b[i] === undefined || Math.abs(x - b[i]) <= 1e-4 + 2e-3 * Math.abs(b[i]))
}

/** The median of a_i / b_i over the rounds that both have: what disturbs a round disturbs both sides of the ratio. */
export function pairedRatio(a: readonly number[], b: readonly number[]): number {
  const rounds = Math.min(a.length, b.length)
  return median(Array.from({ length: rounds }, (_, i) => a[i] / b[i]))
}
