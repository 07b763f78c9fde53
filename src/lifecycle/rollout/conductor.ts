import type { Clock } from '../../clock.js'
import { isOutage } from '../../database/outage.js'
import type { Database } from '../../database/schema.js'
import { stepsOf } from '../../define/stored-deployment.js'
import { startHintedLoop, type HintedLoop } from '../../hinted-loop.js'
import { openRollouts, presentStep, stepElapsed, type Rollout } from '../../registry/rollout.js'
import { abortSeen, beginNextStep, figuresOf, goLive, noteWaiting, rollBack, type Grounds } from '../../registry/rollout-steps.js'
import { getVersion } from '../../registry/version.js'
import { withdrawnAmong } from '../../registry/withdrawn-data.js'
import { decide } from '../../rollouts/decide.js'
import { noFigures } from '../../rollouts/figures.js'
import type { CheckAnswer } from './own-check.js'

export interface ConductorOptions {
  readonly database: Database
  readonly clock: Clock
  /** Asks the check of the user's own about the step that is about to end; undefined where the rollout has none. */
  readonly askOwnCheck: (rollout: Rollout, grounds: Grounds, signal: AbortSignal) => Promise<CheckAnswer> | undefined
  readonly log: { error(message: string): void }
}

const LOOK_EVERY_MS = 500
/** A check that could not decide is asked again after this part of the step's time. */
const ASK_AGAIN_AFTER = 0.1

interface Asked {
  /** Undefined while it is under way. */
  answer: CheckAnswer | undefined
  readonly ended: Promise<void>
  at: number
}

/**
 * Conducts all rollouts until stopped: looks at their figures twice a second, and moves each on, back, or to its end. It
 * keeps nothing that matters, so it goes on after a crash where it was; while it is away the traffic keeps its split.
 */
export function startConductor({ database, clock, askOwnCheck, log }: ConductorOptions): HintedLoop {
  const asked = new Map<string, Asked>()
  const stopping = new AbortController()

  /** The answer of the user's own check; undefined while it is asked. */
  const ownAnswer = (rollout: Rollout, grounds: Grounds): CheckAnswer | 'asking' | undefined => {
    const key = `${rollout.id} ${rollout.step}`
    const known = asked.get(key)
    const now = clock.now().getTime()
    const isStale = known?.answer?.answer === 'inconclusive' && now - known.at > presentStep(rollout).milliseconds * ASK_AGAIN_AFTER
    if (known !== undefined && !isStale) return known.answer ?? 'asking'
    const answer = askOwnCheck(rollout, grounds, stopping.signal)
    if (answer === undefined) return undefined
    const asking: Asked = {
      answer: undefined,
      at: now,
      // A check that did not happen was not passed.
      ended: answer.catch((error: unknown): CheckAnswer => ({ answer: 'failed', explanation: `The check could not be asked: ${error instanceof Error ? error.message : String(error)}` })).then((given) => {
        asking.answer = given
        asking.at = clock.now().getTime()
      }),
    }
    asked.set(key, asking)
    return 'asking'
  }

  const conduct = async (rollout: Rollout): Promise<void> => {
    const { lineage } = await getVersion(database, rollout.model, rollout.version)
    const withdrawn = await withdrawnAmong(database, lineage.drops)
    if (withdrawn.length > 0) {
      await abortSeen(database, clock, rollout, `Version ${rollout.version} was made from what is withdrawn since: ${withdrawn.join(', ')}.`)
      return
    }
    const figures = (await figuresOf(database, rollout.id)).get(rollout.step) ?? noFigures()
    const { kind, because, comparisons } = decide({ deployment: rollout.deployment, step: presentStep(rollout), figures, elapsed: stepElapsed(rollout, clock.now()) })
    const grounds: Grounds = { because, comparisons, requests: { champion: figures.champion.requests, challenger: figures.challenger.requests } }
    if (kind === 'roll-back') {
      await rollBack(database, clock, rollout, grounds)
      return
    }
    if (rollout.state === 'paused' || kind === 'go-on') return
    if (kind === 'wait-for-traffic') {
      if (!rollout.waits) await noteWaiting(database, clock, rollout, grounds)
      return
    }
    await endStep(rollout, grounds)
  }

  const endStep = async (rollout: Rollout, grounds: Grounds): Promise<void> => {
    const own = ownAnswer(rollout, grounds)
    if (own === 'asking') return
    const because = own === undefined ? grounds.because : `${grounds.because} ${own.explanation}`
    if (own?.answer === 'failed') await rollBack(database, clock, rollout, { ...grounds, because: own.explanation })
    else if (own?.answer === 'inconclusive') {
      if (!rollout.waits) await noteWaiting(database, clock, rollout, { ...grounds, because: own.explanation })
    } else if (rollout.step + 1 < stepsOf(rollout.deployment).length) await beginNextStep(database, clock, rollout, { ...grounds, because })
    else await goLive(database, clock, rollout, { ...grounds, because })
  }

  const report = (error: unknown): void => {
    if (!isOutage(error)) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const loop = startHintedLoop(clock, async () => {
    try {
      const open = await openRollouts(database)
      for (const rollout of open) await conduct(rollout).catch(report)
      for (const [key, { answer }] of asked) if (answer !== undefined && !open.some(({ id, step }) => `${id} ${step}` === key)) asked.delete(key)
    } catch (error) {
      report(error)
    }
    return LOOK_EVERY_MS
  })
  return {
    hint: loop.hint,
    stop: async () => {
      stopping.abort()
      await loop.stop()
      await Promise.all([...asked.values()].map(({ ended }) => ended))
    },
  }
}
