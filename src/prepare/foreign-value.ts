/** What comes out of a realm of its own, where anything may be. */

const LONGEST_SHOWN = 60

/** Whether a module was ended for taking too long. */
export function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}

/** What was thrown, in words. Errors of another realm are no instances of ours. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return shown(error)
  const { message } = error
  const name: unknown = Reflect.get(error, 'name')
  return typeof name === 'string' && name !== 'Error' ? `${name}: ${String(message)}` : String(message)
}

/** A value that a module gave, in a few words. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  if (typeof value === 'function') return 'a function'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}
