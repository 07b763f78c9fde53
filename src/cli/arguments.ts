import { InvalidArgumentError } from 'commander'

/** A whole number from 1 on, for an argument or option. */
export function positiveInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return value
}

/** A version, as `3` or `v3`. */
export function versionNumber(text: string): number {
  return positiveInteger(text.replace(/^v/, ''))
}
