import { randomInt } from 'node:crypto'

const qualities = ['able', 'bright', 'calm', 'clever', 'dashing', 'eager', 'fair', 'gentle', 'hidden', 'honest', 'keen', 'lively', 'merry', 'nimble', 'patient', 'quiet', 'rapid', 'steady', 'tidy', 'upbeat', 'vivid', 'wise']
const animals = ['ant', 'bear', 'crane', 'deer', 'eel', 'finch', 'goat', 'hare', 'ibis', 'jay', 'kite', 'lynx', 'moth', 'newt', 'owl', 'perch', 'quail', 'ram', 'seal', 'toad', 'vole', 'wren']
const MOST = 1000

/** A name for a run that was given none, such as `steady-crane-417`; several runs may share one. */
export function runName(): string {
  return `${pick(qualities)}-${pick(animals)}-${randomInt(MOST)}`
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? ''
}
