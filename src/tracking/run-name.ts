import { randomInt } from 'node:crypto'

/** Qualities that MLflow gives, too: who tells names of its making by their first word knows ours. */
const qualities = ['able', 'bold', 'bright', 'calm', 'capable', 'caring', 'clean', 'dashing', 'fearless', 'gentle', 'honorable', 'kindly', 'nimble', 'orderly', 'peaceful', 'polite', 'silent', 'sincere', 'thoughtful', 'upbeat', 'useful', 'wise']
const animals = ['ant', 'bear', 'crane', 'deer', 'eel', 'finch', 'goat', 'hare', 'ibis', 'jay', 'kite', 'lynx', 'moth', 'newt', 'owl', 'perch', 'quail', 'ram', 'seal', 'toad', 'vole', 'wren']
const MOST = 1000

/** A name for a run that was given none, such as `calm-crane-417`; several runs may share one. */
export function runName(): string {
  return `${pick(qualities)}-${pick(animals)}-${randomInt(MOST)}`
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? ''
}
