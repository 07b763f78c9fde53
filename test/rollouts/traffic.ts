import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { placeOf } from '../../src/serving/traffic-split.js'
import { predict } from '../serving/endpoint.js'

/** What one caller was answered at one time. */
export interface CallersAnswer {
  readonly key: string
  /** 0 where there was no answer. */
  readonly status: number
  /** The version that answered; undefined where it failed. */
  readonly version: number | undefined
}

export interface Traffic {
  /** All answers so far, in the order in which they came. */
  readonly answers: readonly CallersAnswer[]
  /** Resolves when every request under way has been answered. */
  stop(): Promise<void>
}

const Answered = Type.Object({ version: Type.Integer() })

/**
 * Callers who ask one after another, each under a key of its own, several at the same time, until stopped. The number of a
 * request makes its row. `pauseMs`: between the answer and the next question.
 */
export function startTraffic(url: string, model: string, row: (number: number) => object, { callers = 200, atOnce = 6, pauseMs = 0 } = {}): Traffic {
  const answers: CallersAnswer[] = []
  const stopped = new AbortController()
  let number = 0
  const ask = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      number += 1
      const key = `caller-${number % callers}`
      const { status, json } = await predict(url, model, [row(number)], { 'refit-key': key }).catch(() => ({ status: 0, json: undefined }))
      answers.push({ key, status, version: Value.Check(Answered, json) ? json.version : undefined })
      if (pauseMs > 0) await delay(pauseMs)
    }
  }
  const asking = Array.from({ length: atOnce }, ask)
  return {
    answers,
    stop: async () => {
      stopped.abort()
      await Promise.all(asking)
    },
  }
}

/** Keys whose caller was answered by the newer version, and later by the former one again. */
export function wentBack(answers: readonly CallersAnswer[], newer: number): readonly string[] {
  const moved = new Set<string>()
  const back = new Set<string>()
  for (const { key, version } of answers) {
    if (version === newer) moved.add(key)
    else if (version !== undefined && moved.has(key)) back.add(key)
  }
  return [...back]
}

/** Of answers that came while a rollout was on, the failures that its version cannot be blamed for: of callers who lay on the champion's side of such a share. */
export function failedBeside(answers: readonly CallersAnswer[], rollout: string, share: number): readonly CallersAnswer[] {
  return answers.filter(({ key, status }) => status !== 200 && placeOf(rollout, key) >= share)
}
