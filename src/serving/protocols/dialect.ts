import type { FailureShape } from '../../http/failures.js'
import type { Signature } from '../../packages/manifest.js'
import type { Answered } from '../ask.js'

/** A request for predictions as it came. */
export interface Invocation {
  readonly body: string
  readonly contentType: string
  readonly accept: string
}

export interface Body {
  /** Content-Type, as it is sent. */
  readonly type: string
  readonly body: string
}

/** A request that has been understood. */
export interface Reading {
  /** @throws RefitError */
  rows(signature: Signature): readonly unknown[]
  answer(answered: Answered): Body
}

/** One way of asking at /invocations. */
export interface Dialect {
  /** @throws RefitError */
  read(invocation: Invocation): Reading
  readonly refusal: FailureShape
}

export interface MediaType {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** A Content-Type or one of an Accept, its names in lower case. */
export function parseMediaType(text: string): MediaType {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
  const named = parameters.filter((part) => part !== '').map((part): [string, string] => {
    const [name = '', ...value] = part.split('=')
    return [name.trim().toLowerCase(), value.join('=').trim().replace(/^"(.*)"$/, '$1')]
  })
  return { type: type.toLowerCase(), parameters: new Map(named) }
}
