import type { ChampionMove } from '../registry/champion.js'
import type { Rollout } from '../registry/rollout.js'
import type { Version } from '../registry/version.js'
import type { GivenAnswer } from '../registry/version-history.js'
import type { Explanation, VerdictOnVersion } from './wire/explanation.js'

/** What is known of a version, as far as one sentence needs it. */
export interface VersionFacts {
  readonly version: Pick<Version, 'number' | 'state' | 'lineage' | 'run'>
  readonly serves: boolean
  readonly moves: readonly ChampionMove[]
  readonly answers: readonly GivenAnswer[]
  readonly verdicts: Explanation['verdicts']
  /** Its newest, if it ever had one. */
  readonly rollout: Pick<Rollout, 'id' | 'state' | 'champion'> | undefined
}

/** Why a version serves or does not, in one sentence. */
export function answerInWords(facts: VersionFacts): string {
  const { version, serves, moves } = facts
  const name = `Version ${version.number}`
  const into = moves.findLast((move) => move.version === version.number)
  if (into === undefined) return `${name} has never served: ${whyNever(facts)}.`
  if (serves) return `${name} serves since ${day(into.at)}: ${whyInto(facts, into)}.`
  const out = moves.find((move) => move.previous === version.number && move.generation > into.generation)
  const until = out === undefined ? '' : ` until ${day(out.at)}`
  return `${name} served from ${day(into.at)}${until}, for ${whyInto(facts, into)}${out === undefined ? '' : `; then ${whyOut(out)}`}.`
}

function whyInto({ verdicts, answers }: VersionFacts, { cause, actor, reason, run, previous }: ChampionMove): string {
  const verdict = verdicts.find((each) => each.run?.id === run)
  const checked = run === undefined ? '' : checkWords(verdict, run)
  switch (cause) {
    case 'run':
      return `it was trained by ${run ?? 'a run'} and ${checked}`
    case 'approve': {
      const given = answers.find((each) => each.run === run && each.answer === 'approved')
      const anyway = given?.anyway === true ? ', although its check was outdated by then' : ''
      return `${actor} approved it${because(reason)}${anyway}, after it ${checked}`
    }
    case 'promote':
      return run === undefined ? `${actor} made it champion by force, whatever a check would say${because(reason)}` : `${actor} asked for it to be promoted${because(reason)}, and in ${run} it ${checked}`
    case 'adopt':
      return `${actor} brought it${because(reason)}, and in ${run ?? 'a run'} it ${checked}`
    case 'rollback':
      return `${actor} went back to it${previous === undefined ? '' : ` from version ${previous}`}${because(reason)}`
  }
}

function checkWords(verdict: VerdictOnVersion | undefined, run: string): string {
  if (verdict === undefined) return `passed the check of ${run}`
  const beside = verdict.comparedWith === undefined ? 'without a champion to compare it with' : `beside version ${verdict.comparedWith}`
  const figures = verdict.run?.headline === undefined ? '' : ` (${verdict.run.headline.text})`
  const proxy = verdict.byProxy === true ? ' by proxy' : ''
  switch (verdict.answer) {
    case 'passed':
      return `passed the check${proxy} ${beside}${figures}`
    case 'failed':
      return `failed the check ${beside}${figures}`
    case 'inconclusive':
      return `was left open by the check${proxy} ${beside}${figures}`
  }
}

function whyOut({ version, cause, actor, reason }: ChampionMove): string {
  switch (cause) {
    case 'run':
      return `version ${version} passed the check and took its place`
    case 'approve':
      return `${actor} approved version ${version}${because(reason)}`
    case 'promote':
      return `${actor} promoted version ${version}${because(reason)}`
    case 'adopt':
      return `${actor} brought version ${version}${because(reason)}`
    case 'rollback':
      return `${actor} went back to version ${version}${because(reason)}`
  }
}

function whyNever({ version, answers, rollout }: VersionFacts): string {
  if (rollout !== undefined) return whyNotLive(rollout)
  const given = answers.findLast(({ run }) => run === version.run)
  switch (version.state) {
    case 'awaiting-approval':
      return `it awaits an approval, see \`refit show ${version.run ?? ''}\``
    case 'declined':
      return `${given?.actor ?? 'someone'} declined it${because(given?.reason)}`
    case 'superseded':
      return `nobody had approved it when ${given?.by === undefined ? 'a newer version' : `version ${given.by}`} came`
    case 'expired':
      return 'nobody approved it in time'
    case 'passed':
    case 'approved':
      return 'it passed, but the run that made it has not brought it into service'
  }
}

function whyNotLive({ id, state, champion }: NonNullable<VersionFacts['rollout']>): string {
  switch (state) {
    case 'running':
    case 'paused':
      return `it is being rolled out beside version ${champion} (${id})`
    case 'rolled-back':
      return `it did harm beside version ${champion} and was rolled back (${id})`
    case 'aborted':
    case 'live':
      return `its rollout beside version ${champion} was aborted (${id})`
  }
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : ` (“${reason}”)`
}

function day(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
