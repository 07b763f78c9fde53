import { refitError } from '../errors.js'

/** A body of rows is three levels deep. */
const DEEPEST = 64
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Whether JSON nests deeper than so many levels. Told from the text: to parse one bracket takes fifty times its byte of
 * memory, and what walks through the result would need a stack as deep.
 */
export function isDeeperThan(most: number, json: string): boolean {
  let depth = 0
  let inText = false
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (inText) {
      if (code === QUOTE) inText = false
      else if (code === BACKSLASH) at += 1
    } else if (code === QUOTE) inText = true
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1
      if (depth > most) return true
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1
  }
  return false
}

/** To be called before JSON of somebody else's is parsed. @throws RefitError `request-invalid` where it nests too deep */
export function requireShallow(json: string): void {
  if (isDeeperThan(DEEPEST, json)) throw refitError('request-invalid', { reason: `its JSON nests deeper than ${DEEPEST} levels` })
}
